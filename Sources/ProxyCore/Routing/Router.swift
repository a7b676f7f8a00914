import ProxyTerms
import StatementRouting

/// Decides where a batch goes whose client has no server: from what the batch does, what the session is like and what
/// there is behind the proxy. It knows no session and no pool, writes nothing, and so may be asked as often as one
/// likes: for a batch to be sent, and by EXPLAIN ROUTE for one that is not.
struct Router {
    /// What of a session has a say.
    struct Session {
        var transaction = ClientTransaction.none
        var preference = RoutePreference.auto
        /// A replica has refused the batch, or was lost with it.
        var isForcedToPrimary = false
        /// Its transactions are serializable unless they say otherwise.
        var isSerializable = false
        /// Whether the batch is one of a transaction's leading reads, and a replica may run them now.
        var leads = false
    }

    /// What of its pool and of the nodes.
    struct Surroundings {
        var mode = PoolMode.transaction
        var split = true
        /// A change of the schema has passed of which the catalog's facts know nothing yet.
        var isCatalogOutdated = false
        var hasReplicas = true
        /// Replicas are there that lag too far behind.
        var hasLaggards = false
    }

    enum Decision: Equatable {
        case route(RouteRecord)
        /// A replica is asked for, by a hint or `howdah.route`, for what cannot run there.
        case writeOnReplica(RouteReason, RouteCause)
        /// The session has a server, or should have one: there is nothing to decide.
        case notToBeAsked
    }

    let session: Session
    let surroundings: Surroundings

    @inline(__always)
    init(_ session: Session, _ surroundings: Surroundings) {
        self.session = session
        self.surroundings = surroundings
    }

    func decide(_ plan: BatchPlan) -> Decision {
        var route = RouteRecord(isRead: plan.access == .read, cause: .statement, reason: plan.reason)
        switch session.transaction {
        case .begun, .begunOnPrimary:
            route.isRead = false
            route.cause = .transaction
        case .begunToLead:
            route.isRead = session.leads
            route.cause = session.leads ? .leadingReads : .transaction
        case .begunReadOnly, .begunToStay:
            route.cause = .readOnlyTransaction
            if needsPrimary(plan) { route.isRead = false }
        case .none where session.leads:
            route.isRead = true
            route.cause = .leadingReads
        case .none:
            if let refusal = decideByPreference(plan, &route) { return refusal }
        case .open, .failed, .failedEnding, .lost, .beginningToLead, .leading, .leadingReadOnly, .leadingFailed,
            .leadingFailedEnding:
            return .notToBeAsked
        }
        if route.isRead, !surroundings.hasReplicas, route.cause == .statement || route.cause == .leadingReads {
            route.cause = surroundings.hasLaggards ? .lagging : .noReplica
        }
        return .route(route)
    }

    /// Whether a batch of a read-only transaction belongs on the primary.
    func needsPrimary(_ plan: BatchPlan) -> Bool {
        // A session that must keep its server cannot keep one that takes no writes.
        !plan.isRead || PinReason(plan.effects) != nil || plan.effects.contains(.listen)
            || session.isForcedToPrimary || session.preference == .primary || !surroundings.split
            || surroundings.mode == .session
    }

    /// Outside a transaction. The first that applies decides.
    /// - Returns: nil where `route` has the answer.
    private func decideByPreference(_ plan: BatchPlan, _ route: inout RouteRecord) -> Decision? {
        let wish: RoutePreference
        switch plan.hint {
        case .primary: wish = .primary
        case .replica: wish = .replica
        case .none: wish = session.preference
        }
        let wishCause = plan.hint == .none ? RouteCause.preference : .hint
        if session.isForcedToPrimary {
            route.isRead = false
            route.cause = .retried
        } else if surroundings.mode == .session {
            route.isRead = false
            route.cause = .pin
        } else if session.isSerializable {
            // A replica refuses every statement of such a session (PostgreSQL documentation, 27.4.1).
            route.isRead = false
            route.cause = .serializable
        } else if plan.leavesState {
            // What it leaves behind may have to be kept with the server: only the primary can serve all that follows.
            route.isRead = false
        } else if wish == .primary {
            route.isRead = false
            route.cause = wishCause
        } else if wish == .replica {
            if plan.access != .read, !plan.reason.isDoubt { return .writeOnReplica(plan.reason, wishCause) }
            route.isRead = true
            route.cause = wishCause
        } else if !surroundings.split {
            route.isRead = false
            route.cause = .splitOff
        } else if surroundings.isCatalogOutdated, plan.relationNames.isEverything {
            // It calls functions of which something may have changed: until the facts are read anew the primary runs
            // it.
            route.isRead = false
            route.cause = .catalogOutdated
        } else if plan.extent == .flushed, plan.executes {
            // What comes behind the Flush may write, and a pipeline is never split.
            route.isRead = false
            route.cause = .openBatch
        }
        return nil
    }

    // MARK: Pinned sessions

    /// Why a batch of a session that keeps its server cannot run on a replica; nil where it can, if one is free.
    /// - Parameters:
    ///   - pinnedReads: the setting of that name.
    ///   - textLimit: `statement_text_limit`, in bytes.
    ///   - isOnPrimary: whether the session's own server is.
    func pinnedReadObstacle(
        _ plan: BatchPlan,
        _ record: PinRecord,
        pinnedReads: PinnedReads,
        textLimit: Int,
        isOnPrimary: Bool
    ) -> PinnedReadObstacle? {
        if pinnedReads == .primary { return .switchedOff }
        for entry in record.entries where entry.reason.mattersToReads { return .state(entry.reason) }
        guard surroundings.split, session.preference != .primary, plan.hint != .primary else { return .sentToPrimary }
        guard plan.mayLead, plan.extent == .whole, plan.size <= textLimit else { return .notPlainRead }
        if plan.relationNames.isEverything { return .looksAtSession }
        // Behind code that was not seen nothing is known of what is there.
        if record.made.isEverything || !plan.relationNames.isDisjoint(with: record.made) { return .mayBeTemporary }
        return isOnPrimary ? nil : .misplaced
    }
}

/// Why a pinned client's batch runs on the client's own server.
enum PinnedReadObstacle: Equatable, CustomStringConvertible {
    /// `pinned_reads` is primary.
    case switchedOff
    /// It was asked for the primary, by `split`, `howdah.route` or a hint.
    case sentToPrimary
    /// More than one statement that reads, whole and at hand.
    case notPlainRead
    /// All that such a session does is done with this state.
    case state(PinReason)
    /// What it reads may be one of the session's temporary objects.
    case mayBeTemporary
    /// It runs code that is not seen, or looks at what is visible in its session.
    case looksAtSession
    /// Its server is on no primary any more.
    case misplaced

    var description: String {
        switch self {
        case .switchedOff: "pinned_reads is primary"
        case .sentToPrimary: "the primary is asked for"
        case .notPlainRead: "the statement is no plain read"
        case .state(let reason): "\(reason)"
        case .mayBeTemporary: "it may read a temporary object of the session"
        case .looksAtSession: "it runs functions that may look at the session"
        case .misplaced: "its server is not on the primary"
        }
    }
}
