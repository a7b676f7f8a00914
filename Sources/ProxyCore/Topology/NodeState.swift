/// What the watch on a node last saw: its role, and whether statements may be sent to it.
package enum NodeState: Sendable, Equatable {
    /// Nothing is known yet, or the last checks failed: gets no statements.
    case unknown(reason: String)
    case up(NodeRole)

    package var role: NodeRole {
        switch self {
        case .unknown: .unknown
        case .up(let role): role
        }
    }
}
