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
