import ProxyCore
import Testing

@testable import Cluster

@Suite struct NodeWatchTests {
    static let primary = NodeObservation(role: .primary, version: 150004)
    static let replica = NodeObservation(role: .replica, version: 150004)
    static let newer = NodeObservation(role: .replica, version: 160001)
    static let timeout = ProbeFailure.timedOut(.asking)
    static let refused = ProbeFailure.refused("Connection refused")
    static let starting = ProbeFailure.notAccepting("the database system is starting up")

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var rules = WatchRules()
        /// Outcomes of checks, with the transition that each is to cause.
        let steps: [(outcome: Result<NodeObservation, ProbeFailure>, transition: NodeTransition?)]
        let state: NodeState
    }

    static let cases: [Case] = [
        Case(
            testDescription: "the first answer counts at once",
            steps: [(.success(primary), .discovered(primary))],
            state: .up(.primary)
        ),
        Case(
            testDescription: "the first failure counts at once: nothing is known that it could put in doubt",
            steps: [(.failure(timeout), .notReached(timeout))],
            state: .unknown(reason: timeout.reason)
        ),
        Case(
            testDescription: "one failure is no verdict",
            steps: [(.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout))],
            state: .up(.replica)
        ),
        Case(
            testDescription: "two failures in a row are",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.failure(timeout), .lost(timeout)),
            ],
            state: .unknown(reason: timeout.reason)
        ),
        Case(
            testDescription: "two of three are, with a success between them",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.success(replica), nil), (.failure(timeout), .lost(timeout)),
            ],
            state: .unknown(reason: timeout.reason)
        ),
        Case(
            testDescription: "two of four are not two of three",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.success(replica), nil), (.success(replica), nil), (.success(replica), .cleared(.replica)),
                (.failure(timeout), .suspected(timeout)),
            ],
            state: .up(.replica)
        ),
        Case(
            testDescription: "a failure that leaves the window makes room for another",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.success(replica), nil), (.success(replica), nil), (.failure(timeout), nil),
            ],
            state: .up(.replica)
        ),
        Case(
            testDescription: "three of three in a row, by the rules",
            rules: WatchRules(failures: 3, window: 3),
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.failure(timeout), nil), (.failure(timeout), .lost(timeout)),
            ],
            state: .unknown(reason: timeout.reason)
        ),
        Case(
            testDescription: "a refusal needs no second",
            steps: [(.success(primary), .discovered(primary)), (.failure(refused), .lost(refused))],
            state: .unknown(reason: "Connection refused")
        ),
        Case(
            testDescription: "nor does a server that says it is starting up; another reason is told once",
            steps: [
                (.success(primary), .discovered(primary)), (.failure(refused), .lost(refused)),
                (.failure(refused), nil), (.failure(starting), .reasonChanged(starting)), (.failure(starting), nil),
                (.success(primary), .returned(primary)),
            ],
            state: .up(.primary)
        ),
        Case(
            testDescription: "the way back asks for as many answers in a row as the rules say",
            rules: WatchRules(successes: 3),
            steps: [
                (.failure(refused), .notReached(refused)), (.success(replica), nil), (.success(replica), nil),
                (.failure(refused), nil), (.success(replica), nil), (.success(replica), nil),
                (.success(replica), .returned(replica)),
            ],
            state: .up(.replica)
        ),
        Case(
            testDescription: "what failed before it was lost is forgotten when it is back",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.failure(timeout), .lost(timeout)), (.success(replica), .returned(replica)),
                (.failure(timeout), .suspected(timeout)),
            ],
            state: .up(.replica)
        ),
        Case(
            testDescription: "promoted, demoted: its own word counts at once",
            steps: [
                (.success(replica), .discovered(replica)), (.success(primary), .promoted),
                (.success(replica), .demoted),
            ],
            state: .up(.replica)
        ),
        Case(
            testDescription: "promoted while under suspicion",
            steps: [
                (.success(replica), .discovered(replica)), (.failure(timeout), .suspected(timeout)),
                (.success(primary), .promoted),
            ],
            state: .up(.primary)
        ),
        Case(
            testDescription: "upgraded",
            steps: [
                (.success(replica), .discovered(replica)),
                (.success(newer), .versionChanged(from: 150004, to: 160001)),
            ],
            state: .up(.replica)
        ),
    ]

    @Test(arguments: cases) func verdicts(_ table: Case) {
        var watch = NodeWatch(rules: table.rules, seed: 1)
        #expect(watch.state == .unknown(reason: "not checked yet"))
        for (place, step) in table.steps.enumerated() {
            let now = UInt64(place) * 1_000_000
            let started = watch.handle(.probeStarted, at: now)
            #expect(started == nil)
            let event: NodeWatch.Event
            switch step.outcome {
            case .success(let seen): event = .probeSucceeded(seen)
            case .failure(let failure): event = .probeFailed(failure)
            }
            let transition = watch.handle(event, at: now + 1)
            #expect(transition == step.transition, "step \(place)")
        }
        #expect(watch.state == table.state)
    }

    // MARK: The time of the next check; in milliseconds

    private func watch(at start: UInt64, _ events: [NodeWatch.Event]) -> NodeWatch {
        var watch = NodeWatch(rules: WatchRules(), seed: 7)
        for event in events { _ = watch.handle(event, at: start * 1_000) }
        return watch
    }

    private func due(_ watch: NodeWatch) -> ClosedRange<UInt64>? {
        guard case .due(let time) = watch.schedule else { return nil }
        return (time / 1_000)...((time + 999) / 1_000)
    }

    @Test func theFirstCheckIsDueAtOnce() {
        #expect(NodeWatch(rules: WatchRules(), seed: 7).schedule == .due(at: 0))
    }

    @Test func theNextCheckIsAnIntervalLaterLessAJitter() throws {
        var seen: Set<UInt64> = []
        for seed in 1...50 as ClosedRange<UInt64> {
            var watch = NodeWatch(rules: WatchRules(), seed: seed &* 0x9E37_79B9_7F4A_7C15)
            _ = watch.handle(.probeStarted, at: 0)
            _ = watch.handle(.probeSucceeded(Self.primary), at: 0)
            guard case .due(let time) = watch.schedule else { throw Missing() }
            #expect((900_000...1_000_000).contains(time))
            seen.insert(time)
        }
        #expect(seen.count > 10)
    }

    @Test func afterAFailureTheNextCheckComesSooner() throws {
        let suspect = watch(at: 0, [.probeSucceeded(Self.primary), .probeStarted, .probeFailed(Self.timeout)])
        #expect(try #require(due(suspect)).upperBound <= 250)
        let lost = watch(at: 0, [.probeSucceeded(Self.primary), .probeStarted, .probeFailed(Self.refused)])
        #expect(try #require(due(lost)).lowerBound >= 900)
    }

    @Test func aHintBringsTheCheckForwardButNotBelowTheLeastGap() {
        var watch = watch(at: 0, [.probeStarted, .probeSucceeded(Self.primary)])
        _ = watch.handle(.hinted, at: 30_000)
        #expect(watch.schedule == .due(at: 100_000))
        _ = watch.handle(.hinted, at: 40_000)
        #expect(watch.schedule == .due(at: 100_000))
        var later = self.watch(at: 0, [.probeStarted, .probeSucceeded(Self.primary)])
        _ = later.handle(.hinted, at: 300_000)
        #expect(later.schedule == .due(at: 300_000))
    }

    @Test func aHintDuringACheckAsksForAnother() {
        var watch = watch(at: 0, [.probeStarted])
        _ = watch.handle(.hinted, at: 1)
        #expect(watch.schedule == .underWay(since: 0, again: true))
        _ = watch.handle(.probeSucceeded(Self.primary), at: 2_000)
        #expect(watch.schedule == .due(at: 100_000))
    }

    @Test func aHintDoesNotPutACheckOff() {
        var watch = NodeWatch(rules: WatchRules(), seed: 1)
        _ = watch.handle(.hinted, at: 5)
        #expect(watch.schedule == .due(at: 0))
    }

    private struct Missing: Error {}

    @Test func otherRulesHoldAtOnce() {
        var watch = NodeWatch(rules: WatchRules(interval: .seconds(3600), failures: 2, window: 3), seed: 1)
        _ = watch.handle(.probeStarted, at: 0)
        _ = watch.handle(.probeSucceeded(Self.replica), at: 1)
        watch.setRules(WatchRules(interval: .seconds(1), failures: 1, window: 1), at: 10)
        guard case .due(let time) = watch.schedule else {
            Issue.record("\(watch.schedule)")
            return
        }
        #expect(time <= 1_000_010)
        #expect(watch.handle(.probeFailed(Self.timeout), at: time) == .lost(Self.timeout))
    }
}
