import MonotonicTime

/// Sees to it that the replicas follow the primary: finds those that do not, and when one is to be pointed there.
/// Events in, actions out, no I/O and no clock; times are microseconds of one monotonic clock, nodes are named by
/// place.
///
/// It goes by what the nodes say, and by what is owed from a promotion: so it does not matter who has promoted, or
/// whether whoever began to point replicas is still there. Pointing one twice does nothing more than pointing it once.
package struct Following: Sendable {
    /// Why this proxy may point replicas at this moment: it may write to the primary.
    package struct Right: Sendable, Equatable {
        /// How many other proxies have their turn before it.
        package var turn: Int
        /// Replicas that are to be pointed without delay.
        package var owed: Set<Int>

        package init(turn: Int = 0, owed: Set<Int> = []) {
            self.turn = turn
            self.owed = owed
        }
    }

    package enum Action: Sendable, Equatable {
        /// `ended` is due. `onlyFrom`: only where it names one of these nodes as what it streams from; nil: whatever it
        /// names.
        case point(replica: Int, primary: Int, onlyFrom: Set<Int>?)
        case log(FollowingNews)
    }

    private enum Standing: Sendable {
        /// It does not answer, must not be used, or is no replica.
        case away
        case follows
        /// It names the primary, and whether it streams from there must not be known.
        case trusted
        case astray(Astray)
    }

    private struct Astray: Sendable {
        let since: UInt64
        /// Not before this.
        var next: UInt64
        /// Between two tries.
        var pause: UInt64
        var isAsked = false
        /// Since when it has named the primary.
        var namesPrimary: UInt64?
        var hasToldOfThat = false
        /// What the log was told last of pointing it.
        var told: NodeCommandOutcome?
    }

    private let rules: FollowingRules
    /// The primary that they are to follow.
    private var primary: Int?
    private var standings: [Standing] = []
    /// From a promotion of this proxy's own.
    private var owed: Set<Int> = []

    package init(rules: FollowingRules = FollowingRules()) { self.rules = rules }

    /// A replica was promoted, and these are to follow it.
    package mutating func owe(_ replicas: [Int]) { owed.formUnion(replicas) }

    /// The place is another node's from now on, or nobody's.
    package mutating func forget(_ place: Int) {
        owed.remove(place)
        if standings.indices.contains(place) { standings[place] = .away }
        if primary == place { primary = nil }
    }

    /// Replicas that follow the primary, as far as that may be known.
    package var followers: Set<Int> {
        Set(
            standings.indices.filter { place in
                switch standings[place] {
                case .follows, .trusted: true
                case .away, .astray: false
                }
            }
        )
    }

    /// Something about a node may have changed.
    ///
    /// - Parameters:
    ///   - former: a node that was the primary before, by what other proxies know.
    ///   - right: nil: this proxy may not point anybody.
    package mutating func look(
        _ scene: PromotionScene,
        former: Int? = nil,
        _ right: Right?,
        at now: UInt64
    ) -> [Action] {
        guard let primary = scene.primary else { return [] }
        if primary != self.primary {
            self.primary = primary
            standings = []
            owed.remove(primary)
        }
        while standings.count < scene.nodes.count { standings.append(.away) }
        return scene.nodes.indices.flatMap { place in
            place == primary ? [] : look(place, primary, scene, former, right, at: now)
        }
    }

    private mutating func look(
        _ place: Int,
        _ primary: Int,
        _ scene: PromotionScene,
        _ former: Int?,
        _ right: Right?,
        at now: UInt64
    ) -> [Action] {
        let node = scene.nodes[place]
        guard node.role == .replica, !node.isFenced else {
            standings[place] = .away
            return []
        }
        if node.isStreaming, node.timeline != nil, node.timeline == scene.timeline {
            standings[place] = .follows
            owed.remove(place)
            return []
        }
        var astray: Astray
        switch standings[place] {
        case .trusted: return []
        case .away, .follows: astray = Astray(since: now, next: now, pause: rules.retry.microseconds)
        case .astray(let known): astray = known
        }
        defer { standings[place] = .astray(astray) }
        if let since = astray.namesPrimary, !astray.hasToldOfThat, now >= since &+ rules.patience.microseconds * 4 {
            astray.hasToldOfThat = true
            return [.log(.namesPrimaryInVain(replica: place, primary: primary))]
        }
        guard let right, !astray.isAsked, now >= astray.next else { return [] }
        if owed.contains(place) || right.owed.contains(place) {
            astray.isAsked = true
            return [.point(replica: place, primary: primary, onlyFrom: nil)]
        }
        // Nothing is known of it.
        guard node.timeline != nil, !node.isHidden else { return [] }
        guard now >= astray.since &+ rules.patience.microseconds &* UInt64(1 + max(0, right.turn)) else { return [] }
        astray.isAsked = true
        // What has not even begun the primary's timeline has not followed it since the promotion. Else it is left to
        // whoever set it up, unless it names a node from which nothing good can come.
        let isBehind = node.timeline.map { own in scene.timeline.map { own < $0 } ?? false } ?? false
        let dead = scene.nodes.indices.filter { $0 != primary && scene.nodes[$0].isFenced }
        let bad = Set(dead + [place] + (former.map { $0 == primary ? [] : [$0] } ?? []))
        return [.point(replica: place, primary: primary, onlyFrom: isBehind ? nil : bad)]
    }

    /// What came of pointing a replica.
    ///
    /// - Parameter primary: at which it was to be pointed.
    package mutating func ended(
        _ replica: Int,
        _ outcome: NodeCommandOutcome,
        primary: Int,
        at now: UInt64
    ) -> [Action] {
        let isSame = primary == self.primary && standings.indices.contains(replica)
        guard isSame, case .astray(var astray) = standings[replica] else {
            return [.log(.pointed(replica: replica, outcome))]
        }
        astray.isAsked = false
        astray.next = now &+ astray.pause
        astray.pause = min(astray.pause * 2, rules.longestRetry.microseconds)
        let isNews = astray.told != outcome
        astray.told = outcome
        standings[replica] = .astray(astray)
        switch outcome {
        case .follows(_, let isHidden), .followsAlready(_, let isHidden):
            astray.namesPrimary = astray.namesPrimary ?? now
            standings[replica] = isHidden ? .trusted : .astray(astray)
            if isHidden { owed.remove(replica) }
        default: break
        }
        if case .followsAlready = outcome { return [] }
        return isNews && outcome != .leftAlone ? [.log(.pointed(replica: replica, outcome))] : []
    }
}

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
