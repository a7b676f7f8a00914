/// How often the nodes' positions are looked at: at once and every few milliseconds while somebody waits, for a while after that often enough that the next one
/// need not wait, and otherwise with the checks alone. Times are nanoseconds of one monotonic clock.
struct SampleDemand {
    /// Between two looks at one node while somebody waits.
    static let urgentGap: UInt64 = 2_000_000
    /// Between two looks for a while after.
    static let warmGap: UInt64 = 10_000_000
    static let warmTime: UInt64 = 200_000_000

    private var urgentUntil: UInt64 = 0
    private var warmUntil: UInt64 = 0

    /// Somebody waits from now on, so long at most.
    mutating func ask(for limit: Duration, at now: UInt64) {
        urgentUntil = max(urgentUntil, now &+ limit.nanoseconds)
        warmUntil = max(warmUntil, urgentUntil &+ Self.warmTime)
    }

    func isUrgent(at now: UInt64) -> Bool { now < urgentUntil }

    /// When a node that was looked at last at `last` is to be looked at again; nil: with its next check.
    func next(after last: UInt64, at now: UInt64) -> UInt64? {
        if now < urgentUntil { return last &+ Self.urgentGap }
        if now < warmUntil { return last &+ Self.warmGap }
        return nil
    }
}
