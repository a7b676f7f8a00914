import ProxyCore

/// One look at the primary, as the ring keeps it.
struct PositionSample: Equatable {
    /// Everything answered before this look was begun is covered by `inserted`.
    var number: SampleNumber
    /// Since when, at the latest, the primary has been as far as `flushed`: nanoseconds of one monotonic clock.
    var since: UInt64
    let inserted: WALPosition
    let flushed: WALPosition
}
