@testable import ProxyCore
import ProxyTerms
import Testing

/// The sample clock's numbers, as they come with events.
struct SampleReadingTests {
    @Test func followsLaterEventsAndForgetsNoWrite() {
        var reading = SampleReading()
        reading.follow(SampleReading(next: 5, lastWrite: 3))
        #expect(reading == SampleReading(next: 5, lastWrite: 3))
        reading.noteWrite()
        // The clock has not been told of it yet.
        reading.follow(SampleReading(next: 6, lastWrite: 4))
        #expect(reading == SampleReading(next: 6, lastWrite: 5))
        reading.follow(SampleReading(next: 6, lastWrite: 9))
        reading.noteWrite()
        #expect(reading == SampleReading(next: 6, lastWrite: 9))
    }

    @Test func theClockGivesTheNextLookAndTheNewestWrite() {
        let clock = SampleClock()
        #expect(clock.reading == SampleReading(next: 1, lastWrite: 0))
        #expect(clock.begin() == 1)
        clock.noteWrite(clock.reading.next)
        clock.noteWrite(1)
        #expect(clock.reading == SampleReading(next: 2, lastWrite: 2))
    }

    @Test("A write has the number that came with the event of its answer, whatever the clock says before and after")
    func writtenByTheEvent() throws {
        try converse(pool: { $0.readYourWrites = .session }) { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            for _ in 0..<3 { _ = talk.shell.sampleClock.begin() }
            talk.server(on: 0).completes("UPDATE 1")
            for _ in 0..<3 { _ = talk.shell.sampleClock.begin() }
            talk.settle()
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(talk.shell.sampleClock.reading == SampleReading(next: 7, lastWrite: 4))
            let session = try #require(talk.engine.clientTokens.first.flatMap { talk.engine.clients[$0.handle] })
            #expect(session.pointee.freshness.written == 4)
        }
    }

    @Test("A write of another engine concerns reads with global, once it has been told to the clock")
    func writesOfOthers() throws {
        try converse(pool: { $0.readYourWrites = .global }) { talk in
            let client = talk.client()
            talk.shell.sampleClock.noteWrite(9)
            client.sends("Query SELECT 1")
            talk.server(on: 0).gets("Query SELECT 1")
            let session = try #require(talk.engine.clientTokens.first.flatMap { talk.engine.clients[$0.handle] })
            #expect(session.pointee.freshness.written == 9)
            talk.server(on: 0).answers("1")
        }
    }
}
