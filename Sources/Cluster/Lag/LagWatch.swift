import ProxyCore

/// How far each replica is behind the primary, from what nodes say in checks. Without sockets or clock; times are
/// microseconds of one monotonic clock.
package struct LagWatch: Sendable {
    /// Which log the ring's positions are of.
    private struct Source: Equatable {
        let node: Int
        let timeline: UInt32
        let systemIdentifier: String?
    }

    /// Setting them anew holds from the next report on.
    package var limits: LagLimits
    private var ring = LagRing()
    private var source: Source?
    private var readings: [NodeReading?]
    private var verdicts: [LagVerdict]

    /// - Parameter nodes: how many; they are named by their places.
    package init(nodes: Int, limits: LagLimits) {
        self.limits = limits
        readings = Array(repeating: nil, count: nodes)
        verdicts = Array(repeating: .notJudged, count: nodes)
    }

    /// A node has joined, in a place of its own or in that of one that has left.
    package mutating func joined(_ node: Int) {
        if node == readings.count {
            readings.append(nil)
            verdicts.append(.notJudged)
            return
        }
        readings[node] = nil
        verdicts[node] = .notJudged
        if source?.node == node {
            source = nil
            ring = LagRing()
        }
    }

    /// A node has answered.
    ///
    /// - Parameter primary: the only node that says it is primary; nil where there is none, or several.
    package mutating func observed(_ node: Int, _ reading: NodeReading, primary: Int?) {
        readings[node] = reading
        guard node == primary, reading.role == .primary, let reached = reading.reached, let flushed = reading.flushed,
            let timeline = reading.timeline
        else { return }
        let source = Source(
            node: node,
            timeline: timeline,
            systemIdentifier: reading.systemIdentifier ?? self.source?.systemIdentifier
        )
        if source != self.source {
            // Bytes of another log cannot be compared with these.
            self.source = source
            ring = LagRing()
        }
        ring.add(
            PositionSample(
                number: reading.number,
                since: reading.sentAt,
                inserted: Self.withoutPageHeader(reached),
                flushed: Self.withoutPageHeader(flushed)
            ),
            commitsFlushedWithin: reading.commitsFlushedWithin
        )
    }

    /// A node does not answer any more: what it said counts no longer.
    package mutating func lost(_ node: Int) {
        readings[node] = nil
    }

    /// At the very beginning of a page, the primary names the place behind the page's header, and replicas the end of
    /// the page before: a replica that has everything would be behind for as long as the primary is idle. No record
    /// ends in between, so the page's beginning says the same.
    private static func withoutPageHeader(_ position: WALPosition) -> WALPosition {
        let offset = position.rawValue % 8192
        return offset == 24 || offset == 40 ? WALPosition(rawValue: position.rawValue - offset) : position
    }

    /// What workers are to know.
    package mutating func report(at now: UInt64) -> FreshnessReport {
        let nodes = readings.indices.map { freshness(of: $0, at: now) }
        for (index, node) in nodes.enumerated() { verdicts[index] = node.verdict }
        return FreshnessReport(nodes: nodes, newest: newest)
    }

    /// The number of the newest look at the primary; 0 where there has been none.
    package var newestNumber: SampleNumber { ring.newest?.number ?? 0 }

    /// The newest look at the primary that a replica is known to have replayed.
    package func covered(_ node: Int) -> SampleNumber {
        guard let replayed = readings[node]?.reached else { return 0 }
        return ring.covered(by: replayed)
    }

    private var newest: PrimarySample? {
        guard let source, let sample = ring.newest else { return nil }
        let position = SessionPosition(position: sample.inserted, timeline: source.timeline)
        return PrimarySample(number: sample.number, position: position)
    }

    private func freshness(of node: Int, at now: UInt64) -> NodeFreshness {
        guard let reading = readings[node] else { return NodeFreshness() }
        var found = judged(node, reading, at: now)
        found.received = reading.flushed
        found.receiver = reading.hidesReceiver ? nil : reading.receiver
        return found
    }

    private func judged(_ node: Int, _ reading: NodeReading, at now: UInt64) -> NodeFreshness {
        guard reading.role == .replica else { return NodeFreshness(position: reading.reached) }
        guard let source else {
            // There is no primary to be behind of, and none to ask instead.
            return NodeFreshness(position: reading.reached)
        }
        if let stranger = stranger(reading, source) {
            return NodeFreshness(position: reading.reached, verdict: .unknown(reason: stranger))
        }
        guard let replayed = reading.reached, let lag = ring.lag(of: replayed, at: now),
            let bytes = ring.bytes(behind: replayed)
        else { return NodeFreshness(verdict: .unknown(reason: "has not told what it has replayed")) }
        let isOver = if case .behind = verdicts[node] { true } else { false }
        let excess = limits.excess(lag: lag, bytes: bytes, isOver: isOver)
        return NodeFreshness(
            covered: ring.covered(by: replayed),
            position: replayed,
            lag: Microseconds(lag),
            lagBytes: bytes,
            verdict: excess.map { .behind(reason: $0) } ?? .near
        )
    }

    /// Why a replica's positions cannot be compared with the primary's.
    private func stranger(_ reading: NodeReading, _ source: Source) -> String? {
        if let ours = source.systemIdentifier, let theirs = reading.systemIdentifier, ours != theirs {
            return "is a replica of another cluster (system identifier \(theirs), the primary's is \(ours))"
        }
        // On another timeline the same number of bytes is another place, and unknown is not fresh.
        if let timeline = reading.timeline, timeline != source.timeline {
            return "is on timeline \(timeline), the primary on \(source.timeline)"
        }
        return nil
    }
}
