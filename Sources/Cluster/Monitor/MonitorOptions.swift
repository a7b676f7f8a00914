/// How nodes are watched.
package struct MonitorOptions: Sendable {
    package var rules: WatchRules
    /// A check that takes longer has failed. Setting `node_check_timeout`.
    package var timeout: Duration
    /// A host name is looked up again after this long, and after a connect that failed.
    package var resolveInterval: Duration
    package var lagLimits: LagLimits
    /// Nil: nothing is promoted; whoever does it is followed. Setting `failover`.
    package var promotion: PromotionRules?
    /// Nil: there are no nodes but those of the configuration. Setting `discover`.
    package var discovery: DiscoveryRules?
    /// Nil: there is no other proxy. Setting `coordination`.
    package var coordination: CoordinationOptions?

    package init(
        rules: WatchRules = WatchRules(),
        timeout: Duration = .seconds(3),
        resolveInterval: Duration = .seconds(30),
        lagLimits: LagLimits = LagLimits(),
        promotion: PromotionRules? = nil,
        discovery: DiscoveryRules? = nil,
        coordination: CoordinationOptions? = nil
    ) {
        self.rules = rules
        self.timeout = timeout
        self.resolveInterval = resolveInterval
        self.lagLimits = lagLimits
        self.promotion = promotion
        self.discovery = discovery
        self.coordination = coordination
    }
}
