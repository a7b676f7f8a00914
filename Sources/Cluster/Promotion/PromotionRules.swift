/// When and how a replica is promoted. Settings `failover = promote` and those named here.
package struct PromotionRules: Sendable, Equatable {
    /// So long must the primary have been lost, and no replica have heard from it. Setting `promote_delay`.
    package var delay: Duration
    /// A promotion that was refused is tried again after this.
    package var retry: Duration
    /// So long `pg_promote()` waits; a candidate that is a replica still after that has not been promoted.
    package var patience: Duration
    /// Other proxies are asked first: `Coordinator`. Setting `coordination`.
    package var isCoordinated: Bool

    package init(
        delay: Duration = .seconds(3),
        retry: Duration = .seconds(10),
        patience: Duration = .seconds(60),
        isCoordinated: Bool = false
    ) {
        self.delay = delay
        self.retry = retry
        self.patience = patience
        self.isCoordinated = isCoordinated
    }
}

/// What the configuration says of a node that might be promoted.
package struct PromotionPolicy: Sendable, Equatable {
    /// Among replicas with as much of the log, the one with the greatest is taken. Setting `priority`.
    package var priority: Int
    /// Setting `nofailover`.
    package var isExcluded: Bool

    package init(priority: Int = 100, isExcluded: Bool = false) {
        self.priority = priority
        self.isExcluded = isExcluded
    }
}
