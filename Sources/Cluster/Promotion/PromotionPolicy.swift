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
