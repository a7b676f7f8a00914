@testable import ProxyCore
import ProxyTerms
import StatementRouting
import Testing

/// Where a batch goes, decided without an engine.
struct RouterTests {
    /// One row of the table.
    struct Given: CustomStringConvertible {
        let description: String
        var session = Router.Session()
        var surroundings = Router.Surroundings()
        var plan: BatchPlan
        let expected: Router.Decision

        init(
            _ description: String,
            _ plan: BatchPlan,
            _ expected: Router.Decision,
            _ change: (inout Router.Session, inout Router.Surroundings) -> Void = { _, _ in }
        ) {
            self.description = description
            self.plan = plan
            self.expected = expected
            change(&session, &surroundings)
        }
    }

    private static func plan(
        _ access: Access = .read,
        _ reason: RouteReason = .plainRead,
        _ change: (inout BatchPlan) -> Void = { _ in }
    ) -> BatchPlan {
        var plan = BatchPlan()
        plan.extent = .whole
        plan.isQuery = true
        plan.add(StatementClass(access: access, reason: reason))
        change(&plan)
        return plan
    }

    private static var read: BatchPlan { plan() }
    private static var write: BatchPlan { plan(.write, .dml) }
    private static var doubtful: BatchPlan { plan(.write, .volatileFunction) }
    private static var looksEverywhere: BatchPlan { plan { $0.relationNames = .everything } }
    private static var flushed: BatchPlan {
        plan {
            $0.extent = .flushed
            $0.executes = true
        }
    }

    private static func goes(_ isRead: Bool, _ cause: RouteCause, _ reason: RouteReason = .plainRead) -> Router.Decision
    {
        .route(RouteRecord(isRead: isRead, cause: cause, reason: reason))
    }

    private static var table: [Given] {
        [
            Given("a read", read, goes(true, .statement)),
            Given("a write", write, goes(false, .statement, .dml)),
            Given("what a replica may refuse", doubtful, goes(false, .statement, .volatileFunction)),
            Given("a read, no replica", read, goes(true, .noReplica)) { $1.hasReplicas = false },
            Given("a read, only laggards", read, goes(true, .lagging)) {
                $1.hasReplicas = false
                $1.hasLaggards = true
            },
            Given("refused by a replica", read, goes(false, .retried)) { session, _ in session.isForcedToPrimary = true
            },
            Given("session pooling", read, goes(false, .pin)) { $1.mode = .session },
            Given("serializable by default", read, goes(false, .serializable)) { session, _ in
                session.isSerializable = true
            },
            Given("leaves state", plan { $0.leavesState = true }, goes(false, .statement)),
            Given("hint for the primary", plan { $0.hint = .primary }, goes(false, .hint)),
            Given("hint for a replica, a read", plan { $0.hint = .replica }, goes(true, .hint)),
            Given(
                "hint for a replica, a doubt",
                plan(.write, .volatileFunction) { $0.hint = .replica },
                goes(true, .hint, .volatileFunction)
            ),
            Given(
                "hint for a replica, a write",
                plan(.write, .dml) { $0.hint = .replica },
                .writeOnReplica(.dml, .hint)
            ),
            Given("a hint wins over howdah.route", plan { $0.hint = .replica }, goes(true, .hint)) { session, _ in
                session.preference = .primary
            },
            Given("howdah.route = primary", read, goes(false, .preference)) { session, _ in
                session.preference = .primary
            },
            Given("howdah.route = replica", read, goes(true, .preference)) { session, _ in session.preference = .replica
            },
            Given("howdah.route = replica, a write", write, .writeOnReplica(.dml, .preference)) { session, _ in
                session.preference = .replica
            },
            Given("split off", read, goes(false, .splitOff)) { $1.split = false },
            Given("split off, asked for a replica", read, goes(true, .preference)) {
                $0.preference = .replica
                $1.split = false
            },
            Given("outdated facts, its functions matter", looksEverywhere, goes(false, .catalogOutdated)) {
                $1.isCatalogOutdated = true
            },
            Given("outdated facts, it calls none", read, goes(true, .statement)) { $1.isCatalogOutdated = true },
            Given("asks for replies before its end", flushed, goes(false, .openBatch)),
            Given("BEGIN before it", read, goes(false, .transaction)) { session, _ in session.transaction = .begun },
            Given("BEGIN ISOLATION LEVEL SERIALIZABLE before it", read, goes(false, .transaction)) { session, _ in
                session.transaction = .begunOnPrimary
            },
            Given("leading reads", read, goes(true, .leadingReads)) { session, _ in
                session.transaction = .begunToLead
                session.leads = true
            },
            Given("leading reads that may not lead now", read, goes(false, .transaction)) { session, _ in
                session.transaction = .begunToLead
            },
            Given(
                "BEGIN and the first read in one batch",
                plan(.write, .transactionControl),
                goes(true, .leadingReads, .transactionControl)
            ) { session, _ in session.leads = true },
            Given("leading reads, only laggards", read, goes(true, .lagging)) {
                $0.transaction = .begunToLead
                $0.leads = true
                $1.hasReplicas = false
                $1.hasLaggards = true
            },
            Given("BEGIN READ ONLY before it", read, goes(true, .readOnlyTransaction)) { session, _ in
                session.transaction = .begunReadOnly
            },
            Given("BEGIN READ ONLY before what only a primary takes", write, goes(false, .readOnlyTransaction, .dml)) {
                session,
                _ in session.transaction = .begunReadOnly
            },
            Given("BEGIN READ ONLY with session pooling", read, goes(false, .readOnlyTransaction)) {
                session,
                surroundings in
                session.transaction = .begunReadOnly
                surroundings.mode = .session
            },
            Given(
                "LISTEN in a read-only transaction",
                plan { $0.effects.formUnion(.listen) },
                goes(false, .readOnlyTransaction)
            ) { session, _ in session.transaction = .begunToStay },
            Given("a server is held", read, .notToBeAsked) { session, _ in session.transaction = .open },
        ]
    }

    @Test("The first rule that applies decides")
    func decides() {
        #expect(Self.table.count > 30)
        for given in Self.table {
            let decision = Router(given.session, given.surroundings).decide(given.plan)
            #expect(decision == given.expected, "\(given)")
        }
    }

    /// All that may be, in all combinations.
    @Test("Whatever comes together, no write that is known as one goes to a replica unasked")
    func combinations() {
        var count = 0
        forAll { session, surroundings in
            let router = Router(session, surroundings)
            for plan in [Self.read, Self.write, Self.doubtful, Self.looksEverywhere, Self.flushed] {
                for hint in [RouteHint.none, .primary, .replica] {
                    for leavesState in [false, true] {
                        var plan = plan
                        plan.hint = hint
                        plan.leavesState = leavesState
                        check(router, plan)
                        count += 1
                    }
                }
            }
        }
        #expect(count > 100_000)
    }

    private func check(_ router: Router, _ plan: BatchPlan) {
        let session = router.session
        guard case .route(let route) = router.decide(plan) else { return }
        guard route.isRead else { return }
        let told = "\(session) \(router.surroundings) \(plan)"
        if session.leads { return }
        let isAsked = plan.hint == .replica || plan.hint == .none && session.preference == .replica
        if plan.access != .read { #expect(isAsked && plan.reason.isDoubt, "\(told)") }
        #expect(!session.isForcedToPrimary, "\(told)")
        #expect(router.surroundings.mode != .session, "\(told)")
        if session.transaction == .none {
            #expect(!session.isSerializable && !plan.leavesState, "\(told)")
            #expect(router.surroundings.split || isAsked, "\(told)")
        } else {
            #expect(router.surroundings.split && session.preference != .primary, "\(told)")
        }
        #expect(plan.hint != .primary, "\(told)")
    }

    private func forAll(_ body: (Router.Session, Router.Surroundings) -> Void) {
        let transactions: [ClientTransaction] = [
            .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .lost, .leading,
        ]
        for transaction in transactions {
            for preference in [RoutePreference.auto, .primary, .replica] {
                for mode in [PoolMode.session, .transaction, .statement] {
                    for bits in 0..<128 {
                        let session = Router.Session(
                            transaction: transaction,
                            preference: preference,
                            isForcedToPrimary: bits & 1 != 0,
                            isSerializable: bits & 2 != 0,
                            leads: bits & 4 != 0 && (transaction == .none || transaction == .begunToLead)
                        )
                        body(
                            session,
                            Router.Surroundings(
                                mode: mode,
                                split: bits & 8 != 0,
                                isCatalogOutdated: bits & 16 != 0,
                                hasReplicas: bits & 32 != 0,
                                hasLaggards: bits & 64 != 0
                            )
                        )
                    }
                }
            }
        }
    }

    // MARK: Pinned sessions

    private func obstacle(
        _ plan: BatchPlan,
        pinnedBy reason: PinReason,
        _ change: (inout Router.Session, inout Router.Surroundings) -> Void = { _, _ in },
        pinnedReads: PinnedReads = .replica,
        made: RelationNames = .none,
        isOnPrimary: Bool = true
    ) -> PinnedReadObstacle? {
        var session = Router.Session()
        var surroundings = Router.Surroundings()
        change(&session, &surroundings)
        let record = PinRecord()
        record.add(reason, since: 0, statement: "")
        record.mayMake(made)
        return Router(session, surroundings).pinnedReadObstacle(
            plan,
            record,
            pinnedReads: pinnedReads,
            textLimit: 1000,
            isOnPrimary: isOnPrimary
        )
    }

    @Test("Which reads of a pinned session may run elsewhere, and why others do not")
    func pinned() {
        let read = Self.plan { $0.size = 100 }
        #expect(obstacle(read, pinnedBy: .temporaryObject) == nil)
        #expect(obstacle(read, pinnedBy: .temporaryObject, pinnedReads: .primary) == .switchedOff)
        #expect(obstacle(read, pinnedBy: .seed) == .state(.seed))
        #expect(obstacle(read, pinnedBy: .advisoryLock, { $1.split = false }) == .sentToPrimary)
        #expect(
            obstacle(read, pinnedBy: .advisoryLock, { session, _ in session.preference = .primary }) == .sentToPrimary
        )
        #expect(obstacle(Self.plan { $0.hint = .primary }, pinnedBy: .advisoryLock) == .sentToPrimary)
        #expect(obstacle(Self.write, pinnedBy: .advisoryLock) == .notPlainRead)
        #expect(obstacle(Self.plan { $0.size = 1001 }, pinnedBy: .advisoryLock) == .notPlainRead)
        #expect(obstacle(Self.looksEverywhere, pinnedBy: .advisoryLock) == .looksAtSession)
        #expect(obstacle(read, pinnedBy: .temporaryObject, made: .everything) == .mayBeTemporary)
        #expect(obstacle(read, pinnedBy: .temporaryObject, isOnPrimary: false) == .misplaced)
    }
}
