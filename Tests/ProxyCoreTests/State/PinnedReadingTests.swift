import Bytes
import Testing

@testable import ProxyCore

/// Where a pinned client's reads run, and how long one waits for a replica.
struct PinnedReadingTests {
    @Test("A read waits until the time that its first look gave it, however often it looks, and then runs at home")
    func wait() {
        var reading = PinnedReading.atHome
        #expect(reading.wait(now: 100, limit: 50) == 150)
        #expect(reading == .waiting(until: 150))
        #expect(reading.wait(now: 149, limit: 50) == 150)
        #expect(reading.wait(now: 150, limit: 50) == nil)
        #expect(reading == .atHome)
    }

    @Test("The next read has a time of its own")
    func next() {
        var reading = PinnedReading.waiting(until: 10)
        #expect(reading.wait(now: 20, limit: 50) == nil)
        #expect(reading.wait(now: 20, limit: 50) == 70)
    }

    @Test("While one reads elsewhere none waits, and the server that is parked stays known")
    func away() {
        let server = Handle(index: 3, generation: 1)
        var reading = PinnedReading.away(parked: server)
        #expect(reading.parked == server)
        #expect(reading.wait(now: 20, limit: 50) == nil)
        #expect(reading == .away(parked: server))
        #expect(PinnedReading.atHome.parked.isNone && PinnedReading.waiting(until: 9).parked.isNone)
    }
}
