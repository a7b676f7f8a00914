import Bytes
import PostgresWire
import StatementRouting

/// Errors from servers: what they undo, which of them are repaired, and which reach the client.
extension Engine {
    /// - Parameter failed: the message that it answers, nil where it comes unasked.
    /// - Returns: false where the rest of the bytes must not be looked at.
    func errorResponse(
        _ failed: LedgerEntry?,
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) -> Bool {
        let end = min(offset &+ header.size, bytes.byteCount)
        let body = bytes.extracting(offset &+ MessageHeader.byteCount..<end)
        server.pointee.pool.pointee.counters.errors &+= 1
        guard let entry = failed else { return unaskedError(server, body, header, offset, bytes, &run) }
        noteLoginTrouble(server, body)
        let fault = clients[server.pointee.client].flatMap { noteFault(body, entry, server, $0) }
        if let client = clients[server.pointee.client], client.pointee.tries.isArmed,
            let repair = repair(for: body, entry, fault, server, client)
        {
            // Nothing of the reply has left: it is dropped whole, and the batch runs again.
            run.start = end
            runAgain(client, server, repair)
            if !entry.completesCycle { skipToSync(server) }
            // A batch that waited for an answer in its middle has not been ended yet, and its client is gone.
            if server.pointee.conversation.isSkipping, server.pointee.client.isNone { sendSyncOfItsOwn(server) }
            return true
        }
        if ErrorFields.isFatal(body) {
            if entry.maySignal, entry.disposition == .forward, ErrorFields.sqlState(in: body) == .adminShutdown,
                let client = clients[server.pointee.client]
            {
                // It has ended its own server: that is what it is to see.
                deliver(client)
                drop(server, bytes, offset, end, &run)
                refuse(client, .terminated)
                return false
            }
            if endsSession(server, body, header, offset, bytes, &run) { return false }
            // The connection goes with it: the client keeps its own, and is told one error when the server is gone.
            server.pointee.extras.lastError = ErrorFields.text(of: ErrorFields.message, in: body)
            drop(server, bytes, offset, end, &run)
            return true
        }
        switch entry.disposition {
        case .forward:
            if let client = clients[server.pointee.client] {
                deliver(client)
                if let refusal = refusalOfSignal(entry.signal, body, server) {
                    drop(server, bytes, offset, end, &run)
                    send(client) { $0.error(refusal) }
                } else if entry.nameSize > 0 || entry.isExchanged || StatementSerial.isNamed(in: body),
                    end == offset &+ header.size
                {
                    let words = executeError(body, entry, client, server)
                    drop(server, bytes, offset, end, &run)
                    send(client) { $0.message(BackendTag.errorResponse) { $0.raw(words) } }
                }
            }
        case .swallow, .answer:
            // What was sent for the client's sake and failed is the client's error: the message that needed it fails
            // by it.
            let failsTransaction = entry.purpose == .startValues && server.pointee.conversation.status == .inTransaction
            let isClients = (entry.purpose == .prepare || failsTransaction) && !server.pointee.client.isNone
            if entry.purpose == .prepareAhead {
                server.pointee.extras.ahead = .failed(error: body.array(0..<body.byteCount))
            }
            if entry.purpose == .settings { server.pointee.extras.settingsError = PostgresError(.error, of: body) }
            if isClients, let client = clients[server.pointee.client] {
                deliver(client)
                if StatementSerial.isNamed(in: body), end == offset &+ header.size {
                    let words = reworded(body, entry, client)
                    drop(server, bytes, offset, end, &run)
                    send(client) { $0.message(BackendTag.errorResponse) { $0.raw(words) } }
                }
            }
            if !isClients { drop(server, bytes, offset, end, &run) }
        case .replace:
            drop(server, bytes, offset, end, &run)
            if let client = clients[server.pointee.client], let error = server.pointee.conversation.takeReplacement() {
                deliver(client)
                send(client) { $0.error(error) }
            }
        }
        if server.pointee.client.isNone { drop(server, bytes, offset, end, &run) }
        statements.release(server.pointee.conversation.takePreviousUnnamed(failedAt: 0))
        if !entry.completesCycle {
            let wasAsked = server.pointee.preparing == .asked || server.pointee.conversation.isChecking
            if skipToSync(server) { run.cycleEnded = true }
            // What was held back until the server had answered goes on.
            if wasAsked, server.pointee.preparing != .asked, !server.pointee.conversation.isChecking {
                run.cycleEnded = true
            }
        }
        return true
    }

    /// The error may come of a log-in that was changed since; the client in the middle of it is dealt with in `repair`.
    private func noteLoginTrouble(_ server: ServerPointer, _ body: RawSpan) {
        let state = ErrorFields.sqlState(in: body)
        if state == .insufficientPrivilege { return doubtLogins() }
        if Self.isOfDeadLogin(state, body), !server.pointee.pool.pointee.isDead { loginIsDead(server.pointee.pool) }
    }

    private func drop(_ server: ServerPointer, _ bytes: RawSpan, _ offset: Int, _ end: Int, _ run: inout ForwardRun) {
        if run.start < offset, let client = clients[server.pointee.client] {
            client.pointee.output.append(bytes.extracting(run.start..<offset), from: buffers)
            if !client.pointee.tries.isArmed { touch(client) }
        }
        run.start = end
    }

    /// After an error the server ignores everything up to Sync: what those messages were to change is taken back, the
    /// last first.
    /// - Returns: whether the client must be looked at again: what it has sent may wait for a ReadyForQuery that does
    ///   not come, or for the end of a batch that is still open, and the Sync that the server needs be among it.
    @discardableResult
    private func skipToSync(_ server: ServerPointer) -> Bool {
        var mayWaitInVain = false
        var skipped = server.pointee.conversation.skipToSync()
        // Also what looks like a new batch is skipped (behind a copy whose Sync the server has ignored).
        if server.pointee.conversation.isSkipping, let client = clients[server.pointee.client],
            client.pointee.flow == .between
        {
            client.pointee.flow = .batch
            mayWaitInVain = true
        }
        while let undone = server.pointee.conversation.undoNext(&skipped) {
            takeBack(undone, server)
            // A Query or a function call in the middle of a batch is skipped like the rest: no ReadyForQuery comes
            // for it.
            let entry = undone.entry
            if entry.completesCycle, entry.disposition == .forward, let client = clients[server.pointee.client] {
                client.pointee.outstanding &-= 1
                mayWaitInVain = true
            }
        }
        return mayWaitInVain
    }

    /// Undoes what a message that the server has not carried out did beyond the server.
    func takeBack(_ undone: UndoneMessage, _ server: ServerPointer) {
        let entry = undone.entry
        if entry.purpose == .closePrepared { preparedIsInterrupted(server) }
        if server.pointee.isShowing { takeBackShown(entry, server) }
        if let overtaken = undone.overtaken {
            statements.release(overtaken)
            if entry.kind == .parse { statements.release(entry.statement) }
        } else if entry.changesName, let client = clients[server.pointee.client] {
            takeBackName(entry, client)
        } else {
            releaseStatements(of: entry)
        }
    }

    // MARK: Errors that nothing asked for

    /// A time limit that the client itself has set is over, and has ended the server that it holds: it is to see that,
    /// and its own connection to end, as it would without a proxy.
    private func endsSession(
        _ server: ServerPointer,
        _ body: RawSpan,
        _ header: MessageHeader,
        _ offset: Int,
        _ bytes: RawSpan,
        _ run: inout ForwardRun
    ) -> Bool {
        let state = ErrorFields.sqlState(in: body)
        guard
            state == .idleInTransactionTimeout || state == .transactionTimeout || state == .idleSessionTimeout,
            let client = clients[server.pointee.client], client.pointee.phase == .ready
        else { return false }
        deliver(client)
        drop(server, bytes, offset, min(offset &+ header.size, bytes.byteCount), &run)
        refuse(client, PostgresError(.fatal, of: body))
        return true
    }

    /// The node says why it is about to close the connection.
    private func unaskedError(
        _ server: ServerPointer,
        _ body: RawSpan,
        _ header: MessageHeader,
        _ offset: Int,
        _ bytes: RawSpan,
        _ run: inout ForwardRun
    ) -> Bool {
        if ErrorFields.isFatal(body), endsSession(server, body, header, offset, bytes, &run) { return false }
        drop(server, bytes, offset, min(offset &+ header.size, bytes.byteCount), &run)
        server.pointee.extras.lastError = ErrorFields.text(of: ErrorFields.message, in: body)
        if LoginVerdict.isNodesFault(ErrorFields.sqlState(in: body), body) {
            actions.append(.suspectNode(server.pointee.node))
        }
        guard ErrorFields.isFatal(body), server.pointee.phase == .idle || server.pointee.phase == .active else {
            return true
        }
        // The end of the connection is on its way: nothing is to be sent there before that.
        if server.pointee.transport != .none { actions.append(.close(server.pointee.transport, flush: false)) }
        serverVanished(server, reason: "the server has ended the connection")
        return false
    }
}

extension PostgresError {
    /// A server's error in its own words.
    init(_ severity: Severity, of body: RawSpan) {
        self.init(
            severity,
            ErrorFields.sqlState(in: body),
            ErrorFields.text(of: ErrorFields.message, in: body) ?? "no reason given",
            detail: ErrorFields.text(of: ErrorFields.detail, in: body),
            hint: ErrorFields.text(of: ErrorFields.hint, in: body)
        )
    }
}
