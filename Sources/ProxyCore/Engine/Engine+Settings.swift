import Bytes
import PostgresWire
import StatementRouting

/// How a server comes by the settings of the session that is to use it.
///
/// It is one transaction of the proxy's own, in front of the client's statement: `BEGIN`, the changes, `COMMIT`. If any
/// of them fails, the server stands in a failed transaction and refuses what has been sent behind, so that nothing of
/// the client's ever runs with other settings than its own. What could end that transaction (COMMIT, ROLLBACK, a text
/// that is not understood) is not sent behind it but when it has succeeded.
extension Engine {
    /// Up to so many: the text of each number of changes is kept.
    private static let mostPrepared = 64

    /// Works also on a standby whose sessions are serializable by default, which takes no other query then (PostgreSQL
    /// documentation, 27.4.1).
    private static let begin = "BEGIN ISOLATION LEVEL READ COMMITTED"

    /// Puts what brings the server to the client's settings in front of the client's own messages.
    func injectSettings(_ client: ClientPointer, _ server: ServerPointer) {
        let current = server.pointee.profile
        let wanted = client.pointee.profile
        server.pointee.settings.bring(to: wanted, profiles)
        if let changes = profiles.changes(from: current, to: wanted),
            ProfileStore.many...Self.mostPrepared ~= changes.count,
            let begin = interned(Self.begin), let commit = interned("COMMIT"),
            let statement = settingsStatement(changes.count)
        {
            injectValues(changes, begin: begin, statement, commit: commit, server)
        } else {
            injectInTransaction(server, profiles.statement(from: current, to: wanted))
        }
    }

    /// Sends statements of the proxy's own that must all succeed before anything of the client's may run.
    func injectInTransaction(_ server: ServerPointer, _ text: String) {
        inject(server, "\(Self.begin);\(text);COMMIT", purpose: .settings)
    }

    /// The statement that makes so many changes, as a client could have prepared it; nil where there is no room for it.
    private func settingsStatement(_ count: Int) -> StatementID? {
        interned(body: profiles.body(ofChanges: count))
    }

    private func interned(_ text: String) -> StatementID? { interned(body: Array(text.utf8) + [0, 0, 0]) }

    private func interned(body: [UInt8]) -> StatementID? {
        if let id = statements.find(body.span.bytes, in: .proxy) { return id }
        return statements.intern(
            body.span.bytes,
            in: .proxy,
            .base,
            textSize: body.count - 3,
            statementClass: StatementClass(access: .read, reason: .sessionCommand),
            classStamp: 0
        )
    }

    /// A cycle of its own: part of the client's, it would be undone with that.
    private func injectValues(
        _ changes: [(name: String, value: String?)],
        begin: StatementID,
        _ statement: StatementID,
        commit: StatementID,
        _ server: ServerPointer
    ) {
        var parameters: [[UInt8]?] = []
        parameters.reserveCapacity(2 * changes.count)
        for change in changes {
            parameters.append(Array(change.name.utf8))
            parameters.append(change.value.map { Array($0.utf8) })
        }
        execute(begin, [], server)
        execute(statement, parameters, server)
        execute(commit, [], server)
        server.pointee.conversation.sync(.swallow, .settings, from: buffers)
        touch(server)
    }

    private func execute(_ id: StatementID, _ parameters: [[UInt8]?], _ server: ServerPointer) {
        let serial = statements[id].pointee.serial
        if !server.pointee.conversation.use(serial) {
            injectParse(id, isShared: true, isAgain: false, server, purpose: .settings)
        }
        var builder = MessageBuilder()
        builder.bind(
            portal: "",
            statement: String(decoding: name(of: serial), as: UTF8.self),
            parameters: parameters
        )
        builder.execute(portal: "", maximumRows: 0)
        server.pointee.conversation.inject(builder, .settings, from: buffers)
    }

    // MARK: One after the other

    /// Whether the batch must wait until the server has the session's settings, or is in its transaction; if so, that
    /// is under way.
    @inline(__always)
    func settlesFirst(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) -> Bool {
        if client.pointee.profile == .base, server.pointee.profile == .base { return false }
        return settles(client, server, plan)
    }

    private func settles(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) -> Bool {
        let differs = server.pointee.profile != client.pointee.profile
        // A BEGIN that the session's own time limit ends leaves what follows it outside of any transaction.
        let beginsInHaste =
            client.pointee.transaction.isDeferred && profiles.traits(of: client.pointee.profile).hasShortTimeout
        guard
            beginsInHaste
                || differs
                    && (client.pointee.pin != nil && !readsElsewhere(client) || plan.controlsTransaction)
        else { return false }
        if differs { injectSettings(client, server) }
        if beginsInHaste { injectBegin(client, server) }
        client.pointee.flow = .settling
        return true
    }

    /// What the proxy has put in front of the client's batch has succeeded.
    func settled(_ server: ServerPointer, _ run: inout ForwardRun) {
        guard !isPreparing(server), let client = clients[server.pointee.client] else { return }
        if client.pointee.flow == .settling {
            run.cycleEnded = true
            if server.pointee.extras.holdsCancel {
                dropHeldCancel(of: server)
                return refuseSettling(client, server, .canceled)
            }
            client.pointee.flow = client.pointee.pin == nil ? .assigned : .between
        } else if server.pointee.extras.holdsCancel {
            sendHeldCancel(to: server)
        }
        // What was not sent behind it goes on.
        if !client.pointee.held.isEmpty { run.cycleEnded = true }
    }

    /// Whether the server still owes replies to what the proxy has put in front of its client's statement.
    func isPreparing(_ server: ServerPointer) -> Bool {
        for index in 0..<server.pointee.conversation.ledger.count {
            switch server.pointee.conversation.ledger[index].purpose {
            case .settings, .begin: return true
            default: break
            }
        }
        return false
    }

    // MARK: The reply

    /// What brings a server to its client's settings has run.
    /// - Returns: false where the rest of the bytes must not be looked at.
    func settingsReady(_ server: ServerPointer, hasFailed: Bool, _ run: inout ForwardRun) -> Bool {
        server.pointee.settings.brought(hasFailed: hasFailed, profiles)
        if hasFailed { return settingsFailed(server, &run) }
        guard let client = clients[server.pointee.client] else {
            run.cycleEnded = true
            return true
        }
        if client.pointee.phase == .welcoming {
            askForStart(client, server)
            return false
        }
        settled(server, &run)
        return true
    }

    /// The server has refused the settings, and all that was sent behind them. It is not the session that fails by it
    /// but the statement: with the server's own error, as SET would have. What another node may run, or what was cut
    /// short by nobody's wish, is tried again.
    private func settingsFailed(_ server: ServerPointer, _ run: inout ForwardRun) -> Bool {
        // A cancel that came meanwhile means the statement behind: it is not run for that, here or elsewhere.
        let isCanceled = server.pointee.extras.holdsCancel
        let refusal =
            server.pointee.extras.settingsError ?? PostgresError(.error, .internalError, "a setting was refused")
        // What was taken to be prepared there is not: nothing that is known of the server's statements holds.
        let isForgotten = refusal.sqlState == .invalidStatementName
        if isForgotten { server.pointee.needs(.discardAll) }
        let error = isCanceled ? .canceled : isForgotten ? .settingsNotBrought : refusal
        server.pointee.extras.settingsError = nil
        dropHeldCancel(of: server)
        guard let client = clients[server.pointee.client] else {
            run.cycleEnded = true
            return true
        }
        if client.pointee.phase == .welcoming {
            refuse(client, error)
            return false
        }
        let mayTryAgain =
            !isCanceled && client.pointee.tries.mayGoOn(nodes: roster.topology.nodes.count)
            && (server.pointee.isReplica || error.sqlState == .queryCanceled || isForgotten)
        if client.pointee.flow == .settling {
            guard mayTryAgain, client.pointee.pin == nil, !client.pointee.transaction.isFailed,
                client.pointee.transaction != .open
            else {
                refuseSettling(client, server, error)
                return true
            }
            client.pointee.tries.runAgain()
            if server.pointee.isReplica { client.pointee.tries.forceToPrimary() }
            client.pointee.flow = .between
            release(server, from: client)
            turn.work.append(.goOn(client.pointee.handle))
        } else if mayTryAgain, client.pointee.tries.isArmed {
            runAgain(client, server, readsElsewhere(client) ? .onPinned : .settings)
        } else {
            failBehindSettings(client, server, error)
        }
        return true
    }

    /// The batch has not been sent: it gets the error instead.
    private func refuseSettling(_ client: ClientPointer, _ server: ServerPointer, _ error: PostgresError) {
        // The BEGIN that was answered long ago has been sent.
        if client.pointee.transaction == .open { client.pointee.transaction = .lost }
        extras(of: client).refusal = error
        client.pointee.flow = .refused
        client.pointee.tries.end()
        if client.pointee.pin == nil {
            release(server, from: client)
        } else if server.pointee.conversation.status != .idle {
            inject(server, "ROLLBACK", purpose: .rollback)
        }
        turn.work.append(.goOn(client.pointee.handle))
    }

    /// The batch has been sent, and the server refuses it: the client gets the error in place of the server's, and lets
    /// go of the server.
    private func failBehindSettings(_ client: ClientPointer, _ server: ServerPointer, _ error: PostgresError) {
        deliver(client)
        let owed = max(0, client.pointee.outstanding)
        let flow = client.pointee.flow
        var isInMessage = false
        if case .toServer(let remaining) = client.pointee.passThrough {
            isInMessage = true
            client.pointee.passThrough = .dropped(remaining: remaining)
        }
        let hadBegun = (0..<server.pointee.conversation.ledger.count).contains {
            server.pointee.conversation.ledger[$0].purpose == .begin
        }
        if client.pointee.freshness.track == .writing { settleWrite(client, isOver: true) }
        if flow == .preparing || flow == .batch { sendSyncOfItsOwn(server) }
        detach(client, server)
        client.pointee.transaction = hadBegun ? .lost : .none
        client.pointee.extras = nil
        client.pointee.flow = flow.isInBatch ? .skipping : .between
        send(client) { builder in
            for _ in 0..<owed {
                builder.error(error)
                builder.readyForQuery(status(of: client))
            }
            if flow.isInBatch { builder.error(error) }
        }
        if isInMessage {
            // The rest of the message will not come.
            let pool = server.pointee.pool
            abandon(server)
            if pool.pointee.waiting > 0 { serveQueues(pool) }
        }
        turn.work.append(.goOn(client.pointee.handle))
    }

    /// Ends a batch whose client has let go of the server before it ended.
    func sendSyncOfItsOwn(_ server: ServerPointer) {
        server.pointee.conversation.sync(.swallow, from: buffers)
        touch(server)
    }

    // MARK: Rest

    /// Rids a server that goes back to its pool of time limits that would end it, or what is done to it, there.
    /// - Returns: whether that is under way.
    func resetTimeouts(_ server: ServerPointer) -> Bool {
        guard profiles.traits(of: server.pointee.profile).mustNotRest else { return false }
        let settings = profiles.settings(of: server.pointee.profile)
        let parts = settings.filter { ProfileTraits.mustBeResetInPool($0) }.map { "RESET \($0.name)" }
        inject(server, parts.joined(separator: ";"), purpose: .relief)
        server.pointee.settings.become(settings.filter { !ProfileTraits.mustBeResetInPool($0) }, profiles)
        return true
    }
}

extension PostgresError {
    fileprivate static let settingsNotBrought = PostgresError(
        .error,
        .serializationFailure,
        "the session's settings could not be brought to the server",
        hint: "Nothing has been done. Run the statement again, or the transaction."
    )
}
