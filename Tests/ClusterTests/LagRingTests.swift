import ProxyCore
import Testing

@testable import Cluster

@Suite struct LagRingTests {
    private func sample(_ number: SampleNumber, at time: UInt64, _ position: UInt64, flushed: UInt64? = nil)
        -> PositionSample
    {
        PositionSample(
            number: number,
            since: time,
            inserted: WALPosition(rawValue: position),
            flushed: WALPosition(rawValue: flushed ?? position)
        )
    }

    private func position(_ value: UInt64) -> WALPosition { WALPosition(rawValue: value) }

    @Test func nothingIsKnownBeforeTheFirstLook() {
        let ring = LagRing()
        #expect(ring.lag(of: position(1_000_000), at: 10) == nil)
        #expect(ring.bytes(behind: position(1_000_000)) == nil)
        #expect(ring.covered(by: position(1_000_000)) == 0)
    }

    @Test func aReplicaThatHasEverythingHasNoLagHoweverLongThePrimaryIdles() {
        var ring = LagRing()
        ring.add(sample(1, at: 100, 5000))
        for number in 2...50 { ring.add(sample(SampleNumber(number), at: 100 * UInt64(number), 5000)) }
        #expect(ring.lag(of: position(5000), at: 1_000_000_000) == 0)
        #expect(ring.bytes(behind: position(5000)) == 0)
        #expect(ring.covered(by: position(5000)) == 50)
        #expect(ring.samples.count == 1)
    }

    @Test func lagIsTheAgeOfTheOldestPositionNotReplayed() {
        var ring = LagRing()
        for number in 1...10 { ring.add(sample(SampleNumber(number), at: 1000 * UInt64(number), 100 * UInt64(number))) }
        #expect(ring.lag(of: position(1000), at: 20_000) == 0)
        #expect(ring.lag(of: position(900), at: 20_000) == 10_000)
        #expect(ring.lag(of: position(450), at: 20_000) == 15_000)
        #expect(ring.lag(of: position(499), at: 20_000) == 15_000)
        #expect(ring.lag(of: position(500), at: 20_000) == 14_000)
        #expect(ring.bytes(behind: position(450)) == 550)
        #expect(ring.covered(by: position(450)) == 4)
        #expect(ring.covered(by: position(500)) == 5)
        #expect(ring.covered(by: position(99)) == 0)
    }

    @Test func aCutStreamLagsMoreAndMoreFromTheFirstThatItMissed() {
        var ring = LagRing()
        ring.add(sample(1, at: 1000, 100))
        #expect(ring.lag(of: position(100), at: 5000) == 0)
        var before: UInt64 = 0
        for step in 2...500 {
            ring.add(sample(SampleNumber(step), at: 1000 * UInt64(step), 100 * UInt64(step)))
            let lag = ring.lag(of: position(100), at: 1000 * UInt64(step)) ?? 0
            #expect(lag >= before)
            #expect(lag == 1000 * UInt64(step - 2))
            before = lag
        }
        // The primary idles now; what is missing is missing still. With a sum of literals Swift 6.3 would compare by
        // AnyHashable, and read a byte beyond the optional's copy.
        #expect(ring.lag(of: position(100), at: 10_000_000) == 9_998_000 as UInt64)
    }

    @Test func whatIsNotFlushedIsNoLagAndIsNotCovered() {
        var ring = LagRing()
        ring.add(sample(1, at: 1000, 900, flushed: 500))
        #expect(ring.lag(of: position(500), at: 9000) == 0)
        #expect(ring.covered(by: position(500)) == 0)
        #expect(ring.covered(by: position(900)) == 1)
    }

    @Test func anAnswerThatComesLateTellsNothing() {
        var ring = LagRing()
        ring.add(sample(5, at: 1000, 500))
        ring.add(sample(4, at: 900, 400))
        ring.add(sample(6, at: 1100, 450))
        #expect(ring.samples == [sample(5, at: 1000, 500)])
    }

    @Test(arguments: [8, 9, 32, 256])
    func aFullRingErrsTowardsMoreLagAndLessCoverage(capacity: Int) {
        var ring = LagRing(capacity: capacity)
        var all: [PositionSample] = []
        for number in 1...2000 {
            let next = sample(SampleNumber(number), at: 10 * UInt64(number), 7 * UInt64(number))
            ring.add(next)
            all.append(next)
            #expect(ring.samples.count <= capacity)
        }
        for replayed in stride(from: UInt64(0), through: 14_000, by: 61) {
            let place = position(replayed)
            let lag = ring.lag(of: place, at: 30_000) ?? 0
            let trueLag = all.first { $0.flushed > place }.map { 30_000 - $0.since } ?? 0
            #expect(lag >= trueLag)
            #expect(lag == 0 || trueLag > 0)
            #expect(ring.covered(by: place) <= all.last { $0.inserted <= place }?.number ?? 0)
        }
        // The newest half is exact.
        #expect(ring.covered(by: position(7 * 1999)) == 1999)
        #expect(ring.lag(of: position(0), at: 30_000) == 29_990 as UInt64)
    }

    @Test func whatNobodyFlushesIsNoCommitAfterAWhile() {
        var ring = LagRing()
        ring.add(sample(1, at: 1000, 5300, flushed: 5000), commitsFlushedWithin: 600)
        ring.add(sample(2, at: 1600, 5300, flushed: 5000), commitsFlushedWithin: 600)
        #expect(ring.covered(by: position(5000)) == 0)
        ring.add(sample(3, at: 1601, 5300, flushed: 5000), commitsFlushedWithin: 600)
        #expect(ring.covered(by: position(5000)) == 3)
        #expect(ring.covered(by: position(4999)) == 0)
        // What comes next may be a commit again.
        ring.add(sample(4, at: 1700, 5400, flushed: 5000), commitsFlushedWithin: 600)
        #expect(ring.covered(by: position(5000)) == 3)
        ring.add(sample(5, at: 9000, 5400, flushed: 5000))
        #expect(ring.covered(by: position(5000)) == 3)
    }
}
