/// How nodes that are not in the configuration are found, and when they are let go.
package struct DiscoveryRules: Sendable {
    /// Whether the primary is asked for its replicas (`discover = replication`).
    package var asksPrimary: Bool
    /// The port of replicas that do not tell theirs; nil: the primary's own. Setting `discover_port`.
    package var port: UInt16?
    /// A node that has not been listed for so long is let go. Setting `discover_forget`.
    package var forget: Duration
    /// Members at most. Setting `max_nodes`.
    package var maximum: Int
    /// How to log in to a node that was found: all but its name, address and weight.
    package var login: MonitoredNode

    package init(
        asksPrimary: Bool,
        port: UInt16? = nil,
        forget: Duration = .seconds(10),
        maximum: Int = 32,
        login: MonitoredNode
    ) {
        self.asksPrimary = asksPrimary
        self.port = port
        self.forget = forget
        self.maximum = maximum
        self.login = login
    }
}
