import Bytes
import PostgresWire
import StatementRouting

/// Where a batch goes that finds its client without a server.
extension Engine {
    /// Decides and records the route.
    /// - Parameter leads: whether the batch may be the first of a transaction's leading reads.
    /// - Returns: an error where the client has asked for what cannot be.
    func decideRoute(_ client: ClientPointer, _ pool: PoolPointer, _ plan: BatchPlan, leads: Bool) -> PostgresError? {
        var route = RouteRecord(isRead: plan.access == .read, cause: .statement, reason: plan.reason)
        switch client.pointee.transaction {
        case .begun, .begunOnPrimary:
            route.isRead = false
            route.cause = .transaction
        case .begunToLead:
            route.isRead = leads && mayLead(client, pool)
            route.cause = route.isRead ? .leadingReads : .transaction
        case .begunReadOnly, .begunToStay:
            route.cause = .readOnlyTransaction
            if needsPrimary(client, pool, plan) { route.isRead = false }
        case .none where leads && mayLead(client, pool):
            route.isRead = true
            route.cause = .leadingReads
        case .none:
            if let refusal = decideByPreference(client, pool, plan, &route) { return refusal }
        case .open, .failed, .lost, .beginningToLead, .leading, .leadingReadOnly, .leadingFailed:
            // Nothing that is sent should bring this about. The error fails the batch, and a transaction of which no
            // server knows is over.
            assertionFailure("a transaction is open without a server")
            client.pointee.transaction = .none
            var error = PostgresError.lostTrack
            error.severity = .error
            return error
        }
        if route.isRead, roster.replicas.isEmpty, route.cause == .statement || route.cause == .leadingReads {
            route.cause = roster.hasLaggards ? .lagging : .noReplica
        }
        client.pointee.lastRoute = route
        if route.isRead { pool.pointee.counters.reads &+= 1 } else { pool.pointee.counters.writes &+= 1 }
        return nil
    }

    /// Whether a batch of a read-only transaction belongs on the primary.
    func needsPrimary(_ client: ClientPointer, _ pool: PoolPointer, _ plan: BatchPlan) -> Bool {
        // A session that must keep its server cannot keep one that takes no writes.
        !plan.isRead || PinReason(plan.effects) != nil || plan.effects.contains(.listen)
            || client.pointee.isForcedToPrimary || client.pointee.preference == .primary || !pool.pointee.options.split
    }

    private func decideByPreference(
        _ client: ClientPointer,
        _ pool: PoolPointer,
        _ plan: BatchPlan,
        _ route: inout RouteRecord
    ) -> PostgresError? {
        let wish: RoutePreference
        switch plan.hint {
        case .primary: wish = .primary
        case .replica: wish = .replica
        case .none: wish = client.pointee.preference
        }
        let wishCause = plan.hint == .none ? RouteCause.preference : .hint
        if client.pointee.isForcedToPrimary {
            route.isRead = false
            route.cause = .retried
        } else if pool.pointee.options.mode == .session {
            route.isRead = false
            route.cause = .pin
        } else if isSerializable(client, pool) {
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
            if plan.access != .read, !plan.reason.isDoubt { return Self.writeOnReplica(plan, wishCause) }
            route.isRead = true
            route.cause = wishCause
        } else if !pool.pointee.options.split {
            route.isRead = false
            route.cause = .splitOff
        } else if pool.pointee.isCatalogOutdated, plan.relationNames.isEverything {
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

    private static func writeOnReplica(_ plan: BatchPlan, _ cause: RouteCause) -> PostgresError {
        PostgresError(
            .error,
            .readOnlyTransaction,
            "this statement cannot run on a replica: \(plan.reason)",
            detail: cause == .hint
                ? "The comment \"howdah: replica\" asks for a replica."
                : "The setting howdah.route of this session is \"replica\".",
            hint: cause == .hint
                ? "Take the comment out, or write \"howdah: primary\"."
                : "SET howdah.route = 'auto' lets Howdah decide."
        )
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
        if client.pointee.transaction == .begunToLead, server.pointee.isReplica {
            // The words are needed again should it move.
            client.pointee.transaction = .leading
        } else if client.pointee.transaction == .begunReadOnly, server.pointee.isReplica {
            client.pointee.transaction = .leadingReadOnly
        } else {
            client.pointee.extras = nil
            client.pointee.transaction = .open
        }
        server.pointee.status = .inTransaction
    }

    /// Sends a Query of the proxy's own; its reply goes nowhere.
    func inject(_ server: ServerPointer, _ text: String, purpose: LedgerEntry.Purpose) {
        var builder = MessageBuilder()
        builder.query(text)
        server.pointee.output.append(builder.bytes, from: buffers)
        var entry = LedgerEntry(.query, .swallow)
        entry.purpose = purpose
        server.pointee.ledger.append(entry)
        // A Query ends the unnamed statement (PostgreSQL documentation, 55.2.3).
        server.pointee.unnamed = .none
        touch(server)
    }

    /// Keeps `server_prepared_statements`; in front of a batch, when no other is in flight.
    @inline(__always)
    func closeUnusedStatements(_ server: ServerPointer) {
        while server.pointee.statements.count > options.serverPreparedStatements,
            let serial = server.pointee.statements.leastRecentlyUsed
        {
            evict(serial, from: server)
        }
    }

    /// Closes the statement that the server has not used for the longest time. Stands only where no error of the
    /// client's can make the server skip it.
    private func evict(_ serial: StatementSerial, from server: ServerPointer) {
        server.pointee.statements.remove(serial)
        closeOnServer(server, name(of: serial))
    }

    /// The name under which servers know a statement, without its zero.
    func name(of serial: StatementSerial) -> [UInt8] {
        var name = [UInt8](repeating: 0, count: StatementSerial.nameSize)
        name.withUnsafeMutableBytes { serial.writeName(to: $0.baseAddress.unsafelyUnwrapped) }
        return Array(name.dropLast())
    }

    func closeOnServer(_ server: ServerPointer, _ name: [UInt8]) {
        server.pointee.output.appendHeader(FrontendTag.close, bodySize: name.count + 2, from: buffers)
        server.pointee.output.append([TargetMessage.Kind.statement.rawValue] + name + [0], from: buffers)
        server.pointee.ledger.append(LedgerEntry(.close, .swallow))
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
            // There will be no other try: what was decided for this one does not hold for the next batch.
            client.pointee.attempts = 0
            client.pointee.isForcedToPrimary = false
            return
        }
        input.extracting(offset..<offset &+ plan.size).withUnsafeBytes {
            client.pointee.replay.append($0, from: buffers)
        }
        client.pointee.replayAhead = plan.size
        client.pointee.replayState = .armed
        client.pointee.renewal = plan.renewal
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
        client.pointee.renewal = client.pointee.renewal.and(plan.renewal)
        return true
    }

    /// The reply has begun to leave, or is over: what was kept for a second try goes, and what was held back of the
    /// reply is sent.
    @inline(__always)
    func deliver(_ client: ClientPointer) {
        if client.pointee.replayState == .armed { disarm(client) }
    }

    func disarm(_ client: ClientPointer) {
        client.pointee.replay.clear(to: buffers)
        client.pointee.replayAhead = 0
        client.pointee.replayState = .none
        keepNames(client)
        client.pointee.attempts = 0
        client.pointee.isForcedToPrimary = false
        if !client.pointee.output.isEmpty { touch(client) }
    }
}
