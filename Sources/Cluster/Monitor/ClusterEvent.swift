import ProxyCore

/// What the control plane has to tell the log; each is told once.
package enum ClusterEvent: Sendable, Equatable {
    case node(name: String, NodeTransition)
    /// A replica begins or ceases to take reads, by its lag.
    case lag(node: String, LagVerdict)
    /// The addresses of a node's host name changed.
    case addresses(node: String, [String])
    /// More than one node says that it is primary: none is written to.
    case severalPrimaries([String])
    case catalogLoaded(database: String, node: String, functions: Int, relations: Int, took: Duration)
    case catalogFailed(database: String, reason: String)
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
        case .severalPrimaries(let names):
            "nodes \(names.joined(separator: " and ")) all say that they are primary: none of them is written to; "
                + "stop all but one"
        case .catalogLoaded(let database, let node, let functions, let relations, let took):
            "catalog of database \(database) loaded from node \(node): \(functions) functions, "
                + "\(relations) relations of note, \(took)"
        case .catalogFailed(let database, let reason):
            "catalog of database \(database) not loaded: \(reason)"
        }
    }
}
