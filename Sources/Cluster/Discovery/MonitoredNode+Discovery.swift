import ProxyCore

extension MonitoredNode {
    /// The same login for another node.
    func at(_ index: Int, name: String, address: NodeAddress) -> MonitoredNode {
        MonitoredNode(
            index: index,
            name: name,
            address: address,
            weight: weight,
            user: user,
            password: password,
            database: database,
            parameters: parameters,
            promotion: promotion
        )
    }

    func with(weight: Int, promotion: PromotionPolicy) -> MonitoredNode {
        MonitoredNode(
            index: index,
            name: name,
            address: address,
            weight: weight,
            user: user,
            password: password,
            database: database,
            parameters: parameters,
            promotion: promotion
        )
    }

    /// Tags take away what the configuration grants, and grant nothing that it does not.
    func tagged(by node: DiscoveredNode) -> MonitoredNode {
        with(
            weight: node.takesNoReads ? 0 : weight,
            promotion: PromotionPolicy(
                priority: promotion.priority,
                isExcluded: promotion.isExcluded || node.isNeverPromoted
            )
        )
    }
}
