import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// Where a batch goes that finds its client without a server: what the router is told, and what comes of its answer.
extension Engine {
    /// What has a say in where the client's next batch goes.
    /// - Parameter leads: whether that is one of a transaction's leading reads, and a replica may run them now.
    @inline(__always)
    func router(_ client: ClientPointer, _ pool: PoolPointer, leads: Bool = false) -> Router {
        Router(
            Router.Session(
                transaction: client.pointee.transaction,
                preference: preference(client, pool),
                isForcedToPrimary: client.pointee.tries.isForcedToPrimary,
                isSerializable: client.pointee.transaction == .none && isSerializable(client, pool),
                leads: leads
            ),
            Router.Surroundings(
                mode: pool.pointee.options.mode,
                split: pool.pointee.options.split,
                isCatalogOutdated: pool.pointee.isCatalogOutdated,
                hasReplicas: !roster.replicas.isEmpty,
                hasLaggards: roster.hasLaggards
            )
        )
    }

    /// Where the session wants its statements to run.
    @inline(__always)
    func preference(_ client: ClientPointer, _ pool: PoolPointer) -> RoutePreference {
        client.pointee.preference ?? pool.pointee.options.route
    }

    /// Decides and records the route.
    /// - Parameter leads: whether the batch may be the first of a transaction's leading reads.
    /// - Returns: an error where the client has asked for what cannot be.
    func decideRoute(_ client: ClientPointer, _ pool: PoolPointer, _ plan: BatchPlan, leads: Bool) -> PostgresError? {
        let leads = leads && mayLead(client, pool)
        switch router(client, pool, leads: leads).decide(plan) {
        case .route(let route):
            client.pointee.lastRoute = route
            if route.isRead { pool.pointee.counters.reads &+= 1 } else { pool.pointee.counters.writes &+= 1 }
            return nil
        case .writeOnReplica(let reason, let cause): return .writeOnReplica(reason, cause)
        case .notToBeAsked:
            // Nothing that is sent should bring this about. The error fails the batch, and a transaction of which no
            // server knows is over.
            assertionFailure("a transaction is open without a server")
            client.pointee.transaction = .none
            var error = PostgresError.lostTrack
            error.severity = .error
            return error
        }
    }

    // MARK: Bringing the server where the session is

    /// Puts in front of the client's own messages what the session needs and the server lacks. Nothing is sent where
    /// nothing differs.
    /// - Parameter plan: the batch that follows.
    func prepareServer(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) {
        if server.pointee.pool.pointee.options.mode == .session { pin(client, .sessionMode) }
        closeUnusedStatements(server)
        if server.pointee.profile != client.pointee.profile { injectSettings(client, server) }
        followSequences(client, server, plan)
        if client.pointee.transaction.isDeferred { injectBegin(client, server) }
    }

    func injectBegin(_ client: ClientPointer, _ server: ServerPointer) {
        let text = client.pointee.extras?.begin ?? ""
        inject(server, text.isEmpty ? "BEGIN" : text, purpose: .begin)
        client.pointee.transaction = client.pointee.transaction.begun(onReplica: server.pointee.isReplica)
        // The words are needed again should it move.
        if !client.pointee.transaction.isLeading { dropExtras(client) }
    }

    /// Sends a Query of the proxy's own; its reply goes nowhere.
    func inject(_ server: ServerPointer, _ text: String, purpose: LedgerEntry.Purpose) {
        var builder = MessageBuilder()
        builder.query(text)
        server.pointee.conversation.inject(builder, purpose, from: buffers)
        touch(server)
    }

    /// Keeps `server_prepared_statements`; in front of a batch, when no other is in flight.
    @inline(__always)
    func closeUnusedStatements(_ server: ServerPointer) {
        while server.pointee.conversation.statements.count > options.serverPreparedStatements,
            let serial = server.pointee.conversation.statements.leastRecentlyUsed
        {
            evict(serial, from: server)
        }
    }

    /// Closes the statement that the server has not used for the longest time. Stands only where no error of the
    /// client's can make the server skip it.
    private func evict(_ serial: StatementSerial, from server: ServerPointer) {
        server.pointee.conversation.close(serial, from: buffers)
        touch(server)
    }

    /// The name under which servers know a statement, without its zero.
    func name(of serial: StatementSerial) -> [UInt8] {
        var name = [UInt8](repeating: 0, count: StatementSerial.nameSize)
        name.withUnsafeMutableBytes { serial.writeName(to: $0.baseAddress.unsafelyUnwrapped) }
        return Array(name.dropLast())
    }

    func closeOnServer(_ server: ServerPointer, _ name: [UInt8]) {
        server.pointee.conversation.close(name: name, from: buffers)
        touch(server)
    }

    // MARK: Keeping a batch for a second try

    /// Keeps the batch's bytes while its reply could still be exchanged for another: outside a transaction or in its
    /// leading reads on a replica, for reads, and for what relies on a statement prepared earlier.
    @inline(__always)
    func armReplay(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ input: RawSpan,
        _ offset: Int
    ) {
        // One that is ended at its Flush is as good as whole.
        let isWhole = plan.extent == .whole || plan.extent == .flushed && !plan.executes && mayEndAtFlush(client)
        guard isWhole, client.pointee.transaction == .none || leadsOnReplica(client, server),
            client.pointee.pin == nil || readsElsewhere(client),
            plan.isRead || plan.bindsPrepared || client.pointee.lastRoute.isRead,
            !plan.effects.contains(.prepare),
            // A read that a replica cannot run must be able to run elsewhere, however long it is.
            plan.size <= options.clientBufferLimit
        else {
            client.pointee.tries.end()
            return
        }
        input.extracting(offset..<offset &+ plan.size).withUnsafeBytes {
            client.pointee.replay.append($0, from: buffers)
        }
        client.pointee.replayAhead = plan.size
        client.pointee.tries.arm(plan.renewal)
        client.pointee.released.take(&client.pointee.output)
    }

    /// Keeps another batch behind the one in flight.
    /// - Returns: false where it must wait for that one's reply.
    func extendReplay(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Bool {
        guard plan.extent == .whole, plan.isRead, !plan.leavesState, client.pointee.transaction == .none,
            client.pointee.pin == nil,
            client.pointee.replay.count &+ plan.size <= options.statementTextLimit
        else { return false }
        input.extracting(offset..<offset &+ plan.size).withUnsafeBytes {
            client.pointee.replay.append($0, from: buffers)
        }
        client.pointee.replayAhead = plan.size
        client.pointee.tries.join(plan.renewal)
        return true
    }

    /// The reply has begun to leave, or is over: what was kept for a second try goes, and what was held back of the
    /// reply is sent.
    @inline(__always)
    func deliver(_ client: ClientPointer) {
        if client.pointee.tries.isArmed { disarm(client) }
    }

    func disarm(_ client: ClientPointer) {
        client.pointee.replay.clear(to: buffers)
        client.pointee.replayAhead = 0
        keepNames(client)
        client.pointee.tries.end()
        if !client.pointee.output.isEmpty { touch(client) }
    }
}

extension PostgresError {
    static func writeOnReplica(_ reason: RouteReason, _ cause: RouteCause) -> PostgresError {
        PostgresError(
            .error,
            .readOnlyTransaction,
            "this statement cannot run on a replica: \(reason)",
            detail: cause == .hint
                ? "The comment \"howdah: replica\" asks for a replica."
                : "The setting howdah.route of this session is \"replica\".",
            hint: cause == .hint
                ? "Take the comment out, or write \"howdah: primary\"."
                : "SET howdah.route = 'auto' lets Howdah decide."
        )
    }
}
