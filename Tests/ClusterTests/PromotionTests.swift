import ProxyCore
import Testing

@testable import Cluster

/// Four nodes: 0 was the primary. Times are seconds.
@Suite struct PromotionTests {
    private static let second: UInt64 = 1_000_000
    private static let rules = PromotionRules(delay: .seconds(3), retry: .seconds(10), patience: .seconds(60))

    private static func replica(
        _ position: UInt64,
        at seconds: UInt64,
        timeline: UInt32? = 1,
        heard: String? = "t0",
        isFenced: Bool = false
    ) -> PromotionCandidate {
        PromotionCandidate(
            role: .replica,
            isFenced: isFenced,
            timeline: timeline,
            position: WALPosition(rawValue: position),
            heard: heard,
            isStreaming: false,
            askedAt: seconds * second
        )
    }

    private static let silent = PromotionCandidate(role: .unknown)
    private static let primary = PromotionCandidate(role: .primary, timeline: 1)

    private static func scene(
        _ nodes: [PromotionCandidate],
        primary: Int? = nil,
        timeline: UInt32 = 1
    ) -> PromotionScene {
        PromotionScene(nodes: nodes, primary: primary, accepted: primary ?? 0, timeline: timeline)
    }

    private func promotion(_ policies: [PromotionPolicy] = Array(repeating: .init(), count: 4)) -> Promotion {
        Promotion(rules: Self.rules, policies: policies)
    }

    /// Looks at second 100 and, with the same nodes asked anew, at second 103.
    private func lose(_ promotion: inout Promotion, _ nodes: (UInt64) -> [PromotionCandidate]) -> [PromotionAction] {
        let first = promotion.handle(.looked(Self.scene(nodes(100))), at: 100 * Self.second)
        #expect(first.isEmpty)
        return promotion.handle(.looked(Self.scene(nodes(103))), at: 103 * Self.second)
    }

    private func fence(_ actions: [PromotionAction]) -> Int? {
        for case .fence(old: 0, let candidate) in actions { return candidate }
        return nil
    }

    @Test func theReplicaWithTheMostWALIsPromotedAfterTheDelay() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = {
            [Self.silent, Self.replica(90, at: $0), Self.replica(100, at: $0), Self.replica(99, at: $0)]
        }
        #expect(promotion.handle(.looked(Self.scene(nodes(100))), at: 100 * Self.second).isEmpty)
        #expect(promotion.deadline == 103 * Self.second)
        #expect(promotion.handle(.looked(Self.scene(nodes(102))), at: 102 * Self.second).isEmpty)
        let actions = promotion.handle(.looked(Self.scene(nodes(103))), at: 103 * Self.second)
        #expect(
            actions == [
                .log(.chosen(candidate: 2, position: WALPosition(rawValue: 100), missing: 0)),
                .fence(old: 0, candidate: 2),
            ]
        )
        // Nothing is told to the candidate before all workers have let go of the old one.
        #expect(promotion.handle(.looked(Self.scene(nodes(104))), at: 104 * Self.second).isEmpty)
        #expect(promotion.handle(.workersTold, at: 104 * Self.second) == [.promote(2)])
        #expect(promotion.handle(.promotionAnswered(true), at: 105 * Self.second).isEmpty)
        let after = [
            Self.silent, Self.replica(90, at: 105), PromotionCandidate(role: .primary, timeline: 2),
            Self.replica(99, at: 105),
        ]
        let done = promotion.handle(.looked(Self.scene(after, primary: 2, timeline: 2)), at: 105 * Self.second)
        #expect(
            done == [
                .log(.done(primary: 2, took: .seconds(5))), .owe([1, 3]),
            ]
        )
        #expect(promotion.phase == .idle)
        #expect(promotion.handle(.looked(Self.scene(after, primary: 2, timeline: 2)), at: 106 * Self.second).isEmpty)
    }

    @Test func whatIsWrittenDownComesBeforeWhatIsDone() {
        var rules = Self.rules
        rules.isCoordinated = true
        var promotion = Promotion(rules: rules, policies: Array(repeating: .init(), count: 4))
        _ = lose(&promotion) { time in [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) } }
        _ = promotion.handle(.granted, at: 104 * Self.second)
        _ = promotion.handle(.allTold, at: 104 * Self.second)
        let after = [
            Self.silent, Self.silent, Self.replica(2, at: 105), PromotionCandidate(role: .primary, timeline: 2),
        ]
        let done = promotion.handle(.looked(Self.scene(after, primary: 3, timeline: 2)), at: 105 * Self.second)
        // Also the one that is away.
        #expect(done.dropFirst() == [.intend(.finish(followers: [1, 2])), .owe([1, 2])])
    }

    struct Choice: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var policies = Array(repeating: PromotionPolicy(), count: 4)
        let positions: [UInt64]
        var timelines: [UInt32?] = [1, 1, 1]
        var fenced: Int?
        let expected: Int?
    }

    static let choices: [Choice] = [
        Choice(testDescription: "as much: the first", positions: [7, 7, 7], expected: 1),
        Choice(
            testDescription: "as much: the greatest priority",
            policies: [.init(), .init(priority: 1), .init(priority: 1), .init(priority: 2)],
            positions: [7, 7, 7],
            expected: 3
        ),
        Choice(
            testDescription: "more WAL is worth more than priority",
            policies: [.init(), .init(priority: 1), .init(priority: 1000), .init()],
            positions: [8, 7, 7],
            expected: 1
        ),
        Choice(
            testDescription: "nofailover",
            policies: [.init(), .init(isExcluded: true), .init(), .init()],
            positions: [9, 7, 8],
            expected: 3
        ),
        Choice(testDescription: "another timeline", positions: [9, 7, 8], timelines: [2, 1, 1], expected: 3),
        Choice(
            testDescription: "a timeline that is not known",
            positions: [9, 7, 8],
            timelines: [nil, 1, 1],
            expected: 1
        ),
        Choice(testDescription: "fenced", positions: [7, 9, 8], fenced: 2, expected: 3),
        Choice(
            testDescription: "nobody",
            policies: Array(repeating: .init(isExcluded: true), count: 4),
            positions: [7, 9, 8],
            expected: nil
        ),
    ]

    @Test(arguments: choices) func choosing(_ choice: Choice) {
        var promotion = promotion(choice.policies)
        let actions = lose(&promotion) { time in
            [Self.silent]
                + (0..<3).map {
                    Self.replica(
                        choice.positions[$0],
                        at: time,
                        timeline: choice.timelines[$0],
                        isFenced: choice.fenced == $0 + 1
                    )
                }
        }
        #expect(fence(actions) == choice.expected)
        if choice.expected == nil { #expect(actions == [.log(.hindered(.noCandidate))]) }
    }

    @Test func whatIsLostWithAnExcludedReplicaIsTold() {
        var promotion = promotion([.init(), .init(isExcluded: true), .init(), .init()])
        let actions = lose(&promotion) {
            [Self.silent, Self.replica(9, at: $0), Self.replica(5, at: $0), Self.replica(4, at: $0)]
        }
        #expect(actions.first == .log(.chosen(candidate: 2, position: WALPosition(rawValue: 5), missing: 4)))
    }

    @Test func aPrimaryThatAnswersAgainInTimeStays() {
        var promotion = promotion()
        let nodes = [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: 100) }
        _ = promotion.handle(.looked(Self.scene(nodes)), at: 100 * Self.second)
        var back = nodes
        back[0] = Self.primary
        #expect(promotion.handle(.looked(Self.scene(back, primary: 0)), at: 102 * Self.second).isEmpty)
        #expect(promotion.phase == .idle)
        // The next loss is waited for anew.
        _ = promotion.handle(.looked(Self.scene(nodes)), at: 110 * Self.second)
        #expect(promotion.deadline == 113 * Self.second)
    }

    @Test func itIsCalledOffWhileNothingHasBeenTold() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        #expect(fence(lose(&promotion, nodes)) == 3)
        var back = nodes(104)
        back[0] = Self.primary
        let actions = promotion.handle(.looked(Self.scene(back)), at: 104 * Self.second)
        #expect(actions == [.unfence(old: 0), .log(.calledOff(old: 0))])
        // What the workers say afterwards is of no interest.
        #expect(promotion.handle(.workersTold, at: 105 * Self.second).isEmpty)
    }

    @Test func onceTheCandidateHasBeenToldTheOldOneIsNotTakenBack() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        _ = lose(&promotion, nodes)
        _ = promotion.handle(.workersTold, at: 104 * Self.second)
        var back = nodes(105)
        back[0] = Self.primary
        #expect(promotion.handle(.looked(Self.scene(back)), at: 105 * Self.second).isEmpty)
        #expect(promotion.handle(.promotionUnanswered, at: 106 * Self.second).isEmpty)
        back[3] = Self.silent
        let silence = promotion.handle(.looked(Self.scene(back)), at: 107 * Self.second)
        #expect(silence == [.log(.hindered(.candidateSilent(3)))])
        #expect(promotion.handle(.looked(Self.scene(back)), at: 108 * Self.second).isEmpty)
        // Long after it is a replica still: nothing has come of it.
        let late = promotion.handle(.looked(Self.scene(nodes(165))), at: 165 * Self.second)
        #expect(late.first == .unfence(old: 0))
        guard case .log(.hindered(.refused(candidate: 3, _))) = late.last else {
            Issue.record("\(late)")
            return
        }
    }

    @Test func aCandidateThatIsLostBeforeItWasToldMakesWayForAnother() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        #expect(fence(lose(&promotion, nodes)) == 3)
        var fewer = nodes(104)
        fewer[3] = Self.silent
        #expect(promotion.handle(.looked(Self.scene(fewer)), at: 104 * Self.second) == [.unfence(old: 0)])
        #expect(
            promotion.handle(.looked(Self.scene(fewer)), at: 105 * Self.second)
                == [.log(.hindered(.noMajority(seen: 2, of: 4)))]
        )
    }

    @Test func aRefusalIsTriedAgainLater() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        _ = lose(&promotion, nodes)
        _ = promotion.handle(.workersTold, at: 104 * Self.second)
        let reason = "permission denied for function pg_promote"
        #expect(
            promotion.handle(.promotionRefused(reason), at: 105 * Self.second)
                == [.unfence(old: 0), .log(.hindered(.refused(candidate: 3, reason: reason)))]
        )
        #expect(promotion.deadline == 115 * Self.second)
        #expect(promotion.handle(.looked(Self.scene(nodes(110))), at: 110 * Self.second).isEmpty)
        #expect(fence(promotion.handle(.looked(Self.scene(nodes(116))), at: 116 * Self.second)) == 3)
    }

    @Test func aPrimaryThatReplicasHearFromIsNotReplaced() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [
                Self.silent, Self.replica(1, at: time), Self.replica(2, at: time),
                Self.replica(3, at: time, heard: "t\(time)"),
            ]
        }
        #expect(promotion.handle(.looked(Self.scene(nodes(100))), at: 100 * Self.second).isEmpty)
        #expect(promotion.handle(.looked(Self.scene(nodes(102))), at: 102 * Self.second).isEmpty)
        #expect(
            promotion.handle(.looked(Self.scene(nodes(104))), at: 104 * Self.second)
                == [.log(.hindered(.primaryIsHeard(by: 3)))]
        )
        #expect(promotion.handle(.looked(Self.scene(nodes(106))), at: 106 * Self.second).isEmpty)
        // Its words end.
        let quiet: (UInt64) -> [PromotionCandidate] = { time in
            [
                Self.silent, Self.replica(1, at: time), Self.replica(2, at: time),
                Self.replica(3, at: time, heard: "t106"),
            ]
        }
        #expect(promotion.handle(.looked(Self.scene(quiet(108))), at: 108 * Self.second).isEmpty)
        #expect(fence(promotion.handle(.looked(Self.scene(quiet(110))), at: 110 * Self.second)) == 3)
    }

    /// What follows each other with every look, in turns, is told once each for as long as the outage lasts.
    @Test func whatHindersIsToldOnceInAnOutage() {
        var promotion = promotion()
        var told: [PromotionAction] = []
        func look(_ time: UInt64, heard: Int?) {
            let nodes =
                [Self.silent] + (1...3).map { Self.replica(1, at: time, heard: $0 == heard ? "t\(time)" : "t0") }
            told += promotion.handle(.looked(Self.scene(nodes)), at: time * Self.second)
        }
        // Each replica hears from it in its turn.
        for time in 100...160 as ClosedRange<UInt64> { look(time, heard: 1 + Int(time % 3)) }
        #expect(told.count == 1, "\(told)")
        guard case .log(.hindered(.primaryIsHeard))? = told.first else {
            Issue.record("\(told)")
            return
        }
        // The next outage is told of anew.
        var well = [Self.primary] + (1...3).map { _ in Self.replica(1, at: 170) }
        _ = promotion.handle(.looked(Self.scene(well, primary: 0)), at: 170 * Self.second)
        well[0] = Self.primary
        _ = promotion.handle(.looked(Self.scene(well, primary: 0)), at: 171 * Self.second)
        told = []
        for time in 180...190 as ClosedRange<UInt64> { look(time, heard: 1 + Int(time % 3)) }
        #expect(told.count == 1, "\(told)")
    }

    @Test func positionsFromBeforeTheLossDoNotCount() {
        var promotion = promotion()
        let old: [PromotionCandidate] = [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: 99) }
        _ = promotion.handle(.looked(Self.scene(old)), at: 100 * Self.second)
        #expect(promotion.handle(.looked(Self.scene(old)), at: 104 * Self.second).isEmpty)
        var new = [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: 104) }
        new[1] = Self.replica(10, at: 104)
        #expect(fence(promotion.handle(.looked(Self.scene(new)), at: 105 * Self.second)) == 1)
    }

    @Test func nothingIsDoneWhileAnybodySaysThatItIsPrimary() {
        var promotion = promotion()
        var nodes = [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: 200) }
        nodes[2] = PromotionCandidate(role: .primary, isFenced: true, timeline: 2)
        for time in [100, 110, 120] as [UInt64] {
            #expect(promotion.handle(.looked(Self.scene(nodes)), at: time * Self.second).isEmpty)
        }
        // Nor where no primary has ever been seen.
        let replicas = (0...3).map { Self.replica(UInt64($0), at: 200) }
        let scene = PromotionScene(nodes: replicas, primary: nil, accepted: nil, timeline: nil)
        for time in [100, 110] as [UInt64] {
            #expect(promotion.handle(.looked(scene), at: time * Self.second).isEmpty)
        }
        // Nor where the old primary answers as a replica: it is not lost.
        for time in [100, 110] as [UInt64] {
            #expect(promotion.handle(.looked(Self.scene(replicas)), at: time * Self.second).isEmpty)
        }
    }

    @Test func somebodyElsePromotesAnother() {
        var promotion = promotion()
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        _ = lose(&promotion, nodes)
        _ = promotion.handle(.workersTold, at: 104 * Self.second)
        var other = nodes(105)
        other[1] = PromotionCandidate(role: .primary, timeline: 2)
        #expect(promotion.handle(.looked(Self.scene(other, primary: 1, timeline: 2)), at: 105 * Self.second).isEmpty)
        #expect(promotion.phase == .idle)
    }

    // MARK: Reloads

    @Test func whoHasLeftCountsForNoMajority() {
        var promotion = promotion()
        var gone = Self.silent
        gone.isMember = false
        // Two of four would be too few.
        let actions = lose(&promotion) { [Self.silent, gone, Self.replica(9, at: $0), Self.replica(8, at: $0)] }
        #expect(fence(actions) == 2)
        #expect(promotion.isUnderWay)
        _ = promotion.handle(.workersTold, at: 104 * Self.second)
        let after = [Self.silent, gone, PromotionCandidate(role: .primary, timeline: 2), Self.replica(8, at: 105)]
        let done = promotion.handle(.looked(Self.scene(after, primary: 2, timeline: 2)), at: 105 * Self.second)
        #expect(done.contains(.owe([3])) && !promotion.isUnderWay)
    }

    @Test func aLossIsLookedAtAnewWhenNodesJoin() {
        var promotion = promotion()
        let four: [PromotionCandidate] = [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: 100) }
        _ = promotion.handle(.looked(Self.scene(four)), at: 100 * Self.second)
        #expect(!promotion.isUnderWay)
        promotion.reconfigure(Self.rules, Array(repeating: .init(), count: 5))
        let five: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...4).map { Self.replica(UInt64($0), at: time) }
        }
        #expect(promotion.handle(.looked(Self.scene(five(103))), at: 103 * Self.second).isEmpty)
        #expect(fence(promotion.handle(.looked(Self.scene(five(106))), at: 106 * Self.second)) == 4)
    }

    @Test func theDelayAndWhoIsExcludedMayChange() {
        var promotion = promotion()
        var rules = Self.rules
        rules.delay = .seconds(1)
        var policies = Array(repeating: PromotionPolicy(), count: 4)
        policies[3].isExcluded = true
        promotion.reconfigure(rules, policies)
        let nodes: (UInt64) -> [PromotionCandidate] = { time in
            [Self.silent] + (1...3).map { Self.replica(UInt64($0), at: time) }
        }
        _ = promotion.handle(.looked(Self.scene(nodes(100))), at: 100 * Self.second)
        #expect(fence(promotion.handle(.looked(Self.scene(nodes(101))), at: 101 * Self.second)) == 2)
    }
}
