/// What the checks of a node add up to.
package enum NodeHealth: Sendable, Equatable {
    /// No check has ended yet.
    case unasked
    /// All checks of the window succeeded.
    case up(NodeObservation)
    /// In use; some checks of the window failed. Bit n of `failed` is set where the n-th last check failed.
    case suspect(NodeObservation, failed: UInt32, last: ProbeFailure)
    /// Not in use. `successes` answers in a row since, fewer than the rules ask for.
    case lost(ProbeFailure, successes: Int)

    /// What it last said of itself, while that counts.
    package var observation: NodeObservation? {
        switch self {
        case .up(let seen), .suspect(let seen, _, _): seen
        case .unasked, .lost: nil
        }
    }
}
