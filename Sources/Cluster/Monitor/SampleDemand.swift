import MonotonicTime

/// How often the nodes' positions are looked at: at once and every millisecond or two while somebody waits, for a while
/// after that often enough that the next one need not wait, and otherwise with the checks alone. Times are microseconds
/// of one monotonic clock.
struct SampleDemand {
    /// Between two looks at one node that may end somebody's wait.
    static let urgentGap: UInt64 = 1_000
    /// Between two looks for a while after.
    static let warmGap: UInt64 = 10_000
    static let warmTime: UInt64 = 200_000

    private var urgentUntil: UInt64 = 0
    private var warmUntil: UInt64 = 0

    /// Somebody waits from now on, so long at most.
    mutating func ask(for limit: Duration, at now: UInt64) {
        urgentUntil = max(urgentUntil, now &+ limit.microseconds)
        warmUntil = max(warmUntil, urgentUntil &+ Self.warmTime)
    }

    func isUrgent(at now: UInt64) -> Bool { now < urgentUntil }

    /// When a node that was looked at last at `last` is to be looked at again; nil: with its next check.
    ///
    /// - Parameter isNeeded: whether a look at that node may end a wait.
    func next(after last: UInt64, isNeeded: Bool, at now: UInt64) -> UInt64? {
        if isNeeded, now < urgentUntil { return last &+ Self.urgentGap }
        if now < warmUntil { return last &+ Self.warmGap }
        return nil
    }
}
