import MonotonicTime
import ProxyCore

/// The watch on one node, without sockets or clock: outcomes of checks in, verdicts and the time of the next check out.
///
/// A role is the node's own word and counts at once. That a node cannot be used is a conclusion and takes `failures` of
/// the last `window` checks, unless a single failure proves it (`ProbeFailure.isDecisive`). Times are microseconds of
/// one monotonic clock.
package struct NodeWatch: Sendable {
    package enum Event: Sendable, Equatable {
        case probeStarted
        case probeSucceeded(NodeObservation)
        case probeFailed(ProbeFailure)
        /// Somebody else met trouble with the node, such as a refused connect.
        case hinted
    }

    package private(set) var rules: WatchRules
    package private(set) var health: NodeHealth = .unasked
    package private(set) var schedule: ProbeSchedule = .due(at: 0)
    private var randomState: UInt64
    private var pace = Pace.usual

    private enum Pace {
        case usual
        case urgent
    }

    /// - Parameter seed: of the jitter, which keeps many nodes' checks apart.
    package init(rules: WatchRules, seed: UInt64) {
        self.rules = rules
        randomState = seed | 1
    }

    /// What workers are told.
    package var state: NodeState {
        switch health {
        case .unasked: .unknown(reason: "not checked yet")
        case .up(let seen), .suspect(let seen, _, _): .up(seen.role)
        case .lost(let failure, _): .unknown(reason: failure.reason)
        }
    }

    /// - Returns: the transition that the event caused, to be logged.
    package mutating func handle(_ event: Event, at now: UInt64) -> NodeTransition? {
        switch event {
        case .probeStarted:
            schedule = .underWay(since: now, again: false)
            return nil
        case .hinted:
            hasten(at: now)
            return nil
        case .probeSucceeded(let seen):
            let transition = succeeded(seen)
            scheduleNext(at: now)
            return transition
        case .probeFailed(let failure):
            let transition = failed(failure)
            scheduleNext(at: now)
            return transition
        }
    }

    private mutating func succeeded(_ seen: NodeObservation) -> NodeTransition? {
        switch health {
        case .unasked:
            health = .up(seen)
            return .discovered(seen)
        case .up(let before):
            health = .up(seen)
            return change(from: before, to: seen)
        case .suspect(let before, let failed, let last):
            let remaining = (failed << 1) & windowMask
            health = remaining == 0 ? .up(seen) : .suspect(seen, failed: remaining, last: last)
            if let change = change(from: before, to: seen) { return change }
            return remaining == 0 ? .cleared(seen.role) : nil
        case .lost(let failure, let successes):
            if successes + 1 < rules.successes {
                health = .lost(failure, successes: successes + 1)
                return nil
            }
            health = .up(seen)
            return .returned(seen)
        }
    }

    private mutating func failed(_ failure: ProbeFailure) -> NodeTransition? {
        switch health {
        case .unasked:
            health = .lost(failure, successes: 0)
            return .notReached(failure)
        case .up(let seen):
            return count(failure, failed: 1, of: seen, isFirst: true)
        case .suspect(let seen, let failed, _):
            return count(failure, failed: (failed << 1) & windowMask | 1, of: seen, isFirst: false)
        case .lost(let before, _):
            health = .lost(failure, successes: 0)
            return before == failure ? nil : .reasonChanged(failure)
        }
    }

    private mutating func count(
        _ failure: ProbeFailure,
        failed: UInt32,
        of seen: NodeObservation,
        isFirst: Bool
    ) -> NodeTransition? {
        if failure.isDecisive || failed.nonzeroBitCount >= rules.failures {
            health = .lost(failure, successes: 0)
            return .lost(failure)
        }
        health = .suspect(seen, failed: failed, last: failure)
        return isFirst ? .suspected(failure) : nil
    }

    private func change(from before: NodeObservation, to seen: NodeObservation) -> NodeTransition? {
        if before.role != seen.role { return seen.role == .primary ? .promoted : .demoted }
        if before.version != seen.version { return .versionChanged(from: before.version, to: seen.version) }
        return nil
    }

    private var windowMask: UInt32 { UInt32.max >> UInt32(32 - rules.window) }

    /// While there is no primary, all nodes are checked several times a second.
    package mutating func setUrgent(_ isUrgent: Bool, at now: UInt64) {
        let before = pace
        pace = isUrgent ? .urgent : .usual
        guard before == .usual, isUrgent, case .due(let time) = schedule else { return }
        schedule = .due(at: min(time, max(earliest, now &+ rules.urgentInterval.microseconds)))
    }

    /// Other rules hold from now on. What has been found out stays; a check that would come later than by these comes
    /// sooner.
    package mutating func setRules(_ new: WatchRules, at now: UInt64) {
        rules = new
        guard case .due(let time) = schedule else { return }
        schedule = .due(at: min(time, now &+ pause.microseconds))
    }

    private mutating func hasten(at now: UInt64) {
        switch schedule {
        case .due(let time):
            schedule = .due(at: min(time, max(now, earliest)))
        case .underWay(let since, _):
            schedule = .underWay(since: since, again: true)
        }
    }

    /// Before this no check starts, so that a burst of hints is one check.
    private var earliest: UInt64 = 0

    private mutating func scheduleNext(at now: UInt64) {
        var hinted = false
        if case .underWay(let since, let again) = schedule {
            earliest = since &+ rules.leastGap.microseconds
            hinted = again
        }
        schedule = .due(at: hinted ? max(now, earliest) : now &+ pause.microseconds)
    }

    private var pause: Duration {
        mutating get {
            // Up to a tenth less, so that nodes that were found at one moment are not asked at one moment for ever.
            let base: Duration
            switch health {
            case .suspect: base = rules.recheckInterval
            case .lost(_, let successes): base = successes > 0 ? rules.recheckInterval : rules.interval
            case .unasked, .up: base = rules.interval
            }
            let paced = pace == .urgent ? min(base, rules.urgentInterval) : base
            randomState ^= randomState << 13
            randomState ^= randomState >> 7
            randomState ^= randomState << 17
            return paced - paced * Int(randomState % 64) / 640
        }
    }
}

/// What the checks of a node add up to.
package enum NodeHealth: Sendable, Equatable {
    /// No check has ended yet.
    case unasked
    /// All checks of the window succeeded.
    case up(NodeObservation)
    /// In use; some checks of the window failed. Bit n of `failed` is set where the n-th last check failed.
    case suspect(NodeObservation, failed: UInt32, last: ProbeFailure)
    /// Not in use. `successes` answers in a row since, fewer than the rules ask for.
    case lost(ProbeFailure, successes: Int)

    /// What it last said of itself, while that counts.
    package var observation: NodeObservation? {
        switch self {
        case .up(let seen), .suspect(let seen, _, _): seen
        case .unasked, .lost: nil
        }
    }
}

/// When a node is to be checked next. Times are microseconds of one monotonic clock.
package enum ProbeSchedule: Sendable, Equatable {
    case due(at: UInt64)
    /// A check runs. `again`: a hint came since it began, which its answer may not reflect.
    case underWay(since: UInt64, again: Bool)
}
