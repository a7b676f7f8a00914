/// The time of the event that is being handled, for departments that note it and are told of no events.
///
/// Microseconds, of which the lowest 32 bits are kept: differences are right up to 71 minutes.
final class TurnClock {
    var time: UInt32 = 0

    init() {}

    @inline(__always)
    func follow(_ now: Microseconds) { time = UInt32(truncatingIfNeeded: now) }

    /// Microseconds since then.
    @inline(__always)
    func since(_ then: UInt32) -> UInt64 { UInt64(time &- then) }
}
