import ProxyCore

/// The primary's positions of late, from which it can be told how far behind a replica is: without comparing clocks of
/// machines, right on an idle primary, and right for a replica whose stream is cut.
///
/// Looks that find the same position are one entry. When the ring is full, its older half is thinned: what is told then
/// errs towards more lag and less coverage, never the other way.
struct LagRing {
    private(set) var samples: [PositionSample] = []
    private let capacity: Int

    /// - Parameter capacity: entries, at least 8.
    init(capacity: Int = 256) {
        precondition(capacity >= 8)
        self.capacity = capacity
        samples.reserveCapacity(capacity)
    }

    var newest: PositionSample? { samples.last }

    /// - Parameter commitsFlushedWithin: how long a commit may stay without being flushed, in microseconds; nil where
    ///   that is not known.
    mutating func add(_ sample: PositionSample, commitsFlushedWithin: UInt64? = nil) {
        if let last = samples.last {
            // An answer that has overtaken another tells nothing new.
            if sample.number <= last.number || sample.inserted < last.inserted || sample.flushed < last.flushed {
                return
            }
            if last.inserted == sample.inserted, last.flushed == sample.flushed {
                samples[samples.count - 1].number = sample.number
                if let commitsFlushedWithin, sample.since - last.since > commitsFlushedWithin {
                    // Of a transaction that was rolled back, say: nobody flushes that, and replicas do not get it,
                    // before something else is written.
                    samples[samples.count - 1].covering = last.flushed
                }
                return
            }
        }
        if samples.count == capacity { thin() }
        samples.append(sample)
    }

    /// Drops every second entry of the older half, but for the first. The entry behind one that is dropped is taken to
    /// have been reached as early as that.
    private mutating func thin() {
        var kept: [PositionSample] = []
        kept.reserveCapacity(capacity)
        var inherited: UInt64?
        for (index, sample) in samples.enumerated() {
            if index < capacity / 2, index % 2 == 1 {
                inherited = sample.since
                continue
            }
            var sample = sample
            if let since = inherited { sample.since = since }
            inherited = nil
            kept.append(sample)
        }
        samples = kept
    }

    /// The newest look whose position has been replayed; 0 where there is none.
    func covered(by replayed: WALPosition) -> SampleNumber {
        samples.last { $0.covering <= replayed }?.number ?? 0
    }

    /// The age of the oldest position that has not been replayed, in microseconds; 0 where all have been, nil where
    /// there has been no look.
    func lag(of replayed: WALPosition, at now: UInt64) -> UInt64? {
        guard let last = samples.last else { return nil }
        if last.flushed <= replayed { return 0 }
        guard let oldest = samples.first(where: { $0.flushed > replayed }) else { return 0 }
        return now > oldest.since ? now - oldest.since : 0
    }

    /// Bytes up to the newest position; nil where there has been no look.
    func bytes(behind replayed: WALPosition) -> UInt64? {
        guard let last = samples.last else { return nil }
        return last.flushed > replayed ? last.flushed.rawValue - replayed.rawValue : 0
    }
}

/// One look at the primary, as the ring keeps it.
struct PositionSample: Equatable {
    /// Everything answered before this look was begun is covered by `covering`.
    var number: SampleNumber
    /// Since when, at the latest, the primary has been as far as `flushed`: microseconds of one monotonic clock.
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
