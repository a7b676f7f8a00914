import ProxyCore

extension MonitoredNode {
    /// The same login for another node.
    func at(_ index: Int, name: String, address: NodeAddress) -> MonitoredNode {
        MonitoredNode(
            index: index,
            name: name,
            address: address,
            weight: weight,
            zone: zone,
            user: user,
            password: password,
            database: database,
            parameters: parameters,
            promotion: promotion
        )
    }

    /// Tags take away what the configuration grants, and grant nothing that it does not.
    func tagged(by node: DiscoveredNode) -> MonitoredNode {
        MonitoredNode(
            index: index,
            name: name,
            address: address,
            weight: node.takesNoReads ? 0 : weight,
            zone: node.zone ?? zone,
            user: user,
            password: password,
            database: database,
            parameters: parameters,
            promotion: PromotionPolicy(
                priority: promotion.priority,
                isExcluded: promotion.isExcluded || node.isNeverPromoted
            )
        )
    }
}
