import ProxyCore

/// Decides which of the nodes that say they are primary is right, so that never two are written to.
///
/// What a node says now is compared with what the others say and with the primary that was right before: by system
/// identifier, by timeline, and by the timelines' history where the nodes tell it. No I/O, no clock.
package struct Fencing: Sendable {
    /// How reasons name a node.
    package struct Node: Sendable {
        let name: String
        let conninfo: String

        package init(name: String, conninfo: String) {
            self.name = name
            self.conninfo = conninfo
        }
    }

    private struct Replacement {
        let old: Int
        let new: Int
    }

    private var nodes: [Node]
    package private(set) var accepted: AcceptedPrimary?
    /// Former primaries, which stay fenced until they answer as replicas.
    private var superseded: Set<Int> = []
    /// Replicas that have gone another way than the primary, until they follow.
    private var strays: Set<Int> = []
    private var replacement: Replacement?

    package init(nodes: [Node]) { self.nodes = nodes }

    /// A node has joined: in a place of its own, or in that of one that has left, of which nothing is remembered.
    package mutating func joined(_ place: Int, _ node: Node) {
        if place == nodes.count {
            nodes.append(node)
            return
        }
        precondition(accepted?.place != place)
        nodes[place] = node
        superseded.remove(place)
        strays.remove(place)
    }

    /// What reasons say of a node is another than before.
    package mutating func renamed(_ place: Int, _ node: Node) { nodes[place] = node }

    /// A node has been taken out of the configuration. What the primary was is remembered, but none stands in its place
    /// by being another node.
    package mutating func removed(_ place: Int) {
        if accepted?.place == place { accepted?.isMember = false }
        superseded.remove(place)
        strays.remove(place)
    }

    /// None of the nodes is left that all of it was known of.
    package mutating func forget() { self = Fencing(nodes: nodes) }

    /// It is back.
    package mutating func restored(_ place: Int) {
        if accepted?.place == place { accepted?.isMember = true }
    }

    /// A replica is about to be promoted in place of a primary that is lost: whatever that one says from now on, it is
    /// not used.
    package mutating func replace(_ old: Int, by new: Int) { replacement = Replacement(old: old, new: new) }

    /// Nothing has been promoted after all.
    package mutating func keep() { replacement = nil }

    /// - Parameters:
    ///   - claims: by place; nil: the node does not answer, or is lost by the watch's verdict.
    ///   - isComplete: whether every node has been asked since the start. Before, no primary is taken for right: a
    ///     newer one may be
    ///     among those that have not answered yet.
    package mutating func judge(_ claims: [NodeClaim?], isComplete: Bool) -> FencingVerdict {
        precondition(claims.count == nodes.count)
        var verdict = FencingVerdict(fences: claims.map { _ in nil }, primary: nil)
        fenceStrangers(claims, &verdict)
        if let replacement { verdict.fences[replacement.old] = .beingReplaced(by: nodes[replacement.new].name) }
        let primaries = claims.indices.filter { claims[$0]?.role == .primary && verdict.fences[$0] == nil }
        if isComplete || accepted != nil { choose(among: primaries, claims, &verdict) }
        if let primary = verdict.primary, let claim = claims[primary] {
            accept(primary, claim)
            // It has been replaced: what the old one says is compared with the new one as ever.
            if replacement?.new == primary {
                replacement = nil
                return judge(claims, isComplete: isComplete)
            }
        }
        fenceReplicas(claims, &verdict)
        fenceFormer(claims, &verdict)
        return verdict
    }

    // MARK: Strangers

    private func fenceStrangers(_ claims: [NodeClaim?], _ verdict: inout FencingVerdict) {
        guard let ours = systemIdentifier(claims) else { return }
        for (place, claim) in claims.enumerated() {
            if let theirs = claim?.systemIdentifier, theirs != ours {
                verdict.fences[place] = .otherSystem(theirs, ours: ours)
            }
        }
    }

    /// That of the primary that was right before; else that of the only primary; else that of most nodes.
    private func systemIdentifier(_ claims: [NodeClaim?]) -> String? {
        if let known = accepted?.systemIdentifier { return known }
        let primaries = claims.compactMap { $0 }.filter { $0.role == .primary }
        if primaries.count == 1, let only = primaries[0].systemIdentifier { return only }
        var counts: [String: Int] = [:]
        for claim in claims { if let name = claim?.systemIdentifier { counts[name, default: 0] += 1 } }
        guard let most = counts.values.max() else { return nil }
        let winners = counts.filter { $0.value == most }
        return winners.count == 1 ? winners.first?.key : nil
    }

    // MARK: Primaries

    private func choose(among primaries: [Int], _ claims: [NodeClaim?], _ verdict: inout FencingVerdict) {
        let standing = primaries.filter { !isOutdated($0, claims, &verdict) }
        guard let accepted else {
            if let newest = newest(of: standing, claims) {
                verdict.primary = newest
                fenceOlder(standing, than: newest, claims, &verdict)
            } else {
                dispute(standing, claims, &verdict)
            }
            return
        }
        var successors: [Int] = []
        var isPresumed = false
        var holder: Int?
        for place in standing {
            let relation = claims[place]?.timeline.flatMap { own in accepted.timeline.map { own.relation(to: $0) } }
            switch relation {
            // It goes on from itself, whatever was restored there: nobody has taken its place.
            case .same where place == accepted.place, .ancestor where place == accepted.place,
                .untoldOlder where place == accepted.place, .diverged where place == accepted.place,
                nil where place == accepted.place:
                holder = place
            // It may well be the same one, under another name.
            case .same where !accepted.isMember: successors.append(place)
            case .same: verdict.fences[place] = .secondPrimary(named(accepted))
            case .descendant: successors.append(place)
            case .untoldNewer, nil:
                successors.append(place)
                if place != accepted.place { isPresumed = true }
            case .ancestor(let end):
                verdict.fences[place] = .timelineEnded(number(claims[place]), ended: end, named(accepted))
            case .untoldOlder:
                verdict.fences[place] = .timelineEnded(number(claims[place]), ended: nil, named(accepted))
            case .diverged: verdict.fences[place] = .diverged(number(claims[place]), named(accepted))
            }
        }
        guard !successors.isEmpty else {
            verdict.primary = holder
            return
        }
        let rivals = successors + (holder.map { [$0] } ?? [])
        guard let newest = newest(of: successors, claims), !(isPresumed && holder != nil) else {
            dispute(rivals, claims, &verdict)
            return
        }
        verdict.primary = newest
        fenceOlder(rivals, than: newest, claims, &verdict)
    }

    /// Whether a replica receives a newer timeline, by which a primary that is not seen makes itself known.
    private func isOutdated(_ place: Int, _ claims: [NodeClaim?], _ verdict: inout FencingVerdict) -> Bool {
        guard let own = claims[place]?.timeline?.number else { return false }
        let witnesses = claims.indices.filter { other in
            guard let claim = claims[other], claim.isStreaming, verdict.fences[other] == nil else { return false }
            return claim.timeline.map { $0.number > own } ?? false
        }
        guard let witness = witnesses.max(by: { number(claims[$0]) ?? 0 < number(claims[$1]) ?? 0 }),
            let newer = number(claims[witness])
        else { return false }
        // Where the newer primary is seen, it is compared with this one itself.
        let isSeen = claims.contains { $0?.role == .primary && ($0?.timeline?.number ?? 0) >= newer }
        if isSeen { return false }
        verdict.fences[place] = .newerTimeline(newer, receivedBy: nodes[witness].name)
        return true
    }

    /// The one whose timeline goes on from every other's; nil where there is none.
    private func newest(of places: [Int], _ claims: [NodeClaim?]) -> Int? {
        if places.count == 1 { return places[0] }
        return places.first { place in
            places.allSatisfy { other in
                if other == place { return true }
                guard let own = claims[place], let theirs = claims[other],
                    own.systemIdentifier == theirs.systemIdentifier,
                    case .descendant = own.timeline.flatMap({ own in theirs.timeline.map { own.relation(to: $0) } })
                else { return false }
                return true
            }
        }
    }

    private func fenceOlder(
        _ places: [Int],
        than newest: Int,
        _ claims: [NodeClaim?],
        _ verdict: inout FencingVerdict
    ) {
        let primary = named(newest, claims[newest]?.timeline)
        for place in places where place != newest {
            let own = number(claims[place])
            let end = own.flatMap { claims[newest]?.timeline?.end(of: $0) }
            verdict.fences[place] = .timelineEnded(own, ended: end, primary)
        }
    }

    private func dispute(_ places: [Int], _ claims: [NodeClaim?], _ verdict: inout FencingVerdict) {
        guard places.count > 1 else { return }
        let isHistoryKnown = places.allSatisfy { claims[$0]?.timeline?.history != nil }
        for place in places {
            verdict.fences[place] = .undecided(places.sorted().map { nodes[$0].name }, isHistoryKnown: isHistoryKnown)
        }
    }

    private mutating func accept(_ place: Int, _ claim: NodeClaim) {
        if let before = accepted, before.place != place, before.isMember { superseded.insert(before.place) }
        superseded.remove(place)
        // A monitoring user may tell less after a reconnect than before.
        let isSame = accepted?.place == place && accepted?.timeline?.number == claim.timeline?.number
        let timeline = isSame && claim.timeline?.history == nil ? accepted?.timeline : claim.timeline
        accepted = AcceptedPrimary(
            place: place,
            timeline: timeline ?? accepted?.timeline,
            systemIdentifier: claim.systemIdentifier ?? accepted?.systemIdentifier
        )
    }

    // MARK: Others

    /// A replica that has more of an old timeline than the primary's history has of it can never follow.
    private mutating func fenceReplicas(_ claims: [NodeClaim?], _ verdict: inout FencingVerdict) {
        guard let accepted, let current = accepted.timeline else { return }
        for (place, claim) in claims.enumerated() {
            guard let claim else { continue }
            guard claim.role == .replica, let own = claim.timeline?.number, let end = current.end(of: own),
                let position = claim.position, position > end
            else {
                strays.remove(place)
                continue
            }
            // Only a WAL receiver tells the timeline of this moment; without one it may be that of some time ago.
            if claim.isStreaming { strays.insert(place) }
            guard strays.contains(place), verdict.fences[place] == nil else { continue }
            verdict.fences[place] = .diverged(own, named(accepted))
        }
    }

    /// A former primary that does not answer may have connections that wake up: what they answer is lost with it.
    private mutating func fenceFormer(_ claims: [NodeClaim?], _ verdict: inout FencingVerdict) {
        guard let accepted else { return }
        for place in superseded {
            switch claims[place]?.role {
            case .replica: superseded.remove(place)
            case .primary, .unknown: break
            case nil: verdict.fences[place] = verdict.fences[place] ?? .superseded(named(accepted))
            }
        }
        if let replacement { verdict.fences[replacement.old] = .beingReplaced(by: nodes[replacement.new].name) }
    }

    private func number(_ claim: NodeClaim?) -> UInt32? { claim?.timeline?.number }

    private func named(_ accepted: AcceptedPrimary) -> FenceReason.Primary {
        named(accepted.place, accepted.timeline)
    }

    private func named(_ place: Int, _ timeline: Timeline?) -> FenceReason.Primary {
        FenceReason.Primary(name: nodes[place].name, timeline: timeline?.number, conninfo: nodes[place].conninfo)
    }
}

/// Which node may be written to, and which nodes must not be used at all.
package struct FencingVerdict: Sendable, Equatable {
    /// By place among the nodes; nil: it may be used as what it says that it is.
    package var fences: [FenceReason?]
    /// The place of the one node that may be written to.
    package var primary: Int?

    package init(fences: [FenceReason?], primary: Int?) {
        self.fences = fences
        self.primary = primary
    }
}

/// The primary that was taken for right last, whether it answers or not.
package struct AcceptedPrimary: Sendable, Equatable {
    /// Its place among the nodes.
    package var place: Int
    package var timeline: Timeline?
    package var systemIdentifier: String?
    /// False: it has been taken out of the configuration.
    package var isMember = true
}
