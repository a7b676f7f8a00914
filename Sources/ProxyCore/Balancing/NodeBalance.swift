/// What the choice among read nodes knows of one of them.
struct NodeBalance: BitwiseCopyable {
    /// With fewer samples than this, a node is taken to be as quick as the others are.
    static let enoughSamples = 8
    /// Microseconds below which differences of latency say nothing.
    static let noise = 50.0
    /// Share of the difference by which a slower sample raises the latency, and a quicker one lowers it: a node that
    /// has become slow is avoided within a few reads, and one quick read does not make it a quick node.
    static let rise = 0.0625
    static let fall = 0.03125
    /// A sample counts as at most so many times the latency so far: one long query is not a slow node.
    static let outlier = 4.0
    /// The part of its weight with which a node begins its slow start.
    static let slowest = 0.1

    /// Statements under way, over all pools.
    var inFlight = 0
    /// Its weight in relation to the heaviest, from 0 to 1, and what slow start leaves of it now.
    private(set) var fullWeight = 1.0
    private(set) var weight = 1.0
    /// When it began to take reads; nil: it takes none.
    private(set) var since: Microseconds?
    /// Smoothed time to the first byte of a read's reply, in microseconds, and what counts of it: less, the longer ago
    /// it was measured.
    private(set) var measured = 0.0
    private(set) var latency = 0.0
    /// From 1, just measured, to 0.
    private var trust = 1.0
    private(set) var samples = 0
    /// Nothing has been measured since the last look (`forget(towards:share:)`).
    private var isQuiet = true

    var isKnown: Bool { samples >= Self.enoughSamples }

    var isStarting: Bool { weight < fullWeight }

    /// The node takes reads from now on.
    mutating func enter(now: Microseconds) {
        since = now
        measured = 0
        latency = 0
        trust = 1
        samples = 0
    }

    mutating func leave() { since = nil }

    mutating func setWeight(_ full: Double, now: Microseconds, slowStart: Microseconds) {
        fullWeight = full
        guard let since, slowStart > 0, now - since < slowStart else {
            weight = full
            return
        }
        weight = full * max(Self.slowest, Double(now - since) / Double(slowStart))
    }

    /// - Parameter sample: microseconds.
    @inline(__always)
    mutating func note(_ sample: Double) {
        isQuiet = false
        if samples < Self.enoughSamples {
            samples &+= 1
            measured += (sample - measured) / Double(samples)
        } else {
            let capped = min(sample, Self.outlier * measured + Self.noise)
            // What was not trusted any more gives way to what is seen now.
            measured += (capped - measured) * max(capped > measured ? Self.rise : Self.fall, 1 - trust)
        }
        latency = measured
        trust = 1
    }

    /// Time has passed: without new samples the node nears the quickest, so that a slow one is tried again.
    /// - Parameters:
    ///   - best: the latency of the quickest node.
    ///   - share: of the trust, what has gone since the last call.
    mutating func forget(towards best: Double, share: Double) {
        if isQuiet, isKnown {
            trust *= 1 - share
            latency = best + (measured - best) * trust
        }
        isQuiet = true
    }
}
