/// When a node is to be checked next. Times are nanoseconds of one monotonic clock.
package enum ProbeSchedule: Sendable, Equatable {
    case due(at: UInt64)
    /// A check runs. `again`: a hint came since it began, which its answer may not reflect.
    case underWay(since: UInt64, again: Bool)
}
