/// How far one node is known to have come.
package struct NodeFreshness: Sendable, Equatable {
    /// The newest look at the primary whose position the node has replayed; 0: nothing is known. Unused for the primary.
    package var covered: SampleNumber
    /// What it has replayed; for the primary, what it has written.
    package var position: WALPosition?
    /// Age of the oldest position of the primary that it has not replayed; nil: not known.
    package var lag: Microseconds?
    /// Bytes of the log that it has not replayed; nil: not known.
    package var lagBytes: UInt64?
    package var verdict: LagVerdict

    package init(
        covered: SampleNumber = 0,
        position: WALPosition? = nil,
        lag: Microseconds? = nil,
        lagBytes: UInt64? = nil,
        verdict: LagVerdict = .notJudged
    ) {
        self.covered = covered
        self.position = position
        self.lag = lag
        self.lagBytes = lagBytes
        self.verdict = verdict
    }
}
