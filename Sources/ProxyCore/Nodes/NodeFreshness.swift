/// How far one node is known to have come.
package struct NodeFreshness: Sendable, Equatable {
    /// The newest look at the primary whose position the node has replayed; 0: nothing is known. Unused for the
    /// primary.
    package var covered: SampleNumber
    /// What it has replayed; for the primary, what it has written.
    package var position: WALPosition?
    /// What a replica has received of the primary's log; for the primary, what it has flushed.
    package var received: WALPosition?
    /// The state of a replica's WAL receiver, such as `streaming`; nil where there is none, or the monitoring user may
    /// not know.
    package var receiver: String?
    /// Age of the oldest position of the primary that it has not replayed; nil: not known.
    package var lag: Microseconds?
    /// Bytes of the log that it has not replayed; nil: not known.
    package var lagBytes: UInt64?
    package var verdict: LagVerdict

    package init(
        covered: SampleNumber = 0,
        position: WALPosition? = nil,
        received: WALPosition? = nil,
        receiver: String? = nil,
        lag: Microseconds? = nil,
        lagBytes: UInt64? = nil,
        verdict: LagVerdict = .notJudged
    ) {
        self.covered = covered
        self.position = position
        self.received = received
        self.receiver = receiver
        self.lag = lag
        self.lagBytes = lagBytes
        self.verdict = verdict
    }
}

/// One look at the primary's WAL position.
package struct PrimarySample: Sendable, Equatable {
    package let number: SampleNumber
    /// What is covered by it: all that was inserted into the log when it was taken.
    package let position: SessionPosition

    package init(number: SampleNumber, position: SessionPosition) {
        self.number = number
        self.position = position
    }
}

/// What the control plane knows of all nodes' WAL positions at one moment: an immutable value for the workers.
package struct FreshnessReport: Sendable, Equatable {
    /// By node index.
    package var nodes: [NodeFreshness]
    /// The newest look at the primary; nil where there has been none.
    package var newest: PrimarySample?

    package init(nodes: [NodeFreshness], newest: PrimarySample?) {
        self.nodes = nodes
        self.newest = newest
    }
}
