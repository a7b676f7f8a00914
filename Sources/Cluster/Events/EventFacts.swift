import ProxyCore

/// What a command is told of an event (setting `on_event`).
package struct EventFacts: Sendable, Equatable {
    /// What happened to a node. The raw value is `HOWDAH_EVENT`.
    package enum Kind: String, Sendable {
        case up, down, promoted, demoted, fenced, unfenced, lagging, fresh
    }

    package let kind: Kind
    package let node: String
    /// What the node is by its own word, as far as the event tells.
    package let role: NodeRole
    package let reason: String

    package init(kind: Kind, node: String, role: NodeRole, reason: String) {
        self.kind = kind
        self.node = node
        self.role = role
        self.reason = reason
    }
}

extension ClusterEvent {
    /// Nil for what is only worth a line in the log.
    package var facts: EventFacts? {
        switch self {
        case .node(let name, let transition): transition.facts(name)
        case .lag(let node, let verdict):
            EventFacts(
                kind: verdict.reason == nil ? .fresh : .lagging,
                node: node,
                role: .replica,
                reason: verdict.reason ?? ""
            )
        case .fenced(let node, let reason):
            EventFacts(kind: .fenced, node: node, role: .unknown, reason: reason.description)
        case .unfenced(let node, let role): EventFacts(kind: .unfenced, node: node, role: role, reason: "")
        case .addresses, .promotion, .command, .joined, .left, .added, .removed, .nodesWait, .notTaken,
            .sendersDenied, .patroni, .coordination, .following, .commitsWait, .commitsGoOn, .catalogLoaded,
            .catalogFailed:
            nil
        }
    }
}

extension NodeTransition {
    fileprivate func facts(_ node: String) -> EventFacts? {
        switch self {
        case .discovered(let seen), .returned(let seen):
            EventFacts(kind: .up, node: node, role: seen.role, reason: "")
        case .notReached(let failure), .lost(let failure):
            EventFacts(kind: .down, node: node, role: .unknown, reason: failure.reason)
        case .promoted: EventFacts(kind: .promoted, node: node, role: .primary, reason: "")
        case .demoted: EventFacts(kind: .demoted, node: node, role: .replica, reason: "")
        case .suspected, .cleared, .reasonChanged, .versionChanged: nil
        }
    }
}
