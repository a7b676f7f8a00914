import ProxyCore
import Testing

@testable import Cluster

@Suite struct LagWatchTests {
    private static let second: UInt64 = 1_000_000

    private func reading(
        _ role: NodeRole,
        _ number: SampleNumber,
        at seconds: UInt64,
        _ position: UInt64?,
        timeline: UInt32? = 1,
        system: String? = "1",
        receiver: String? = "streaming"
    ) -> NodeReading {
        let place = position.map { WALPosition(rawValue: $0) }
        return NodeReading(
            role: role,
            number: number,
            sentAt: seconds * Self.second,
            reached: place,
            flushed: place,
            timeline: timeline,
            systemIdentifier: system,
            receiver: role == .replica ? receiver : nil
        )
    }

    /// A primary at place 0 that goes on by 1000 bytes a second from second 1 to `last`.
    private func watch(until last: UInt64, limits: LagLimits = LagLimits()) -> LagWatch {
        var watch = LagWatch(nodes: 3, limits: limits)
        for second in 1...last {
            watch.observed(0, reading(.primary, second, at: second, 1000 * second), primary: 0)
        }
        return watch
    }

    @Test func aReplicaIsBehindByWhatItHasNotReplayed() {
        var watch = watch(until: 8)
        watch.observed(1, reading(.replica, 0, at: 8, 8000), primary: 0)
        watch.observed(2, reading(.replica, 0, at: 8, 3500), primary: 0)
        let report = watch.report(at: 9 * Self.second)
        #expect(report.nodes[1].lag == 0)
        #expect(report.nodes[1].lagBytes == 0)
        #expect(report.nodes[1].covered == 8)
        #expect(report.nodes[2].lag == 5_000_000)
        #expect(report.nodes[2].lagBytes == 4500)
        #expect(report.nodes[2].covered == 3)
        #expect(report.nodes.map(\.verdict) == [.notJudged, .near, .near])
        #expect(report.newest?.number == 8)
        #expect(report.newest?.position == SessionPosition("0/1F40@1"))
    }

    @Test func overTheLimitThereAreNoReadsUntilItLagsHalfAsFar() {
        var watch = watch(until: 30)
        watch.observed(1, reading(.replica, 0, at: 30, 22_000), primary: 0)
        #expect(watch.report(at: 30 * Self.second).nodes[1].verdict == .near)
        #expect(watch.report(at: 34 * Self.second).nodes[1].verdict.takesReads == false)
        watch.observed(1, reading(.replica, 0, at: 34, 26_000), primary: 0)
        // 7 s: under the limit, over half of it.
        #expect(watch.report(at: 34 * Self.second).nodes[1].verdict.takesReads == false)
        watch.observed(1, reading(.replica, 0, at: 34, 29_000), primary: 0)
        #expect(watch.report(at: 34 * Self.second).nodes[1].verdict == .near)
        watch.observed(1, reading(.replica, 0, at: 34, 26_000), primary: 0)
        #expect(watch.report(at: 34 * Self.second).nodes[1].verdict == .near)
    }

    @Test func bytesHaveALimitOfTheirOwn() {
        var watch = watch(until: 30, limits: LagLimits(time: nil, bytes: 5000))
        for (position, isNear) in [(25_000, true), (24_999, false), (27_000, false), (27_500, true)] as [(UInt64, Bool)]
        {
            watch.observed(1, reading(.replica, 0, at: 30, position), primary: 0)
            #expect(watch.report(at: 30 * Self.second).nodes[1].verdict.takesReads == isNear, "at \(position)")
        }
        #expect(watch.report(at: 3600 * Self.second).nodes[1].verdict == .near)
    }

    @Test func unknownIsNotFresh() {
        var watch = watch(until: 3)
        let strangers: [(String, NodeReading)] = [
            ("nothing replayed", reading(.replica, 0, at: 3, nil)),
            ("an older timeline", reading(.replica, 0, at: 3, 3000, timeline: 0)),
            ("a newer timeline", reading(.replica, 0, at: 3, 3000, timeline: 2)),
            ("another cluster", reading(.replica, 0, at: 3, 3000, system: "2")),
        ]
        for (what, reading) in strangers {
            watch.observed(1, reading, primary: 0)
            let found = watch.report(at: 3 * Self.second).nodes[1]
            #expect(!found.verdict.takesReads, "\(what)")
            #expect(found.covered == 0, "\(what)")
            #expect(found.lag == nil, "\(what)")
        }
        watch.lost(1)
        #expect(watch.report(at: 3 * Self.second).nodes[1].covered == 0)
        // A monitoring user that may not know the timeline is taken at the node's word.
        watch.observed(1, reading(.replica, 0, at: 3, 3000, timeline: nil, system: nil), primary: 0)
        #expect(watch.report(at: 3 * Self.second).nodes[1].covered == 3)
    }

    @Test func withoutAPrimaryThereIsNothingToBeBehindOf() {
        var watch = LagWatch(nodes: 2, limits: LagLimits())
        watch.observed(1, reading(.replica, 1, at: 1, 3000), primary: nil)
        let found = watch.report(at: 100 * Self.second)
        #expect(found.nodes[1].verdict == .notJudged)
        #expect(found.nodes[1].covered == 0)
        #expect(found.newest == nil)
    }

    @Test func aPrimaryThatIsLostMakesNobodyWhoHadEverythingLate() {
        var watch = watch(until: 3)
        watch.observed(1, reading(.replica, 0, at: 3, 3000), primary: 0)
        watch.observed(2, reading(.replica, 0, at: 3, 2000), primary: 0)
        watch.lost(0)
        let report = watch.report(at: 60 * Self.second)
        #expect(report.nodes[1].verdict == .near)
        #expect(!report.nodes[2].verdict.takesReads)
    }

    @Test func anotherPrimarysPositionsAreNotComparedWithTheOldOnes() {
        var watch = watch(until: 5)
        watch.observed(2, reading(.replica, 0, at: 5, 5000), primary: 0)
        // Node 1 is promoted at place 4000, on timeline 2.
        watch.observed(1, reading(.primary, 6, at: 6, 4000, timeline: 2), primary: 1)
        #expect(!watch.report(at: 6 * Self.second).nodes[2].verdict.takesReads)
        watch.observed(2, reading(.replica, 7, at: 7, 4000, timeline: 2), primary: 1)
        let found = watch.report(at: 7 * Self.second)
        #expect(found.nodes[2].verdict == .near)
        #expect(found.nodes[2].covered == 6)
        #expect(found.newest?.position == SessionPosition("0/FA0@2"))
    }

    /// Of two nodes that say so, neither is the primary.
    @Test func aRivalsPositionsAreNotTaken() {
        var watch = LagWatch(nodes: 2, limits: LagLimits())
        watch.observed(0, reading(.primary, 1, at: 1, 1000), primary: nil)
        #expect(watch.report(at: Self.second).newest == nil)
    }

    /// A primary at a page's very beginning names the place behind the page's header.
    @Test(arguments: [24, 40] as [UInt64])
    func aPageHeaderIsNothingToReplay(header: UInt64) {
        var watch = LagWatch(nodes: 2, limits: LagLimits())
        watch.observed(0, reading(.primary, 1, at: 1, 0x300_0000 + header), primary: 0)
        watch.observed(1, reading(.replica, 1, at: 1, 0x300_0000), primary: 0)
        let found = watch.report(at: 60 * Self.second).nodes[1]
        #expect(found.lag == 0)
        #expect(found.covered == 1)
    }

    @Test func positionsAreReadAndWrittenAsPostgreSQLDoes() {
        #expect(WALPosition("16/B374D848")?.rawValue == 0x16_B374_D848)
        #expect(WALPosition(rawValue: 0x16_B374_D848).description == "16/B374D848")
        #expect(WALPosition("0/0")?.rawValue == 0)
        #expect(WALPosition("0/00000A")?.description == "0/A")
        for wrong in ["", "/", "1/", "/1", "1", "1/2/3", "g/1", "+1/1", "1/-1", "123456789/1", "1/123456789", " 1/1"] {
            #expect(WALPosition(wrong) == nil, "\(wrong)")
        }
        #expect(SessionPosition("0/3000148@7")?.timeline == 7)
        #expect(SessionPosition("0/3000148@7")?.description == "0/3000148@7")
        for wrong in ["", "0/1", "0/1@", "@1", "0/1@0", "0/1@-1", "0/1@1@1", "0/1@4294967296"] {
            #expect(SessionPosition(wrong) == nil, "\(wrong)")
        }
    }

    @Test func positionsAreAskedForOftenOnlyWhileSomebodyWaits() {
        var demand = SampleDemand()
        #expect(demand.next(after: 0, isNeeded: true, at: 1_000) == nil)
        demand.ask(for: .milliseconds(5), at: 10_000)
        #expect(demand.isUrgent(at: 14_999))
        #expect(demand.next(after: 10_000, isNeeded: true, at: 11_000) == 11_000)
        #expect(demand.next(after: 10_000, isNeeded: false, at: 11_000) == 20_000)
        #expect(!demand.isUrgent(at: 15_000))
        #expect(demand.next(after: 14_000, isNeeded: true, at: 16_000) == 24_000)
        #expect(demand.next(after: 214_000, isNeeded: true, at: 215_000) == nil)
        demand.ask(for: .milliseconds(1), at: 300_000)
        #expect(demand.isUrgent(at: 300_500))
    }
}
