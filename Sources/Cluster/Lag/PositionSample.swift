import ProxyCore

/// One look at the primary, as the ring keeps it.
struct PositionSample: Equatable {
    /// Everything answered before this look was begun is covered by `covering`.
    var number: SampleNumber
    /// Since when, at the latest, the primary has been as far as `flushed`: nanoseconds of one monotonic clock.
    var since: UInt64
    let inserted: WALPosition
    let flushed: WALPosition
    /// What a replica must have replayed to have all of it: `inserted`, until no commit can be among what is not
    /// flushed.
    var covering: WALPosition

    init(number: SampleNumber, since: UInt64, inserted: WALPosition, flushed: WALPosition) {
        self.number = number
        self.since = since
        self.inserted = inserted
        self.flushed = flushed
        covering = inserted
    }
}
