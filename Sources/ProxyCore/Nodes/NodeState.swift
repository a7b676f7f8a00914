/// Whether statements may be sent to a node, and as what: its own word (`pg_is_in_recovery()`) after the watch's
/// verdict on it.
package enum NodeState: Sendable, Equatable {
    /// Nothing is known yet, or the last checks failed: gets no statements.
    case unknown(reason: String)
    case up(NodeRole)
    /// It may be a second primary, or on a timeline that has ended: gets no statements, and what runs there is cut off,
    /// since whatever it says has no weight.
    case fenced(reason: String)

    /// What it may be used as.
    package var role: NodeRole {
        switch self {
        case .unknown, .fenced: .unknown
        case .up(let role): role
        }
    }

    package var isFenced: Bool {
        switch self {
        case .fenced: true
        case .unknown, .up: false
        }
    }

    /// Why it gets no statements; nil where it does.
    package var reason: String? {
        switch self {
        case .unknown(let reason), .fenced(let reason): reason
        case .up: nil
        }
    }

    /// One word, for lists of nodes: `up`, `down` or `fenced`.
    package var word: String {
        switch self {
        case .unknown: "down"
        case .up: "up"
        case .fenced: "fenced"
        }
    }
}
