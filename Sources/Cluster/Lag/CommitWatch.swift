/// Whether commits on the primary wait for standbys, and what the log is told of that. Times are microseconds of one
/// monotonic clock.
struct CommitWatch: Sendable {
    enum News: Sendable, Equatable {
        case waiting(primary: Int, CommitWait)
        case goingOn(primary: Int)
    }

    private enum State: Sendable {
        case goingOn
        case waiting(primary: Int, since: UInt64, isTold: Bool)
    }

    /// So long it may last before the log is told: replicas that have just been pointed at a new primary take a moment.
    private static let patience: UInt64 = 3_000_000
    private var state = State.goingOn

    /// - Parameter wait: of the primary, as it said in its last check.
    mutating func look(primary: Int?, _ wait: CommitWait?, at now: UInt64) -> News? {
        guard let primary, let wait else {
            defer { state = .goingOn }
            // Where the primary is lost there is more to tell than that.
            guard let primary, case .waiting(primary, _, isTold: true) = state else { return nil }
            return .goingOn(primary: primary)
        }
        guard case .waiting(primary, let since, let isTold) = state else {
            state = .waiting(primary: primary, since: now, isTold: false)
            return nil
        }
        guard !isTold, now >= since &+ Self.patience else { return nil }
        state = .waiting(primary: primary, since: since, isTold: true)
        return .waiting(primary: primary, wait)
    }
}
