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
            if let (proxy, node) = objection(state) {
                intent = nil
                actions.append(.promotion(.denied(.objected(proxy: proxy, node: node))))
            } else if now < settledAt {
                intent = nil
                actions.append(.promotion(.denied(.proxiesAwaited)))
            }
        case nil: break
        }
        let isDone = state.attempt?.value.stage == .done
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
        if intent == nil, let (proxy, node) = objection(state) {
            return [.promotion(.denied(.objected(proxy: proxy, node: node)))]
        }
        let late = state.proxies.filter { $0.key != id && $0.value.value?.fenced != attempt.number }
        guard let since = awaitingSince, !late.isEmpty, !hasToldAwaiting,
            now >= since &+ rules.patience.nanoseconds
        else { return [] }
        hasToldAwaiting = true
        return [.log(.awaiting(late.map { $0.value.value?.name ?? $0.key }.sorted()))]
    }

    private mutating func follow(_ attempt: PromotionAttempt) -> [CoordinationAction] {
        switch standing {
        case .following(attempt.number, _), .baffled(attempt.number, _, _): return []
        default: break
        }
        // Whoever sees a primary that is well says so instead, and the attempt is called off. One that has been told is too late to object to.
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
    private func objection(_ state: CoordinationState) -> (proxy: String, node: String)? {
        for key in state.proxies.keys.sorted() {
            guard let status = state.proxies[key]?.value else { return (key, "?") }
            if let node = status.sees { return (status.name, node) }
        }
        return nil
    }

    // MARK: Changes

    /// What is to be changed in etcd now; nil where there is nothing to do but look.
    mutating func work(at now: UInt64) -> CoordinationExchange? {
        guard let state = known, let own = state.proxies[id]?.revision else { return nil }
        let (attempt, revision) = (state.attempt?.value, state.attempt?.revision ?? 0)
        guard let attempt, attempt.stage.isActive else {
            return now < settledAt ? nil : claim(state, own: own, revision)
        }
        if attempt.by != id { return adopt(attempt, state, own: own, revision) }
        switch (intent, attempt.stage) {
        case (.cancel, _): return change(attempt, to: .cancelled, [.attempt(revision)])
        case (.finish, _): return change(attempt, to: .done, [.attempt(revision)])
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
        if let sees = look.sees, look.names[sees] == attempt.candidate { return change(attempt, to: .done, guards) }
        guard places(attempt) != nil else { return nil }
        var taken = attempt
        taken.by = id
        taken.byName = name
        return CoordinationExchange(guards: guards, change: .attempt(taken))
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
