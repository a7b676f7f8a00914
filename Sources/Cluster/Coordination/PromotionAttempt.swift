/// One try to replace a lost primary, as all proxies see it. There is one key for it, changed by compare-and-swap
/// alone.
package struct PromotionAttempt: Sendable, Equatable {
    package enum Stage: String, Sendable {
        /// Proxies cut off the old primary, and say so.
        case fencing
        /// The candidate may have been told to become primary.
        case told
        /// It is the primary, and `followers` do not follow it yet. In etcd that is `done` with followers, so that
        /// versions that know of none go on.
        case following
        /// It is the primary, and nothing is left to do. The record stays: whoever starts later learns from it that the
        /// old timeline has ended.
        case done
        /// Nothing has been promoted.
        case cancelled

        /// Nobody is the primary yet.
        var isActive: Bool { self == .fencing || self == .told }

        /// The old timeline may have ended.
        var isBinding: Bool { self != .fencing && self != .cancelled }
    }

    /// Never given twice: one more than the revision of etcd at which it was asked for.
    package var number: UInt64
    /// Nodes, by name.
    package var old: String
    package var candidate: String
    /// Of the old primary; 0: not known.
    package var timeline: UInt32
    package var stage: Stage
    /// The proxy that carries it out: its id, and its name for people.
    package var by: String
    package var byName: String
    /// Nodes, by name, that are yet to follow the candidate; none before `following`.
    package var followers: [String]

    package init(
        number: UInt64,
        old: String,
        candidate: String,
        timeline: UInt32,
        stage: Stage,
        by: String,
        byName: String,
        followers: [String] = []
    ) {
        self.number = number
        self.old = old
        self.candidate = candidate
        self.timeline = timeline
        self.stage = stage
        self.by = by
        self.byName = byName
        self.followers = followers
    }

    /// The candidate is the primary.
    ///
    /// - Parameter names: of the nodes that do not follow it as yet.
    func promoted(leaving names: [String]) -> PromotionAttempt {
        var attempt = self
        attempt.stage = names.isEmpty ? .done : .following
        attempt.followers = names
        return attempt
    }
}
