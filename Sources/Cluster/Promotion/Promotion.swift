import MonotonicTime
import ProxyCore

/// Decides when which replica becomes primary (`failover = promote`): events in, actions out, no I/O and no clock.
/// Times are microseconds of one monotonic clock.
///
/// The order is what makes it safe: the old primary is fenced and every connection to it cut before a replica is told
/// anything, and once it has been told, the old one is not taken back before that replica has shown that it is one
/// still.
///
/// It does nothing itself: `PromotionDriver` carries its actions out, what a node is to do as a `NodeCommand`.
/// `Following` sees to the other replicas afterwards, and `Coordinator` to other proxies.
package struct Promotion: Sendable {
    package enum Event: Sendable, Equatable {
        /// Something about a node may have changed.
        case looked(PromotionScene)
        /// All workers have cut off the old primary.
        case workersTold
        /// `pg_promote()` has answered. False: it was not done within its time, and may be yet.
        case promotionAnswered(Bool)
        /// The candidate could not be asked, or said no.
        case promotionRefused(String)
        /// The connection broke after it had been asked: it may have heard.
        case promotionUnanswered

        // From `Coordinator`, where there are other proxies.

        /// The attempt that was asked for is this proxy's.
        case granted
        case denied(PromotionObstacle)
        /// No proxy writes to the old primary any more, and the candidate may be told.
        case allTold
        /// Another proxy replaces the primary.
        case followed(old: Int, candidate: Int)
        /// The proxy that did so is gone, and the candidate may have been told: this one goes on.
        case inherited(old: Int, candidate: Int)
        /// The attempt is over, and nothing has been promoted.
        case released
    }

    package enum Phase: Sendable, Equatable {
        case idle
        /// The primary is lost. `alive`: when it was lost, or last heard of by a replica.
        case waiting(Loss)
        /// Other proxies are asked. `chosen`: for the log.
        case asking(Attempt, Loss, chosen: PromotionNews)
        /// The old one is fenced; workers are being told, and other proxies.
        case fencing(Attempt)
        /// The candidate has been told; what it says counts, nothing else.
        case promoting(Attempt, told: UInt64)
        /// It has come to nothing, which other proxies are being told; the old one stays fenced until they have been.
        /// Then: what goes on.
        case withdrawing(Attempt, Loss?)
        /// Another proxy replaces it; the old one is fenced here too.
        case following(Attempt)
    }

    package struct Loss: Sendable, Equatable {
        let old: Int
        let since: UInt64
        var alive: UInt64
        /// What replicas had heard at the last look, by place.
        var heard: [String?]
        /// Not before this, after a refusal.
        var notBefore: UInt64
    }

    package struct Attempt: Sendable, Equatable {
        let old: Int
        let candidate: Int
        let since: UInt64
        /// Another proxy may have told the candidate already.
        var isInherited = false
    }

    private(set) var rules: PromotionRules
    private var policies: [PromotionPolicy]
    package internal(set) var phase = Phase.idle
    /// What the log has been told of the outage that goes on.
    private var logged = LoggedObstacles()

    package init(rules: PromotionRules, policies: [PromotionPolicy]) {
        self.rules = rules
        self.policies = policies
    }

    /// Whether something is under way that goes by the places of nodes: these must stay as they are meanwhile.
    package var isUnderWay: Bool {
        switch phase {
        case .idle, .waiting: false
        case .asking, .fencing, .promoting, .withdrawing, .following: true
        }
    }

    /// Settings have changed, or nodes have come or gone. A loss is looked at anew, from the beginning.
    ///
    /// - Parameter policies: by place.
    package mutating func reconfigure(_ rules: PromotionRules, _ policies: [PromotionPolicy]) {
        precondition(!isUnderWay)
        if policies.count != self.policies.count { phase = .idle }
        self.rules = rules
        self.policies = policies
    }

    /// A node has left that may be what is waited for.
    package mutating func lossIsOver() {
        if case .waiting = phase { phase = .idle }
    }

    package mutating func handle(_ event: Event, at now: UInt64) -> [PromotionAction] {
        switch (event, phase) {
        case (.looked(let scene), .idle): return look(scene, at: now)
        case (.looked(let scene), .waiting(let loss)): return wait(loss, scene, at: now)
        case (.looked(let scene), .fencing(let attempt)): return hold(attempt, scene, at: now)
        case (.looked(let scene), .promoting(let attempt, let told)):
            return confirm(attempt, told: told, scene, at: now)
        case (.looked(let scene), .asking(let attempt, let loss, _)): return askOn(attempt, loss, scene)
        case (.looked(let scene), .following):
            if scene.primary != nil { phase = .idle }
            return []
        case (.looked, .withdrawing): return []
        case (.workersTold, .fencing(let attempt)) where !rules.isCoordinated:
            phase = .promoting(attempt, told: now)
            return [.promote(attempt.candidate)]
        case (.workersTold, .fencing), (.workersTold, .following): return [.cutOff]
        // Told before by another proxy, it may refuse because it is the primary already.
        case (.promotionRefused, .promoting(let attempt, _)) where attempt.isInherited: return []
        case (.promotionRefused(let reason), .promoting(let attempt, _)):
            return giveUp(attempt, .refused(candidate: attempt.candidate, reason: reason), at: now)
        // What it says in the next checks tells how it went.
        case (.promotionAnswered, .promoting), (.promotionUnanswered, .promoting): return []
        case (.workersTold, _), (.promotionAnswered, _), (.promotionRefused, _), (.promotionUnanswered, _): return []
        case (.granted, _), (.denied, _), (.allTold, _), (.followed, _), (.inherited, _), (.released, _):
            return coordinate(event, at: now)
        }
    }

    /// When `looked` is due at the latest though nothing has changed; nil: there is nothing to wait for.
    package var deadline: UInt64? {
        switch phase {
        case .idle, .asking, .fencing, .withdrawing, .following: nil
        case .waiting(let loss): max(loss.alive &+ rules.delay.microseconds, loss.notBefore)
        case .promoting(_, let told): told &+ rules.patience.microseconds
        }
    }

    // MARK: Phases

    private mutating func look(_ scene: PromotionScene, at now: UInt64) -> [PromotionAction] {
        if scene.primary != nil { logged.outageEnded() }
        // One that answers is not lost, whatever it says.
        guard scene.primary == nil, let old = scene.accepted, scene.nodes[old].role == .unknown else { return [] }
        // Somebody else says that it is primary: that is for fencing, and for people.
        guard !scene.nodes.contains(where: { $0.role == .primary }) else { return [] }
        let loss = Loss(old: old, since: now, alive: now, heard: scene.nodes.map(\.heard), notBefore: now)
        phase = .waiting(loss)
        return wait(loss, scene, at: now)
    }

    private mutating func wait(_ before: Loss, _ scene: PromotionScene, at now: UInt64) -> [PromotionAction] {
        var loss = before
        guard scene.primary == nil, scene.nodes[loss.old].role == .unknown,
            !scene.nodes.contains(where: { $0.role == .primary })
        else {
            phase = .idle
            return []
        }
        var hearer: Int?
        for (place, node) in scene.nodes.enumerated() where node.heard != loss.heard[place] {
            // What it says for the first time may be old.
            if node.heard != nil, loss.heard[place] != nil {
                loss.alive = now
                hearer = place
            }
            loss.heard[place] = node.heard
        }
        let isDue = now >= loss.alive &+ rules.delay.microseconds && now >= loss.notBefore
        guard isDue else {
            // The last words of a dying primary are no obstacle.
            let isLate = now >= loss.since &+ rules.delay.microseconds
            return hinder(&loss, hearer.flatMap { isLate ? .primaryIsHeard(by: $0) : nil })
        }
        let seen = scene.nodes.count { $0.role != .unknown }
        let count = scene.nodes.count(where: \.isMember)
        guard seen * 2 > count else { return hinder(&loss, .noMajority(seen: seen, of: count)) }
        // What was asked before the loss may not be all that was received.
        let eligible = candidates(scene)
        guard !eligible.isEmpty else { return hinder(&loss, .noCandidate) }
        guard scene.nodes.allSatisfy({ $0.role != .replica || $0.askedAt > loss.alive }) else {
            phase = .waiting(loss)
            return []
        }
        return begin(loss, eligible, scene, at: now)
    }

    private mutating func begin(
        _ loss: Loss,
        _ eligible: [Int],
        _ scene: PromotionScene,
        at now: UInt64
    ) -> [PromotionAction] {
        let best = eligible.max { isWorse(scene.nodes[$0], $0, than: scene.nodes[$1], $1) }
        guard let best, let position = scene.nodes[best].position else { return [] }
        let most = scene.nodes.filter { $0.role == .replica && !$0.isFenced }.compactMap(\.position).max() ?? position
        let attempt = Attempt(old: loss.old, candidate: best, since: loss.since)
        let chosen = PromotionNews.chosen(
            candidate: best,
            position: position,
            missing: most.rawValue - position.rawValue
        )
        if rules.isCoordinated {
            phase = .asking(attempt, loss, chosen: chosen)
            return [.intend(.claim(old: loss.old, candidate: best))]
        }
        phase = .fencing(attempt)
        return [.log(chosen), .fence(old: loss.old, candidate: best)]
    }

    private mutating func hold(_ attempt: Attempt, _ scene: PromotionScene, at now: UInt64) -> [PromotionAction] {
        // From where another proxy may have told it there is no way back.
        if attempt.isInherited { return [] }
        if scene.nodes[attempt.old].role != .unknown {
            return end(attempt, thenWaiting: nil) + [.log(.calledOff(old: attempt.old))]
        }
        if scene.nodes[attempt.candidate].role == .replica, !scene.nodes[attempt.candidate].isFenced { return [] }
        return end(attempt, thenWaiting: loss(after: attempt, scene, at: now))
    }

    /// Nothing is promoted. Other proxies are told first.
    mutating func end(_ attempt: Attempt, thenWaiting loss: Loss?) -> [PromotionAction] {
        if rules.isCoordinated {
            phase = .withdrawing(attempt, loss)
            return [.intend(.cancel)]
        }
        phase = loss.map { .waiting($0) } ?? .idle
        return [.unfence(old: attempt.old)]
    }

    private mutating func confirm(
        _ attempt: Attempt,
        told: UInt64,
        _ scene: PromotionScene,
        at now: UInt64
    ) -> [PromotionAction] {
        if let primary = scene.primary {
            phase = .idle
            logged.outageEnded()
            guard primary == attempt.candidate else {
                return rules.isCoordinated ? [.intend(.finish(followers: []))] : []
            }
            // What is left to do is written down before anything of it is done, so that somebody else can go on with
            // it.
            let others = scene.nodes.indices.filter { $0 != attempt.old && $0 != primary && scene.nodes[$0].isMember }
            let done = PromotionNews.done(primary: primary, took: .microseconds(Int64(now - attempt.since)))
            return [.log(done)] + (rules.isCoordinated ? [.intend(.finish(followers: others))] : []) + [.owe(others)]
        }
        let isOverdue = now >= told &+ rules.patience.microseconds
        switch scene.nodes[attempt.candidate].role {
        case .replica where isOverdue:
            let reason = "it is a replica still"
            return giveUp(attempt, .refused(candidate: attempt.candidate, reason: reason), at: now)
        case .unknown:
            return say(.candidateSilent(attempt.candidate))
        case .replica, .primary: return []
        }
    }

    private mutating func giveUp(
        _ attempt: Attempt,
        _ obstacle: PromotionObstacle,
        at now: UInt64
    ) -> [PromotionAction] {
        var loss = Loss(
            old: attempt.old,
            since: attempt.since,
            alive: attempt.since,
            heard: policies.map { _ in nil },
            notBefore: now &+ rules.retry.microseconds
        )
        let log = hinder(&loss, obstacle)
        return end(attempt, thenWaiting: loss) + log
    }

    private func loss(after attempt: Attempt, _ scene: PromotionScene, at now: UInt64) -> Loss {
        Loss(
            old: attempt.old,
            since: attempt.since,
            alive: attempt.since,
            heard: scene.nodes.map(\.heard),
            notBefore: now
        )
    }

    /// Waits on; what hinders is told once.
    mutating func hinder(_ loss: inout Loss, _ obstacle: PromotionObstacle?) -> [PromotionAction] {
        phase = .waiting(loss)
        return obstacle.map { say($0) } ?? []
    }

    mutating func say(_ obstacle: PromotionObstacle) -> [PromotionAction] {
        logged.isNews(obstacle) ? [.log(.hindered(obstacle))] : []
    }

    // MARK: Nodes

    private func candidates(_ scene: PromotionScene) -> [Int] {
        scene.nodes.indices.filter { place in
            let node = scene.nodes[place]
            guard node.role == .replica, !node.isFenced, node.position != nil, !policies[place].isExcluded else {
                return false
            }
            // One that is on another timeline does not have what was acknowledged on this.
            guard let own = node.timeline, let timeline = scene.timeline else { return true }
            return own == timeline
        }
    }

    private func isWorse(_ left: PromotionCandidate, _ a: Int, than right: PromotionCandidate, _ b: Int) -> Bool {
        if left.position != right.position { return (left.position?.rawValue ?? 0) < (right.position?.rawValue ?? 0) }
        if policies[a].priority != policies[b].priority { return policies[a].priority < policies[b].priority }
        return a > b
    }
}
