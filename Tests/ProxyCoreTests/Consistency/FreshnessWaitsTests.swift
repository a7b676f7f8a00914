import Testing

@testable import Bytes
@testable import ProxyCore

@Suite struct FreshnessWaitsTests {
    private func wait(_ number: UInt32, deadline: Microseconds, since: Microseconds = 1) -> FreshnessWait {
        FreshnessWait(client: .init(index: number, generation: 1), since: since, deadline: deadline)
    }

    @Test func eachIsTakenOnceByTimeOrByWhatIsCovered() {
        var waits = FreshnessWaits()
        for number in 0..<100 {
            waits.add(wait(UInt32(number), deadline: Microseconds(1_000 - number)), wanted: SampleNumber(number))
        }
        #expect(waits.nextDeadline == 901)
        #expect(waits.popExpired(at: 900) == nil)
        #expect(waits.popExpired(at: 901)?.client.index == 99)
        #expect(waits.popExpired(at: 901) == nil)
        #expect(waits.popWanting(upTo: 9).map(\.wait.client.index).sorted() == Array(0..<10))
        #expect(waits.popWanting(upTo: 9).isEmpty)
        #expect(waits.popWanting(upTo: 1_000).count == 89)
        #expect(waits.isEmpty)
        #expect(waits.popExpired(at: .max) == nil)
        #expect(waits.nextDeadline == .max)
    }

    @Test func aLaterWaitOfTheSameClientTakesThePlaceOfTheEarlier() {
        var waits = FreshnessWaits()
        waits.add(wait(1, deadline: 10, since: 1), wanted: 5)
        waits.add(wait(1, deadline: 20, since: 2), wanted: 6)
        #expect(!waits.contains(.init(index: 1, generation: 1), since: 1))
        #expect(waits.contains(.init(index: 1, generation: 1), since: 2))
        #expect(waits.popExpired(at: 15) == nil)
        #expect(waits.popWanting(upTo: 6).map(\.wait.since) == [2])
    }
}
