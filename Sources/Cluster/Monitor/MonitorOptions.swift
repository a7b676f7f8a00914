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

    package init(
        rules: WatchRules = WatchRules(),
        timeout: Duration = .seconds(3),
        resolveInterval: Duration = .seconds(30),
        lagLimits: LagLimits = LagLimits(),
        promotion: PromotionRules? = nil
    ) {
        self.rules = rules
        self.timeout = timeout
        self.resolveInterval = resolveInterval
        self.lagLimits = lagLimits
        self.promotion = promotion
    }
}
