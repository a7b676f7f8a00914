/// What the choice among read nodes knows of one of them.
struct NodeBalance: BitwiseCopyable {
    /// With fewer samples than this, or from fewer tenths of a second, a node is taken to be as quick as the others
    /// are: what many reads find within one moment is one finding.
    static let enoughSamples = 8
    static let enoughLooks = 3
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
    /// Tenths of a second from which there are samples, up to `enoughLooks`.
    private var looks = 0
    /// The first samples (`enoughSamples` of them), in ascending order.
    private var first = InlineArray<8, Double>(repeating: 0)
    /// What has been measured since the last look.
    private var recentSum = 0.0
    private var recent = 0

    var isKnown: Bool { looks >= Self.enoughLooks && samples >= Self.enoughSamples }

    var isStarting: Bool { weight < fullWeight }

    /// The node takes reads from now on.
    mutating func enter(now: Microseconds) {
        since = now
        measured = 0
        latency = 0
        trust = 1
        samples = 0
        looks = 0
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
        if samples < Self.enoughSamples { return begin(with: sample) }
        let capped = min(sample, Self.outlier * measured + Self.noise)
        recentSum += capped
        if trust < 1 { trustAgain(capped) }
    }

    /// Where there are enough, the node begins with the median: of the first reads one or two may have met a server
    /// whose caches were empty, or a busy processor, which in a mean would keep all that follow away for seconds.
    private mutating func begin(with sample: Double) {
        var place = samples
        while place > 0, first[place - 1] > sample {
            first[place] = first[place - 1]
            place -= 1
        }
        first[place] = sample
        samples &+= 1
        measured = (first[(samples - 1) / 2] + first[samples / 2]) / 2
        latency = measured
        recentSum = measured * Double(recent)
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
    mutating func decay(towards best: Double, share: Double) {
        if recent > 0, looks < Self.enoughLooks { looks &+= 1 }
        guard samples >= Self.enoughSamples else { return }
        if recent == 0 {
            guard isKnown else { return }
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
