import ProxyCore

/// What the control plane has to tell the log; each is told once.
package enum ClusterEvent: Sendable, Equatable {
    case node(name: String, NodeTransition)
    /// A replica begins or ceases to take reads, by its lag.
    case lag(node: String, LagVerdict)
    /// The addresses of a node's host name changed.
    case addresses(node: String, [String])
    /// A node must not be used; also told where the reason changes.
    case fenced(node: String, FenceReason)
    /// Nothing speaks against the node any more. `unknown`: but it does not answer.
    case unfenced(node: String, NodeRole)
    /// `nodes`: names, by the places that the news speaks of.
    case promotion(PromotionNews, nodes: [String])
    case command(node: String, NodeCommand, NodeCommandOutcome)
    /// `nodes`: names, by the places that the news speaks of.
    case following(FollowingNews, nodes: [String])
    /// Commits on the primary wait for a standby.
    case commitsWait(node: String, CommitWait)
    /// They do no more.
    case commitsGoOn(node: String)
    /// A node that is not in the configuration has been found, or is back.
    case joined(node: String, address: String)
    /// It has not been listed for `discover_forget`.
    case left(node: String)
    /// A node of the configuration, by a reload.
    case added(node: String, address: String)
    case removed(node: String)
    /// A reload has changed which nodes there are, which waits for the end of a failover or a switchover.
    case nodesWait
    /// `max_nodes` is reached.
    case notTaken(node: String, maximum: Int)
    /// The primary does not tell the monitoring user who streams from it.
    case sendersDenied(node: String, user: String)
    case patroni(PatroniNews)
    case coordination(CoordinationNews)
    case catalogLoaded(database: String, node: String, functions: Int, relations: Int, took: Duration)
    case catalogFailed(database: String, reason: String)

    /// Whether somebody should look into it.
    package var isTrouble: Bool {
        switch self {
        case .node(_, let transition):
            switch transition {
            case .notReached, .suspected, .lost, .reasonChanged: true
            case .discovered, .cleared, .returned, .promoted, .demoted, .versionChanged: false
            }
        case .lag(_, let verdict): verdict.reason != nil
        case .fenced, .catalogFailed, .notTaken, .sendersDenied: true
        case .patroni(let news): news.isTrouble
        case .coordination(let news): news.isTrouble
        case .promotion(let news, _):
            switch news {
            case .hindered, .chosen: true
            case .calledOff, .done: false
            }
        case .command(_, _, let outcome): outcome.isTrouble
        case .following(let news, _): news.isTrouble
        case .commitsWait: true
        case .commitsGoOn, .unfenced, .addresses, .joined, .left, .added, .removed, .nodesWait, .catalogLoaded:
            false
        }
    }
}

extension ClusterEvent: CustomStringConvertible {
    package var description: String {
        switch self {
        case .node(let name, let transition):
            "node \(name) \(transition)"
        case .lag(let name, let verdict):
            if let reason = verdict.reason {
                "node \(name) gets no reads: it \(reason)"
            } else {
                "node \(name) is near enough to the primary: it gets reads"
            }
        case .addresses(let node, let list):
            "node \(node) has the addresses \(list.joined(separator: ", "))"
        case .fenced(let node, let reason): "node \(node) is fenced: \(reason)"
        case .unfenced(let node, let role): "node \(node) is not fenced any more: \(Self.words(role))"
        case .promotion(let news, let nodes): news.text(nodes)
        case .joined(let node, let address): "node \(node) has been found at \(address)"
        case .left(let node): "node \(node) has left: it is listed no more"
        case .added(let node, let address): "node \(node) has been added at \(address)"
        case .removed(let node): "node \(node) has been taken out of the configuration"
        case .nodesWait: "nodes are added and removed once the failover or switchover that is under way is over"
        case .notTaken(let node, let maximum):
            "node \(node) is not taken in: there are \(maximum) nodes already; raise max_nodes"
        case .sendersDenied(let node, let user):
            "node \(node) does not tell monitor_user \"\(user)\" of its replicas, so that none is discovered; mend it there with "
                + "GRANT pg_monitor TO \(ProbeFailure.quoted(user))"
        case .patroni(let news): news.description
        case .coordination(let news): news.description
        case .command(let node, let command, let outcome): command.text(node, outcome)
        case .following(let news, let nodes): news.text(nodes)
        case .commitsWait(let node, let wait):
            "node \(node): \(wait.text); \(wait.sessions) session\(wait.sessions == 1 ? "" : "s") wait there now"
        case .commitsGoOn(let node): "node \(node): commits go on: as many standbys follow as they ask for"
        case .catalogLoaded(let database, let node, let functions, let relations, let took):
            "catalog of database \(database) loaded from node \(node): \(functions) functions, "
                + "\(relations) relations of note, \(took)"
        case .catalogFailed(let database, let reason):
            "catalog of database \(database) not loaded: \(reason)"
        }
    }

    private static func words(_ role: NodeRole) -> String {
        switch role {
        case .primary: "it is the primary"
        case .replica: "it is a replica"
        case .unknown: "it does not answer"
        }
    }
}
