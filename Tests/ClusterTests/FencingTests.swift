import ProxyCore
import SeededRandom
import Testing

@testable import Cluster

/// Three nodes a, b and c; each step is what they say at one moment, and what is to be made of it.
@Suite struct FencingTests {
    /// What becomes of a node, without the words.
    enum Use: Equatable, Sendable {
        case primary, usable, stranger, ended, diverged, second, newer, superseded, replaced, undecided

        init(_ fence: FenceReason?, isPrimary: Bool) {
            switch fence {
            case nil: self = isPrimary ? .primary : .usable
            case .otherSystem: self = .stranger
            case .timelineEnded: self = .ended
            case .diverged: self = .diverged
            case .secondPrimary: self = .second
            case .newerTimeline: self = .newer
            case .superseded: self = .superseded
            case .beingReplaced: self = .replaced
            case .undecided: self = .undecided
            }
        }
    }

    struct Step: Sendable {
        let claims: [NodeClaim?]
        let uses: [Use]
        var isComplete = true
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]
    }

    private static func primary(
        _ number: UInt32,
        _ history: [(UInt32, UInt64)]? = nil,
        system: String? = "s"
    ) -> NodeClaim {
        let switches = history?.map { TimelineSwitch(timeline: $0.0, end: WALPosition(rawValue: $0.1)) }
        return NodeClaim(
            role: .primary,
            timeline: Timeline(number: number, history: switches),
            systemIdentifier: system
        )
    }

    private static func replica(
        _ number: UInt32,
        at position: UInt64 = 100,
        streaming: Bool = true,
        system: String? = "s"
    ) -> NodeClaim {
        NodeClaim(
            role: .replica,
            timeline: Timeline(number: number, history: nil),
            systemIdentifier: system,
            position: WALPosition(rawValue: position),
            isStreaming: streaming
        )
    }

    /// Node a is primary on timeline 1, the others follow.
    private static let calm = Step(claims: [primary(1), replica(1), replica(1)], uses: [.primary, .usable, .usable])
    /// Timeline 2, from 1 at 100.
    private static let second = primary(2, [(1, 100)])

    static let cases: [Case] = [
        Case(
            testDescription: "one primary is right, also where nothing else answers",
            steps: [calm, Step(claims: [primary(1), nil, nil], uses: [.primary, .usable, .usable])]
        ),
        Case(
            testDescription: "before every node has been asked none is taken for right",
            steps: [
                Step(claims: [primary(1), nil, nil], uses: [.usable, .usable, .usable], isComplete: false),
                Step(claims: [primary(1), nil, second], uses: [.ended, .usable, .primary]),
            ]
        ),
        Case(
            testDescription: "a failover: the old one is fenced while it is silent, and when it comes back as primary",
            steps: [
                calm,
                Step(claims: [nil, replica(1), replica(1)], uses: [.usable, .usable, .usable]),
                Step(claims: [nil, second, replica(1)], uses: [.superseded, .primary, .usable]),
                Step(claims: [primary(1), second, replica(2)], uses: [.ended, .primary, .usable]),
                Step(claims: [nil, second, replica(2)], uses: [.superseded, .primary, .usable]),
                // pg_rewind has been run, and it follows.
                Step(claims: [replica(2), second, replica(2)], uses: [.usable, .primary, .usable]),
                Step(claims: [nil, second, replica(2)], uses: [.usable, .primary, .usable]),
            ]
        ),
        Case(
            testDescription: "an old primary that returns alone is not written to",
            steps: [
                calm, Step(claims: [nil, second, nil], uses: [.superseded, .primary, .usable]),
                Step(claims: [primary(1), nil, nil], uses: [.ended, .usable, .usable]),
                Step(claims: [primary(1), nil, replica(1)], uses: [.ended, .usable, .usable]),
                Step(claims: [primary(1), second, nil], uses: [.ended, .primary, .usable]),
            ]
        ),
        Case(
            testDescription: "both in the same round, at the start",
            steps: [Step(claims: [primary(1), second, replica(2)], uses: [.ended, .primary, .usable])]
        ),
        Case(
            testDescription: "promoted by hand beside a primary that is well: the newer one goes on from the older",
            steps: [calm, Step(claims: [primary(1), second, replica(1)], uses: [.ended, .primary, .usable])]
        ),
        Case(
            testDescription: "two promoted apart from each other cannot be told apart, until one is stopped",
            steps: [
                calm,
                Step(
                    claims: [nil, primary(2, [(1, 100)]), primary(2, [(1, 90)])],
                    uses: [.usable, .undecided, .undecided]
                ),
                Step(claims: [nil, nil, primary(2, [(1, 90)])], uses: [.superseded, .usable, .primary]),
                Step(claims: [nil, second, primary(2, [(1, 90)])], uses: [.superseded, .diverged, .primary]),
            ]
        ),
        Case(
            testDescription: "two promoted apart, while the old one is there: none",
            steps: [
                calm,
                Step(
                    claims: [primary(1), primary(2, [(1, 100)]), primary(2, [(1, 90)])],
                    uses: [.undecided, .undecided, .undecided]
                ),
            ]
        ),
        Case(
            testDescription: "without history and without the past, two are none",
            steps: [
                Step(claims: [primary(2), primary(3), replica(2)], uses: [.undecided, .undecided, .usable]),
                Step(claims: [nil, primary(3), replica(2)], uses: [.usable, .primary, .usable]),
                Step(claims: [primary(2), primary(3), replica(2)], uses: [.ended, .primary, .usable]),
            ]
        ),
        Case(
            testDescription: "without history a greater number beside the primary in use is not believed",
            steps: [
                Step(claims: [primary(2), replica(2), nil], uses: [.primary, .usable, .usable]),
                Step(claims: [primary(2), primary(3), nil], uses: [.undecided, .undecided, .usable]),
                Step(claims: [nil, primary(3), nil], uses: [.superseded, .primary, .usable]),
            ]
        ),
        Case(
            testDescription: "a second primary on the same timeline: the one in use goes on",
            steps: [
                calm, Step(claims: [primary(1), primary(1), replica(1)], uses: [.primary, .second, .usable]),
                Step(claims: [nil, primary(1), replica(1)], uses: [.usable, .second, .usable]),
            ]
        ),
        Case(
            testDescription: "a copy of the primary, at the start: none",
            steps: [Step(claims: [primary(1), primary(1), nil], uses: [.undecided, .undecided, .usable])]
        ),
        Case(
            testDescription: "two steps further, with a chain of histories",
            steps: [
                calm, Step(claims: [nil, second, replica(2)], uses: [.superseded, .primary, .usable]),
                Step(
                    claims: [primary(1), nil, primary(3, [(1, 100), (2, 200)])],
                    uses: [.ended, .superseded, .primary]
                ),
            ]
        ),
        Case(
            testDescription: "a primary that never had what the last one wrote is not taken for its successor",
            steps: [
                calm, Step(claims: [nil, second, nil], uses: [.superseded, .primary, .usable]),
                Step(claims: [nil, nil, primary(3, [(1, 90)])], uses: [.superseded, .usable, .diverged]),
            ]
        ),
        Case(
            testDescription: "a newer primary is known by who receives from it",
            steps: [
                Step(claims: [primary(1), nil, replica(2)], uses: [.newer, .usable, .usable]),
                Step(claims: [primary(1), nil, replica(2, streaming: false)], uses: [.primary, .usable, .usable]),
                Step(claims: [primary(1), nil, replica(2)], uses: [.newer, .usable, .usable]),
                Step(claims: [primary(1), second, replica(2)], uses: [.ended, .primary, .usable]),
            ]
        ),
        Case(
            testDescription: "a node of another cluster, in either role",
            steps: [
                calm,
                Step(
                    claims: [primary(1), replica(1, system: "t"), primary(9, system: "t")],
                    uses: [.primary, .stranger, .stranger]
                ),
                Step(claims: [nil, replica(1), primary(9, system: "t")], uses: [.usable, .usable, .stranger]),
            ]
        ),
        Case(
            testDescription: "the majority tells which cluster it is",
            steps: [
                Step(
                    claims: [primary(1), replica(1), primary(1, system: "t")],
                    uses: [.primary, .usable, .stranger]
                )
            ]
        ),
        Case(
            testDescription: "of two clusters with a primary each, none is ours",
            steps: [
                Step(
                    claims: [primary(1), primary(2, [(1, 5)], system: "t"), nil],
                    uses: [.undecided, .undecided, .usable]
                )
            ]
        ),
        Case(
            testDescription: "a replica that has more of the old timeline than the new primary can never follow",
            steps: [
                calm,
                Step(claims: [nil, second, replica(1, at: 100)], uses: [.superseded, .primary, .usable]),
                // Without a WAL receiver its timeline may be that of some time ago.
                Step(
                    claims: [nil, second, replica(1, at: 101, streaming: false)],
                    uses: [.superseded, .primary, .usable]
                ),
                Step(claims: [nil, second, replica(1, at: 101)], uses: [.superseded, .primary, .diverged]),
                Step(
                    claims: [nil, second, replica(1, at: 101, streaming: false)],
                    uses: [.superseded, .primary, .diverged]
                ),
                Step(claims: [nil, second, nil], uses: [.superseded, .primary, .usable]),
                Step(
                    claims: [nil, second, replica(1, at: 101, streaming: false)],
                    uses: [.superseded, .primary, .diverged]
                ),
                Step(claims: [nil, second, replica(2, at: 101)], uses: [.superseded, .primary, .usable]),
                Step(
                    claims: [nil, second, replica(1, at: 101, streaming: false)],
                    uses: [.superseded, .primary, .usable]
                ),
            ]
        ),
        Case(
            testDescription: "the primary itself may come back on a timeline of its own making",
            steps: [
                calm, Step(claims: [primary(2, [(1, 50)]), nil, nil], uses: [.primary, .usable, .usable]),
                Step(claims: [primary(2, [(1, 40)]), nil, nil], uses: [.primary, .usable, .usable]),
            ]
        ),
        Case(
            testDescription: "a user who may know nothing but roles",
            steps: [
                Step(
                    claims: [NodeClaim(role: .primary, timeline: nil), NodeClaim(role: .replica, timeline: nil), nil],
                    uses: [.primary, .usable, .usable]
                ),
                Step(
                    claims: [NodeClaim(role: .primary, timeline: nil), NodeClaim(role: .primary, timeline: nil), nil],
                    uses: [.undecided, .undecided, .usable]
                ),
                Step(
                    claims: [nil, NodeClaim(role: .primary, timeline: nil), nil],
                    uses: [.superseded, .primary, .usable]
                ),
            ]
        ),
    ]

    private static let nodes = ["a", "b", "c"].map { Fencing.Node(name: $0, conninfo: "host=\($0)") }

    @Test(arguments: cases) func verdicts(_ table: Case) {
        var fencing = Fencing(nodes: Self.nodes)
        for (number, step) in table.steps.enumerated() {
            let verdict = fencing.judge(step.claims, isComplete: step.isComplete)
            let uses = verdict.fences.enumerated().map { Use($1, isPrimary: verdict.primary == $0) }
            #expect(uses == step.uses, "step \(number)")
            if let primary = verdict.primary { #expect(verdict.fences[primary] == nil) }
        }
    }

    @Test func whileAnotherIsPromotedTheOldOneIsFencedWhateverItSays() {
        var fencing = Fencing(nodes: Self.nodes)
        _ = fencing.judge(Self.calm.claims, isComplete: true)
        fencing.replace(0, by: 1)
        for old in [nil, Self.primary(1), Self.replica(1)] {
            let verdict = fencing.judge([old, Self.replica(1), Self.replica(1)], isComplete: true)
            #expect(verdict.fences[0] == .beingReplaced(by: "b"))
            #expect(verdict.primary == nil)
        }
        let done = fencing.judge([Self.primary(1), Self.second, Self.replica(1)], isComplete: true)
        #expect(done.primary == 1)
        #expect(Use(done.fences[0], isPrimary: false) == .ended)
    }

    @Test func aPromotionThatCameToNothingIsTakenBack() {
        var fencing = Fencing(nodes: Self.nodes)
        _ = fencing.judge(Self.calm.claims, isComplete: true)
        fencing.replace(0, by: 1)
        fencing.keep()
        #expect(fencing.judge(Self.calm.claims, isComplete: true).primary == 0)
    }

    @Test func reasonsNameWhatMends() {
        var fencing = Fencing(nodes: Self.nodes)
        _ = fencing.judge(Self.calm.claims, isComplete: true)
        let ended = fencing.judge([Self.primary(1), Self.second, nil], isComplete: true).fences[0]
        #expect(
            ended?.description
                == "it says that it is primary on timeline 1, which ended at 0/64: node b is primary on timeline 2; run "
                + "CHECKPOINT on node b, stop this one and run there: pg_rewind --target-pgdata=\"$PGDATA\" --source-server='host=b' --write-recovery-conf"
        )
        var other = Fencing(nodes: Self.nodes)
        let undecided = other.judge([Self.primary(2), Self.primary(3), nil], isComplete: true).fences[0]
        #expect(undecided?.description.contains("nodes a and b") == true)
        #expect(undecided?.description.contains(FenceReason.historyGrant) == true)
    }

    /// Whatever nodes say, in whatever order: two are never right at once, and a primary that has been succeeded is
    /// never right again on its old timeline.
    @Test func neverTwoAtOnce() {
        var random = SeededGenerator(seed: 500)
        let pasts: [(UInt32, [(UInt32, UInt64)]?)] = [
            (1, []), (2, [(1, 100)]), (2, [(1, 90)]), (3, [(1, 100), (2, 200)]), (3, [(1, 90)]), (2, nil), (3, nil),
        ]
        for _ in 0..<500 {
            var fencing = Fencing(nodes: Self.nodes)
            var greatest: UInt32 = 0
            var holder: Int?
            for _ in 0..<12 {
                let claims = (0..<3).map { _ -> NodeClaim? in
                    let past = pasts.randomElement(using: &random) ?? (1, [])
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: return nil
                    case 1: return Self.replica(past.0, streaming: Bool.random(using: &random))
                    default: return Self.primary(past.0, past.1)
                    }
                }
                let verdict = fencing.judge(claims, isComplete: true)
                guard let primary = verdict.primary else { continue }
                #expect(claims[primary]?.role == .primary && verdict.fences[primary] == nil)
                for place in 0..<3 where place != primary && claims[place]?.role == .primary {
                    #expect(verdict.fences[place] != nil, "\(claims)")
                }
                let number = claims[primary]?.timeline?.number ?? 0
                if primary != holder { #expect(number > greatest, "\(claims)") }
                greatest = number
                holder = primary
            }
        }
    }

    // MARK: Nodes that are taken out of the configuration

    private func fencing() -> Fencing {
        var fencing = Fencing(nodes: ["a", "b", "c"].map { Fencing.Node(name: $0, conninfo: "host=\($0)") })
        _ = fencing.judge(Self.calm.claims, isComplete: true)
        return fencing
    }

    /// The primary under another name, in another place: nobody else says what it says.
    @Test func aPrimaryThatIsRenamedIsRight() {
        var fencing = fencing()
        fencing.removed(0)
        #expect(fencing.judge([nil, Self.replica(1), Self.replica(1)], isComplete: true).primary == nil)
        fencing.joined(3, Fencing.Node(name: "main", conninfo: "host=a"))
        let verdict = fencing.judge([nil, Self.replica(1), Self.replica(1), Self.primary(1)], isComplete: true)
        #expect(verdict.primary == 3 && verdict.fences[3] == nil)
        #expect(fencing.accepted?.place == 3 && fencing.accepted?.isMember == true)
    }

    @Test func ofTwoThatSayTheSameNoneIs() {
        var fencing = fencing()
        fencing.removed(0)
        let verdict = fencing.judge([nil, Self.primary(1), Self.primary(1)], isComplete: true)
        #expect(verdict.primary == nil)
        #expect(verdict.fences[1] != nil && verdict.fences[2] != nil)
    }

    @Test func anOlderTimelineStaysFencedAfterThePrimaryWasTakenOut() {
        var fencing = fencing()
        _ = fencing.judge([nil, Self.second, Self.replica(2)], isComplete: true)
        fencing.removed(1)
        let verdict = fencing.judge([Self.primary(1), nil, nil], isComplete: true)
        #expect(verdict.primary == nil && Use(verdict.fences[0], isPrimary: false) == .ended)
    }

    @Test func oneThatComesBackIsThePrimaryAgain() {
        var fencing = fencing()
        fencing.removed(0)
        _ = fencing.judge([nil, Self.replica(1), Self.replica(1)], isComplete: true)
        fencing.restored(0)
        #expect(fencing.judge(Self.calm.claims, isComplete: true).primary == 0)
    }

    @Test func anotherHerdIsNoStranger() {
        var fencing = fencing()
        let others = [Self.primary(1, system: "t"), Self.replica(1, system: "t"), nil]
        #expect(fencing.judge(others, isComplete: true).primary == nil)
        fencing.forget()
        #expect(fencing.judge(others, isComplete: false).primary == nil)
        #expect(fencing.judge(others, isComplete: true).primary == 0)
    }
}
