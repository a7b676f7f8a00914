/// All nodes at one moment: an immutable value that the control plane hands to every worker.
package struct Topology: Sendable, Equatable {
    /// By slot. From one topology to the next there are never fewer.
    package var nodes: [Node]

    package init(nodes: [Node]) {
        self.nodes = nodes
    }

    /// The node that takes writes: the one that says it is primary. Two that say so are none, since which of them may
    /// be written to cannot be told.
    package var primary: Int? {
        var found: Int?
        for node in nodes where node.state == .up(.primary) {
            if found != nil { return nil }
            found = node.index
        }
        return found
    }

    /// Without those that have left.
    package var members: [Node] { nodes.filter(\.isMember) }

    package var replicas: [Int] {
        nodes.compactMap { $0.state == .up(.replica) ? $0.index : nil }
    }
}
