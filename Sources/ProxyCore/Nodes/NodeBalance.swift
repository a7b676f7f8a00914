/// What the choice among read nodes knows of one of them.
struct NodeBalance: BitwiseCopyable {
    /// With fewer samples than this, a node is taken to be as quick as the others are.
    static let enoughSamples = 8
    /// Microseconds below which differences of latency say nothing.
    static let noise = 200.0
    /// Share of the difference by which a slower tenth of a second raises the latency, and a quicker one lowers it: a
    /// node that has become slow is avoided before it is trusted again. Where processors are short single reads, and
    /// the few that share a time slice, tell more of the scheduler than of the node.
    static let rise = 0.3
    static let fall = 0.25
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
    /// What has been measured since the last look.
    private var recentSum = 0.0
    private var recent = 0

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
        recent &+= 1
        if samples < Self.enoughSamples {
            samples &+= 1
            measured += (sample - measured) / Double(samples)
            latency = measured
            recentSum += sample
            return
        }
        let capped = min(sample, Self.outlier * measured + Self.noise)
        recentSum += capped
        if trust < 1 { trustAgain(capped) }
    }

    /// What was not trusted any more gives way to what is seen now.
    private mutating func trustAgain(_ sample: Double) {
        measured += (sample - measured) * (1 - trust)
        latency = measured
        trust = 1
    }

    /// A tenth of a second has passed. Without samples the node nears the quickest, so that a slow one is tried again.
    /// - Parameters:
    ///   - best: the latency of the quickest node.
    ///   - share: of the trust, what goes without samples.
    mutating func settle(towards best: Double, share: Double) {
        guard isKnown else { return }
        if recent == 0 {
            trust *= 1 - share
            latency = best + (measured - best) * trust
            return
        }
        let mean = recentSum / Double(recent)
        let weight = min(1, Double(recent) / Double(Self.enoughSamples))
        measured += (mean - measured) * weight * (mean > measured ? Self.rise : Self.fall)
        latency = measured
        recentSum = 0
        recent = 0
    }
}
