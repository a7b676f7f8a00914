import Bytes
import PostgresWire
import StatementRouting

/// ReadyForQuery: what a cycle has done holds, and the server may be let go.
extension Engine {
    /// - Parameters:
    ///   - entry: of the message that has ended the cycle.
    ///   - hasFailed: whether an error was among the replies.
    /// - Returns: false where the rest of the bytes must not be looked at.
    func readyForQuery(
        _ entry: LedgerEntry,
        hasFailed: Bool,
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) -> Bool {
        let status = server.pointee.conversation.status
        if entry.changesName { releaseStatements(of: entry) }
        if server.pointee.changesCatalog, status == .idle { catalogMayHaveChanged(server) }
        if server.pointee.changesLogins, status == .idle { loginsMayHaveChanged(server, hasFailed: hasFailed) }
        if server.pointee.preparing == .interrupted { askForTypesAgain(server) }
        if entry.nameSize > 0 { server.pointee.extras.ahead = .nothing }
        if !hasFailed, entry.effect != .none { applyEffect(entry.effect, server) }
        if server.pointee.changesSchema, status == .idle { schemaChangeEnded(server) }
        guard entry.disposition == .forward || entry.purpose == .startValues,
            let client = clients[server.pointee.client]
        else {
            if server.pointee.resetsToStart, server.pointee.client.isNone { forgetStartReset(server) }
            dropReply(server, bytes, offset, header, &run)
            if entry.purpose != .none { return injectedReady(server, entry.purpose, hasFailed: hasFailed, &run) }
            // The Sync behind a decoy comes when its client's cycle is over already.
            run.cycleEnded = run.cycleEnded || server.pointee.client.isNone || entry.kind == .sync
            return true
        }
        deliver(client)
        if entry.purpose == .startValues {
            startIsBack(client, server, hasFailed: hasFailed)
        } else if server.pointee.resetsToStart, bringsStartBack(client, server, hasFailed: hasFailed) {
            dropReply(server, bytes, offset, header, &run)
            return true
        }
        // What could not be brought back outside of a transaction undoes nothing.
        let isUndone = hasFailed && !(entry.purpose == .startValues && status == .idle)
        if client.pointee.extras != nil { settleSettings(client, server, hasFailed: isUndone) }
        client.pointee.outstanding &-= 1
        server.pointee.pool.pointee.counters.queryTime &+= turn.clock.since(entry.sentAt)
        if client.pointee.transaction.isLeading, status == .idle { client.pointee.extras = nil }
        client.pointee.transaction = client.pointee.transaction.after(
            status,
            isMoreInFlight: client.pointee.outstanding > 0 || client.pointee.flow.isInBatch
        )
        if client.pointee.freshness.track != .untracked { noteCompletion(client, server) }
        if status == .idle {
            settleSurroundings(client)
            server.pointee.pool.pointee.counters.transactions &+= 1
        } else if server.pointee.pool.pointee.options.mode == .statement {
            refuse(client, .transactionInStatementMode)
            return false
        }
        if server.pointee.mayNotify || client.pointee.channels != nil {
            flushRun(server, bytes, &run, upTo: offset)
            if settleNotifications(client, server) { dropReply(server, bytes, offset, header, &run) }
            guard client.pointee.phase == .ready else { return false }
        }
        run.cycleEnded = true
        return true
    }

    /// Everything at hand has been read and a ReadyForQuery was among it: the client goes on, or lets go of the server.
    func cycleEnded(_ server: ServerPointer) {
        guard let client = clients[server.pointee.client] else {
            // A second cycle in the same bytes, which was the server's own, may have freed it already.
            if server.pointee.conversation.ledger.isEmpty, server.pointee.phase != .idle { becomeFree(server) }
            return
        }
        let handle = client.pointee.handle
        if client.pointee.outstanding == 0, client.pointee.flow.isAtEnd {
            client.pointee.changesNames = false
            // The portals have gone with the transaction.
            if client.pointee.portals.mustBeForgotten, server.pointee.conversation.status == .idle {
                forgetLastBound(client)
            }
            changeNames(client) { $0.compact() }
            client.pointee.since = now
            if client.pointee.pin != nil { settleLongStatements(client, server) }
            if !mayLetGo(client, server) {
                if readsElsewhere(client) {
                    if !isSendingOn(client) { endReadElsewhere(client, server) }
                } else if client.pointee.pin != nil {
                    askForPins(client, server)
                }
                processHeld(client)
                return
            }
            letGo(client, server)
        }
        processHeld(client)
        if orders.isDraining, let client = clients[handle] { dismissIfIdle(client) }
    }

    @inline(__always)
    private func mayLetGo(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        server.pointee.conversation.status == .idle && client.pointee.pin == nil
            && server.pointee.conversation.ledger.isEmpty
            && !isSendingOn(client)
    }

    /// Whether the server has been sent half a message. The rest of one that is dropped concerns no server.
    private func isSendingOn(_ client: ClientPointer) -> Bool {
        if case .toServer = client.pointee.passThrough { return true }
        return false
    }

    private func letGo(_ client: ClientPointer, _ server: ServerPointer) {
        if server.pointee.pauses.contains(.sinkFull) { unpause(server) }
        resume(client, .sinkFull)
        if client.pointee.surroundings != nil { meetsOthers(client) }
        release(server, from: client)
    }

    /// A statement of the proxy's own is over.
    private func injectedReady(
        _ server: ServerPointer,
        _ purpose: LedgerEntry.Purpose,
        hasFailed: Bool,
        _ run: inout ForwardRun
    ) -> Bool {
        switch purpose {
        case .settings: return settingsReady(server, hasFailed: hasFailed, &run)
        case .values:
            let isWelcoming = clients[server.pointee.client]?.pointee.phase == .welcoming
            valuesReady(server, hasFailed: hasFailed)
            if isWelcoming { return false }
            run.cycleEnded = true
        case .relief:
            guard !hasFailed else {
                serverViolated(server, "could not be rid of its time limits")
                return false
            }
        case .cleanup:
            guard cleaned(server, hasFailed: hasFailed) else { return false }
        case .rollback:
            if server.pointee.conversation.status != .idle {
                serverViolated(server, "could not be rolled back")
                return false
            }
            run.cycleEnded = true
        case .flush:
            guard let client = clients[server.pointee.client] else { break }
            // What the client has flushed it waits for: the reply is not held back any longer.
            deliver(client)
            if client.pointee.transaction.isLeading {
                client.pointee.transaction = client.pointee.transaction.after(server.pointee.conversation.status)
            }
            client.pointee.flow = hasFailed ? .skipping : .between
            run.cycleEnded = true
        case .begin:
            // The statement behind it has run, or will run, outside of any transaction: nothing can be built on that.
            if hasFailed {
                // The client was told that a transaction is open: it has failed.
                server.pointee.conversation.beginWasRefused()
                clients[server.pointee.client]?.pointee.ending = .possible
                serverViolated(server, "refused BEGIN")
                return false
            }
            settled(server, &run)
        case .evidence:
            evidenceIsComplete(server, hasFailed: hasFailed)
            run.cycleEnded = true
        case .none, .prepare, .prepareAhead, .describePrepared, .closePrepared, .check, .startValues: break
        }
        run.cycleEnded = run.cycleEnded || server.pointee.client.isNone
        return true
    }

    /// What cleans a server has run.
    /// - Returns: false where the server is gone.
    private func cleaned(_ server: ServerPointer, hasFailed: Bool) -> Bool {
        guard !hasFailed else {
            guard server.pointee.cleanup == .session else {
                serverViolated(
                    server,
                    "could not be cleaned: \(server.pointee.cleanup.statement(prepared: 0) ?? "") failed"
                )
                return false
            }
            // Somebody has prepared a statement there.
            server.pointee.cleanup = .everything
            return true
        }
        switch server.pointee.cleanup {
        case .none, .unlisten, .close: break
        case .session: settingsAreReset(server)
        case .discardAll, .everything: serverIsPristine(server)
        }
        server.pointee.cleanup = .none
        return true
    }

    /// DISCARD ALL has run: settings and prepared statements are as on a new connection.
    func serverIsPristine(_ server: ServerPointer) {
        server.pointee.conversation.isPristine()
        server.pointee.extras.shown = []
        server.pointee.isShowing = false
        settingsAreReset(server)
    }

    private func settingsAreReset(_ server: ServerPointer) {
        server.pointee.sequences.reset()
        server.pointee.settings.reset(profiles)
    }
}
