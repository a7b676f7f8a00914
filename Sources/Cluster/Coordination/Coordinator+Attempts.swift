import MonotonicTime

/// Attempts: this proxy's own, and the others'.
extension Coordinator {
    /// Brings `Promotion` in line with what etcd says.
    mutating func reconcile(_ state: CoordinationState, at now: UInt64) -> [CoordinationAction] {
        guard let attempt = state.attempt?.value, attempt.stage.isActive else {
            return settle(state, at: now)
        }
        return attempt.by == id ? carryOut(attempt, state, at: now) : follow(attempt)
    }

    /// There is no attempt, or it has come to its end.
    private mutating func settle(_ state: CoordinationState, at now: UInt64) -> [CoordinationAction] {
        defer {
            standing = .apart
            awaitingSince = nil
            hasToldAwaiting = false
        }
        fenced = 0
        var actions: [CoordinationAction] = []
        switch intent {
        case .cancel, .finish: intent = nil
        case .claim:
            if let objection = objection(state) {
                switch freshness.age(lease: objection.lease, at: now) {
                case .fresh: actions.append(deny(.objected(proxy: objection.proxy, node: objection.node)))
                case .old: actions.append(deny(.standsStill(proxy: objection.proxy)))
                case .unknown: break
                }
            } else if now < settledAt {
                actions.append(deny(.proxiesAwaited))
            }
        case nil: break
        }
        let isDone = state.attempt?.value.stage.isBinding ?? false
        switch standing {
        case .apart, .baffled: return actions
        // The new primary has been seen, or is going to be.
        case .own where isDone, .following where isDone: return actions
        case .own: return actions + [.promotion(.released)]
        case .following(_, let proxy): return actions + [.promotion(.released), .log(.released(by: proxy))]
        }
    }

    private mutating func carryOut(
        _ attempt: PromotionAttempt,
        _ state: CoordinationState,
        at now: UInt64
    ) -> [CoordinationAction] {
        var actions: [CoordinationAction] = []
        if case .own(attempt.number, _) = standing {
            // Known already.
        } else if attempt.number == claimed, let places = places(attempt),
            intent == .claim(old: places.old, candidate: places.candidate)
        {
            intent = nil
            fenced = 0
            standing = .own(attempt.number, isTold: false)
            awaitingSince = now
            actions.append(.promotion(.granted))
        } else if attempt.stage == .told, let (old, candidate) = places(attempt) {
            actions.append(.log(.tookOver(candidate: attempt.candidate)))
            intent = nil
            fenced = 0
            standing = .own(attempt.number, isTold: false)
            actions.append(.promotion(.inherited(old: old, candidate: candidate)))
        } else {
            // It was asked for, the answer was lost, and nobody wants it any more.
            standing = .own(attempt.number, isTold: false)
            intent = .cancel
        }
        if attempt.stage == .told, intent == nil, fenced == attempt.number, now < writesUntil,
            case .own(_, isTold: false) = standing
        {
            standing = .own(attempt.number, isTold: true)
            actions.append(.promotion(.allTold))
        }
        if attempt.stage == .fencing { actions += watchOthers(attempt, state, at: now) }
        return actions
    }

    private mutating func watchOthers(
        _ attempt: PromotionAttempt,
        _ state: CoordinationState,
        at now: UInt64
    ) -> [CoordinationAction] {
        // It has come since this proxy asked, and is no old word.
        if intent == nil, let objection = objection(state) {
            return [.promotion(.denied(.objected(proxy: objection.proxy, node: objection.node)))]
        }
        let late = state.proxies.filter { $0.key != id && $0.value.value?.fenced != attempt.number }
        guard let since = awaitingSince, !late.isEmpty, !hasToldAwaiting,
            now >= since &+ rules.patience.microseconds
        else { return [] }
        hasToldAwaiting = true
        return [.log(.awaiting(late.map { $0.value.value?.name ?? $0.key }.sorted()))]
    }

    private mutating func follow(_ attempt: PromotionAttempt) -> [CoordinationAction] {
        switch standing {
        case .following(attempt.number, _), .baffled(attempt.number, _, _): return []
        default: break
        }
        // Whoever sees a primary that is well says so instead, and the attempt is called off. One that has been told is
        // too late to object to.
        if attempt.stage == .fencing, look.sees != nil, case .apart = standing { return [] }
        // The promotion has been seen already, and only its end is yet to be written.
        if let sees = look.sees, look.names[sees] == attempt.candidate { return [] }
        intent = nil
        fenced = 0
        guard let (old, candidate) = places(attempt) else {
            let strange = look.names.contains(attempt.old) ? attempt.candidate : attempt.old
            standing = .baffled(attempt.number, node: strange, by: attempt.byName)
            return [.promotion(.released)]
        }
        standing = .following(attempt.number, by: attempt.byName)
        return [
            .log(.followed(old: attempt.old, candidate: attempt.candidate, by: attempt.byName)),
            .promotion(.followed(old: old, candidate: candidate)),
        ]
    }

    private func places(_ attempt: PromotionAttempt) -> (old: Int, candidate: Int)? {
        guard let old = look.names.firstIndex(of: attempt.old),
            let candidate = look.names.firstIndex(of: attempt.candidate)
        else { return nil }
        return (old, candidate)
    }

    /// A proxy that sees a primary which is well; this one, too.
    private func objection(_ state: CoordinationState) -> (proxy: String, node: String, lease: Int64)? {
        for key in state.proxies.keys.sorted() {
            guard let kept = state.proxies[key] else { continue }
            // This proxy's own word needs no proof.
            let lease = key == id ? 0 : kept.lease
            guard let status = kept.value else { return (key, "?", lease) }
            if let node = status.sees { return (status.name, node, lease) }
        }
        return nil
    }

    private mutating func deny(_ obstacle: PromotionObstacle) -> CoordinationAction {
        intent = nil
        return .promotion(.denied(obstacle))
    }

    // MARK: Changes

    /// What is to be changed in etcd now; nil where there is nothing to do but look.
    mutating func work(at now: UInt64) -> CoordinationExchange? {
        guard let state = known, let own = state.proxies[id]?.revision else { return nil }
        let (attempt, revision) = (state.attempt?.value, state.attempt?.revision ?? 0)
        guard let attempt, attempt.stage.isActive else {
            if let claim = now < settledAt ? nil : claim(state, own: own, revision) { return claim }
            return attempt.flatMap { goOnFollowing($0, state, own: own, revision, at: now) }
        }
        if attempt.by != id { return adopt(attempt, state, own: own, revision) }
        switch (intent, attempt.stage) {
        case (.cancel, _): return change(attempt, to: .cancelled, [.attempt(revision)])
        case (.finish(let followers), _):
            let left = attempt.promoted(leaving: followers.map { look.names[$0] })
            return CoordinationExchange(guards: [.attempt(revision)], change: .attempt(left))
        case (_, .fencing):
            let isReady = state.proxies.values.allSatisfy {
                $0.value?.fenced == attempt.number && $0.value?.sees == nil
            }
            guard isReady, now >= settledAt, case .own(attempt.number, _) = standing else { return nil }
            let guards: [CoordinationExchange.Guard] = [
                .attempt(revision), .proxy(id, own), .proxiesUnchanged(since: state.revision),
            ]
            return change(attempt, to: .told, guards)
        case (_, _): return nil
        }
    }

    private mutating func claim(
        _ state: CoordinationState,
        own: UInt64,
        _ revision: UInt64
    ) -> CoordinationExchange? {
        guard case .claim(let old, let candidate) = intent, isFresh else { return nil }
        guard objection(state) == nil else { return nil }
        claimed = state.revision + 1
        let attempt = PromotionAttempt(
            number: claimed,
            old: look.names[old],
            candidate: look.names[candidate],
            timeline: look.lastTimeline,
            stage: .fencing,
            by: id,
            byName: name
        )
        return CoordinationExchange(
            guards: [.attempt(revision), .proxy(id, own), .proxiesUnchanged(since: state.revision)],
            change: .attempt(attempt)
        )
    }

    /// Another's attempt, if that one is gone.
    private func adopt(
        _ attempt: PromotionAttempt,
        _ state: CoordinationState,
        own: UInt64,
        _ revision: UInt64
    ) -> CoordinationExchange? {
        guard state.proxies[attempt.by] == nil else { return nil }
        let guards: [CoordinationExchange.Guard] = [.attempt(revision), .proxy(attempt.by, 0), .proxy(id, own)]
        if attempt.stage == .fencing { return change(attempt, to: .cancelled, guards) }
        guard places(attempt) != nil else { return nil }
        var taken = attempt
        taken.by = id
        taken.byName = name
        if let sees = look.sees, look.names[sees] == attempt.candidate {
            // It came about, and whoever told it has pointed nobody for all that is known.
            taken = taken.promoted(leaving: look.names.filter { ![attempt.old, attempt.candidate, ""].contains($0) })
        }
        return CoordinationExchange(guards: guards, change: .attempt(taken))
    }

    /// What is left of an attempt that has a primary: struck off are those that follow it, and where its proxy is gone
    /// this one goes on.
    private func goOnFollowing(
        _ attempt: PromotionAttempt,
        _ state: CoordinationState,
        own: UInt64,
        _ revision: UInt64,
        at now: UInt64
    ) -> CoordinationExchange? {
        guard isOfPrimary(attempt, at: now) else { return nil }
        let left = attempt.followers.filter { name in
            !(look.names.firstIndex(of: name).map { look.followers.contains($0) } ?? false)
        }
        var changed = attempt.promoted(leaving: left)
        var guards: [CoordinationExchange.Guard] = [.attempt(revision), .proxy(id, own)]
        if attempt.by != id {
            guard state.proxies[attempt.by] == nil else { return nil }
            guards.append(.proxy(attempt.by, 0))
            changed.by = id
            changed.byName = name
        }
        return changed == attempt ? nil : CoordinationExchange(guards: guards, change: .attempt(changed))
    }

    /// Whether an attempt has ended in the primary that this proxy writes to, and something is left to do.
    private func isOfPrimary(_ attempt: PromotionAttempt, at now: UInt64) -> Bool {
        guard attempt.stage == .following, hold(at: now) == nil, let sees = look.sees else { return false }
        return look.names[sees] == attempt.candidate
    }

    /// With what right this proxy points replicas at the primary; nil: it has none. All that may write to the primary
    /// may: the one that has promoted it first, then the others one after the other, so that one which cannot reach a
    /// replica is not waited for by all.
    package func rightToPoint(at now: UInt64) -> Following.Right? {
        guard hold(at: now) == nil, let sees = look.sees, let state = known else { return nil }
        let attempt = state.attempt?.value
        let able = state.proxies.filter { $0.value.value?.sees == look.names[sees] }.keys
        let order = able.sorted { left, right in
            let (isLeft, isRight) = (left == attempt?.by, right == attempt?.by)
            return isLeft == isRight ? left < right : isLeft
        }
        var owed: Set<Int> = []
        if let attempt, attempt.by == id, isOfPrimary(attempt, at: now) {
            owed = Set(attempt.followers.compactMap { look.names.firstIndex(of: $0) })
        }
        return Following.Right(turn: order.firstIndex(of: id) ?? order.count, owed: owed)
    }

    /// The node that was replaced last, for all that is known.
    package var formerPrimary: Int? {
        guard let attempt = known?.attempt?.value, attempt.stage.isBinding else { return nil }
        return look.names.firstIndex(of: attempt.old)
    }

    private func change(
        _ attempt: PromotionAttempt,
        to stage: PromotionAttempt.Stage,
        _ guards: [CoordinationExchange.Guard]
    ) -> CoordinationExchange {
        var changed = attempt
        changed.stage = stage
        return CoordinationExchange(guards: guards, change: .attempt(changed))
    }
}
