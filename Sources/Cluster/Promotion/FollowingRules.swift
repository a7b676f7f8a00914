/// When a replica is pointed at the primary by `Following`.
package struct FollowingRules: Sendable, Equatable {
    /// So long may one not follow without anything being done, where nothing is owed from a promotion: a restart takes
    /// its time. The same again for each proxy that has its turn before.
    package var patience: Duration
    /// Between two tries at first; twice as long after each.
    package var retry: Duration
    package var longestRetry: Duration

    package init(
        patience: Duration = .seconds(5),
        retry: Duration = .seconds(5),
        longestRetry: Duration = .seconds(60)
    ) {
        self.patience = patience
        self.retry = retry
        self.longestRetry = longestRetry
    }
}
