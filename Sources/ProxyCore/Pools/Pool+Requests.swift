import Bytes

/// What a pool answers to who asks for a server.
struct Grant: Equatable {
    /// A server that was free, and is the asking client's from now on; `.none`: there is none.
    let server: Handle
    /// A node on which one more would serve such requests better, if it may be opened; nil: none.
    var opens: Int?

    static let none = Grant(server: .none)
}

/// Requests for servers: which of the free ones is granted.
///
/// On which nodes a request may be served is not the pool's to say, but its caller's, who knows how fresh they are and
/// how busy.
extension Pool {
    /// A free server of this node: one with the session's settings, then one that nobody has had, then one that has
    /// none of anybody's, then one whose settings are least likely to be asked for again.
    mutating func grant(from node: Int, _ profile: ProfileID, _ profiles: ProfileStore, now: Microseconds) -> Grant {
        if let server = takeWithoutChange(node, profile) { return Grant(server: server) }
        return takeToChange(node, profile, profiles, now: now)
    }

    /// The same, but rather than change a server's settings, one of another node that has them.
    /// - Parameters:
    ///   - others: nodes that may serve the request as well.
    ///   - isAsGood: whether one of them may be taken instead; told for how long the node's own servers have been free,
    ///     in microseconds.
    mutating func grant(
        from node: Int,
        _ profile: ProfileID,
        _ profiles: ProfileStore,
        now: Microseconds,
        orFrom others: NodeList,
        where isAsGood: (_ other: Int, _ idle: Microseconds) -> Bool
    ) -> Grant {
        if let server = takeWithoutChange(node, profile) { return Grant(server: server) }
        guard let oldest = nodes[node].idle.oldest else { return .none }
        for place in 0..<others.count where others[place] != node {
            let other = others[place]
            guard isAsGood(other, now - oldest.since), let server = nodes[other].takeFitting(profile) else { continue }
            return Grant(server: server, opens: lacksItsShare(node, beside: other) ? node : nil)
        }
        return takeToChange(node, profile, profiles, now: now)
    }

    private mutating func takeWithoutChange(_ node: Int, _ profile: ProfileID) -> Handle? {
        nodes[node].takeWarmest(profile) ?? nodes[node].takeFitting(profile) ?? nodes[node].takeUnused()
    }

    private mutating func takeToChange(
        _ node: Int,
        _ profile: ProfileID,
        _ profiles: ProfileStore,
        now: Microseconds
    ) -> Grant {
        if let clean = nodes[node].takeFitting(.base) { return Grant(server: clean) }
        guard let server = nodes[node].takeToChange(now: now) else { return .none }
        let isWorthOne = nodes[node].connecting == 0 && profiles.settings(of: profile).count >= ProfileStore.many
        return Grant(server: server, opens: isWorthOne ? node : nil)
    }

    /// Whether a node that was chosen and had no free server has fewer than the one that gave its own: it gets its
    /// share from the next time on.
    func lacksItsShare(_ node: Int, beside other: Int) -> Bool {
        nodes[node].connecting == 0 && nodes[node].total < nodes[other].total
    }
}
