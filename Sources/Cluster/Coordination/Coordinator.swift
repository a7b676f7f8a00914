import MonotonicTime

/// One proxy's part in agreeing with the others who promotes which replica, over keys in etcd: events in, actions out,
/// no I/O and no clock. Times are microseconds of one monotonic clock.
///
/// Each proxy has a key of its own that goes with its lease, and writes to a primary only while that lease cannot have
/// run out. So whoever wants to replace the primary knows all that may still be writing to it: it waits until each has
/// said that it has cut the primary off, or its key is gone. What counts is what etcd says next, never what an answer
/// to a change said: a change may be made although its answer is lost.
package struct Coordinator: Sendable {
    package enum Event: Sendable, Equatable {
        case looked(CoordinationLook)
        /// To the request that was asked last.
        case answered(CoordinationAnswer)
        case intends(Intent)
        /// This proxy's workers have cut off the old primary of the attempt that this proxy knows of.
        case cutOff
        /// `deadline` has come.
        case due
    }

    /// What `Promotion` wants.
    package enum Intent: Sendable, Equatable {
        /// To replace a node by another. Places.
        case claim(old: Int, candidate: Int)
        /// Nothing is to be promoted any more.
        case cancel
        /// There is a new primary, and these do not follow it yet. Places.
        case finish(followers: [Int])
    }

    enum Registration: Sendable, Equatable {
        case none
        case leased(Lease)
    }

    struct Lease: Sendable, Equatable {
        let number: Int64
        let seconds: Int
        /// When the grant or renewal that it lives by was asked for.
        var renewedAt: UInt64
        /// The next one is due.
        var mustRenew: Bool
    }

    struct Question: Sendable, Equatable {
        let request: CoordinationRequest
        let askedAt: UInt64
    }

    /// What `Promotion` goes by.
    enum Standing: Sendable, Equatable {
        case apart
        /// This proxy's own attempt. `isTold`: `Promotion` knows that the candidate may be told.
        case own(UInt64, isTold: Bool)
        case following(UInt64, by: String)
        /// Another's attempt with a node that this proxy does not have.
        case baffled(UInt64, node: String, by: String)
    }

    let rules: CoordinationRules
    /// Of this process; never used again.
    let id: String
    let name: String
    var registration = Registration.none
    private var question: Question?
    private var due: UInt64 = 0
    /// Why the last answer was none.
    private var failure: String?
    /// Keys at the last answer that had them.
    var known: CoordinationState?
    var look = CoordinationLook(names: [], sees: nil, timeline: 0, lastTimeline: 0)
    var intent: Intent?
    /// Keys have been read since the intent came.
    var isFresh = false
    /// Of the proxy that objects.
    var freshness = LeaseFreshness()
    /// The number of the attempt that this proxy has asked for.
    var claimed: UInt64 = 0
    var standing = Standing.apart
    /// `ProxyStatus.fenced`.
    var fenced: UInt64 = 0
    /// Until when this proxy may write to a primary; 0: not at all.
    package private(set) var writesUntil: UInt64 = 0
    /// From when on this proxy may say that all others have been asked. Where etcd was gone for all, each has its say
    /// when it is back, and not the first alone: a lease's time is left for that.
    var settledAt: UInt64 = .max
    private var toldHold: WriteHold?
    private var hasWritten = false
    /// When waiting for the others began, and whether that has been told.
    var awaitingSince: UInt64?
    var hasToldAwaiting = false

    package init(id: String, name: String, rules: CoordinationRules = CoordinationRules()) {
        self.id = id
        self.name = name
        self.rules = rules
    }

    package mutating func handle(_ event: Event, at now: UInt64) -> [CoordinationAction] {
        var actions: [CoordinationAction] = []
        switch event {
        case .looked(let look): self.look = look
        case .answered(let answer): actions = handle(answer, at: now)
        case .intends(let intent):
            self.intent = intent
            isFresh = false
            due = min(due, now)
            if case .claim = intent, now >= writesUntil {
                self.intent = nil
                actions.append(.promotion(.denied(.noLease)))
            }
        case .cutOff:
            switch standing {
            case .own(let number, _), .following(let number, _): fenced = number
            case .apart, .baffled: break
            }
        case .due: break
        }
        actions += tellHold(at: now)
        if question == nil, let request = next(at: now) {
            question = Question(request: request, askedAt: now)
            actions.append(.ask(request))
        }
        return actions
    }

    /// When `due` is to be told at the latest; nil: an answer is waited for, and nothing else.
    package func deadline(after now: UInt64) -> UInt64? {
        let lapse = writesUntil > now ? writesUntil : nil
        return [lapse, question == nil ? due : nil].compactMap { $0 }.min()
    }

    /// Why nothing is to be written at this moment, whatever node is the primary; nil: it may be.
    package func hold(at now: UInt64) -> WriteHold? {
        if now >= writesUntil { return .noLease(failure) }
        if case .baffled(_, let node, let proxy) = standing { return .strangeNode(node, by: proxy) }
        guard let attempt = known?.attempt?.value, attempt.stage.isBinding else { return nil }
        guard look.timeline > 0, look.timeline <= attempt.timeline else { return nil }
        return .outdated(timeline: look.timeline, candidate: attempt.candidate)
    }

    private mutating func tellHold(at now: UInt64) -> [CoordinationAction] {
        let (before, hold) = (toldHold, hold(at: now))
        toldHold = hold
        switch (before, hold) {
        case (nil, nil): return []
        // The words of a failure may differ from one time to the next.
        case (.noLease?, .noLease?): return []
        // Before the first lease nothing is held that went on before.
        case (_, .noLease?) where !hasWritten: return []
        case (_, let new?): return new == before ? [] : [.log(.held(new))]
        case (_?, nil):
            defer { hasWritten = true }
            return hasWritten ? [.log(.resumed)] : []
        }
    }

    // MARK: Questions

    /// How this proxy stands, as it should be written in etcd.
    var status: ProxyStatus {
        let seen = look.sees.flatMap { look.names.indices.contains($0) ? look.names[$0] : nil }
        return ProxyStatus(name: name, sees: seen, fenced: fenced)
    }

    /// Everybody is asked more often.
    private var isUrgent: Bool {
        failure != nil || look.sees == nil || known?.attempt?.value.stage.isActive ?? false
    }

    private mutating func next(at now: UInt64) -> CoordinationRequest? {
        guard case .leased(var lease) = registration else {
            return now >= due ? .grant(seconds: rules.seconds) : nil
        }
        if failure != nil, now < due { return nil }
        if lease.mustRenew {
            lease.mustRenew = false
            registration = .leased(lease)
            return .keepAlive(lease: lease.number)
        }
        if known == nil || known?.proxies[id]?.value != status {
            let revision = known?.proxies[id]?.revision ?? 0
            let change = CoordinationExchange.Change.status(id, status, lease: lease.number)
            return .exchange(CoordinationExchange(guards: [.proxy(id, revision)], change: change))
        }
        if let request = freshness.takeRequest() { return request }
        if now < writesUntil, let work = work(at: now) { return .exchange(work) }
        return now >= due ? .exchange(CoordinationExchange()) : nil
    }

    private mutating func handle(_ answer: CoordinationAnswer, at now: UInt64) -> [CoordinationAction] {
        guard let question else { return [] }
        self.question = nil
        var actions: [CoordinationAction] = []
        if case .failed(let reason) = answer { return fail(reason, at: now) }
        if failure != nil {
            failure = nil
            actions.append(.log(.answers))
        }
        due = now &+ (isUrgent ? rules.urgentInterval : rules.interval).microseconds
        switch answer {
        case .failed: break
        case .granted(let number, let seconds):
            // etcd may give more than was asked for, and that would be waited for; less would be too short.
            let lease = Lease(number: number, seconds: seconds, renewedAt: question.askedAt, mustRenew: false)
            registration = .leased(lease)
            known?.proxies[id] = nil
            actions.append(.log(.leased(seconds: seconds)))
        case .kept(let seconds) where seconds > 0:
            guard case .leased(var lease) = registration else { break }
            lease.renewedAt = question.askedAt
            registration = .leased(lease)
            extend(lease)
        case .kept, .leaseGone: loseLease(at: now)
        case .remaining(let seconds, let granted):
            guard case .remaining(let lease) = question.request else { break }
            freshness.answered(lease: lease, seconds: seconds, of: granted, at: now)
            if case .leased = registration, let state = known, state.proxies[id] != nil {
                actions += reconcile(state, at: now)
            }
        case .state(let state, _): actions += read(state, at: now)
        }
        return actions
    }

    private mutating func fail(_ reason: String, at now: UInt64) -> [CoordinationAction] {
        let isFirst = failure == nil
        failure = reason
        due = now &+ rules.urgentInterval.microseconds
        let left = writesUntil > now ? writesUntil - now : 0
        return isFirst ? [.log(.silent(reason, writes: .microseconds(Int64(left))))] : []
    }

    private mutating func loseLease(at now: UInt64) {
        registration = .none
        writesUntil = 0
        settledAt = .max
        known?.proxies[id] = nil
        due = now
    }

    private mutating func extend(_ lease: Lease) {
        writesUntil = lease.renewedAt &+ CoordinationRules.writing(lease.seconds)
    }

    private mutating func read(_ state: CoordinationState, at now: UInt64) -> [CoordinationAction] {
        let before = known
        known = state
        isFresh = true
        guard case .leased(var lease) = registration else { return [] }
        guard state.proxies[id] != nil else {
            // Nobody counts on a proxy whose key is gone, so that it may not write; it is put again, if there is a
            // lease to put it with.
            if before?.proxies[id] != nil { writesUntil = 0 }
            settledAt = .max
            return []
        }
        if settledAt == .max { settledAt = now &+ UInt64(lease.seconds) * 1_000_000 }
        // Attempts come first: with the lease goes the right to write.
        let actions = reconcile(state, at: now)
        extend(lease)
        lease.mustRenew = now >= lease.renewedAt &+ rules.interval.microseconds
        registration = .leased(lease)
        return actions
    }
}

/// What `Coordinator` wants done.
package enum CoordinationAction: Sendable, Equatable {
    /// An answer is due, as `CoordinationAnswer`.
    case ask(CoordinationRequest)
    case promotion(Promotion.Event)
    case log(CoordinationNews)
}
