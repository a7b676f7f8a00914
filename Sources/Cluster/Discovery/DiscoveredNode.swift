import ProxyCore

/// A node that somebody has told of: the primary, or Patroni. What it is, it is asked itself.
package struct DiscoveredNode: Sendable, Equatable {
    package let name: String
    package let address: NodeAddress
    /// The numeric addresses of its host, as far as they are known: what tells that it is a node which is watched
    /// already under another name.
    package let numericHosts: [String]
    /// Where it runs, by a tag `zone` of Patroni's; nil: nobody says.
    package let zone: String?
    /// Patroni's tag `noloadbalance`.
    package let takesNoReads: Bool
    /// Patroni's tag `nofailover`.
    package let isNeverPromoted: Bool
    /// What is said of its state, in any words: where they change, the node is asked at once.
    package let state: String

    package init(
        name: String,
        address: NodeAddress,
        numericHosts: [String] = [],
        zone: String? = nil,
        takesNoReads: Bool = false,
        isNeverPromoted: Bool = false,
        state: String = ""
    ) {
        self.name = name
        self.address = address
        self.numericHosts = numericHosts
        self.zone = zone
        self.takesNoReads = takesNoReads
        self.isNeverPromoted = isNeverPromoted
        self.state = state
    }
}
