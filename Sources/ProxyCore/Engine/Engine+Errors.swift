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
        if let client = clients[server.pointee.client], client.pointee.replayState == .armed,
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
            if client.pointee.replayState != .armed { touch(client) }
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

    // MARK: Repair

    /// How a batch is run again.
    enum Repair {
        /// A replica refused it as a write.
        case onPrimary
        /// What the batch relied on is not there, or out of date: what it needs is prepared again.
        case prepareAgain
        /// The same for a statement that the client has prepared earlier: its name means a new one from now on.
        case prepareAnew(StatementID)
        /// What a replica does not know may be there on the primary.
        case behind
        /// The node cannot go on; another may.
        case elsewhere
        /// The role of the server's session has been dropped: another log-in may have it again.
        case loggedInAnew
        /// A replica could not run what the client's own server may.
        case onPinned
        /// A replica has no serializable transactions: nothing is wrong with the statements.
        case serializable
        /// What the proxy has put in front has failed.
        case settings
    }

    private func repair(
        for body: RawSpan,
        _ entry: LedgerEntry,
        _ fault: StatementFault?,
        _ server: ServerPointer,
        _ client: ClientPointer
    ) -> Repair? {
        // It says nothing of the batch: what was put in front of it has failed.
        if entry.purpose == .settings || entry.purpose == .begin {
            let isNodes = server.pointee.isReplica && LoginVerdict.isNodesFault(ErrorFields.sqlState(in: body), body)
            return isNodes && client.pointee.lastRoute.isRead ? .elsewhere : nil
        }
        // One more on the primary, however many replicas were lost before.
        let mayTryAgain = Int(client.pointee.attempts) <= roster.topology.nodes.count
        guard mayTryAgain || !client.pointee.isForcedToPrimary else { return nil }
        let state = ErrorFields.sqlState(in: body)
        if state == .readOnlyTransaction, server.pointee.isReplica, client.pointee.lastRoute.cause != .hint,
            client.pointee.lastRoute.cause != .preference
        {
            return .onPrimary
        }
        // An unlogged table, read by a function whose body nobody has seen.
        if state == .featureNotSupported, server.pointee.isReplica,
            ErrorFields.isRaised(by: "get_relation_info", in: body)
        {
            return .onPrimary
        }
        if state == .featureNotSupported, server.pointee.isReplica, Self.isSerializableOnStandby(body) {
            return .serializable
        }
        let cause = server.pointee.extras.ahead.error.map { ErrorFields.sqlState(in: $0.span.bytes) } ?? state
        if mayTryAgain, Self.isOfDeadLogin(state, body), client.pointee.pin == nil { return .loggedInAnew }
        if cause.tellsOfUndefined, server.pointee.isReplica, !readsElsewhere(client), !client.pointee.isForcedToPrimary,
            client.pointee.lastRoute.cause != .hint, client.pointee.lastRoute.cause != .preference
        {
            return .behind
        }
        guard mayTryAgain else { return nil }
        if let repair = repair(of: fault, entry, server, client) { return repair }
        if server.pointee.isReplica, client.pointee.lastRoute.isRead, LoginVerdict.isNodesFault(state, body) {
            return .elsewhere
        }
        // The client's own server may know a name that the replica does not. A cancel or a timeout is an answer.
        if readsElsewhere(client), state != .queryCanceled { return .onPinned }
        return nil
    }

    /// Whether the error is that of a hot standby for a transaction that is serializable by the session's, the role's
    /// or the database's default (PostgreSQL documentation, 27.4.1).
    static func isSerializableOnStandby(_ body: RawSpan) -> Bool {
        ErrorFields.isRaised(by: "GetSerializableTransactionSnapshot", in: body)
            || ErrorFields.isRaised(by: "check_XactIsoLevel", in: body)
            || ErrorFields.isRaised(by: "check_transaction_isolation", in: body)
    }

    /// Looks at what an error says of the statement that the server has prepared. A Parse behind it gets a new one,
    /// also where nothing can be done for the batch itself.
    private func noteFault(_ body: RawSpan, _ entry: LedgerEntry, _ server: ServerPointer, _ client: ClientPointer)
        -> StatementFault?
    {
        guard entry.disposition == .forward, server.pointee.extras.ahead.error == nil,
            statements.holds(entry.serial, at: entry.statement), !statements[entry.statement].pointee.isPrivate
        else { return nil }
        let isNamed = entry.kind == .bind || entry.kind == .describe || entry.nameSize > 0
        guard isNamed || entry.kind == .execute,
            let fault = StatementFault(
                ErrorFields.sqlState(in: body),
                raisedByRevalidation: ErrorFields.isRaised(by: "RevalidateCachedQuery", in: body)
            )
        else { return nil }
        switch fault {
        case .isMissing:
            // Else a function has said so, of a name in its own text.
            guard isNamed else { return nil }
            server.pointee.needs(.discardAll)
            meetsOwn(client, .server, keepsPrepared: false)
        case .resultHasChanged:
            guard isNamed else { return nil }
            let pool = server.pointee.pool
            let isRecent = statements[entry.statement].pointee.scope.epoch == pool.pointee.epoch
            statements.retire(entry.statement)
            if isRecent { schemaChanged(pool.pointee.options.databaseOnServer) }
        case .mayBeOutdated:
            // What was prepared in this batch is as good as new: then the fault is the client's.
            guard entry.serial.rawValue < client.pointee.firstNewSerial else { return nil }
            statements.retire(entry.statement)
        }
        return fault
    }

    private func repair(
        of fault: StatementFault?,
        _ entry: LedgerEntry,
        _ server: ServerPointer,
        _ client: ClientPointer
    ) -> Repair? {
        // Where it cannot be prepared it is no use to try again.
        guard let fault, server.pointee.extras.ahead.error == nil else { return nil }
        switch fault {
        case .isMissing: return .prepareAgain
        case .resultHasChanged:
            if client.pointee.renewal == .parses { return .prepareAgain }
            let isTold = client.pointee.renewal == .describes || entry.nameSize > 0
            return isTold || !statements[entry.statement].pointee.isDescribed ? .prepareAnew(entry.statement) : nil
        case .mayBeOutdated:
            return client.pointee.renewal == .parses && client.pointee.attempts == 0 ? .prepareAgain : nil
        }
    }

    /// Runs the batch in flight again: its reply up to ReadyForQuery is dropped, and its bytes are taken as if they
    /// had just come.
    func runAgain(_ client: ClientPointer, _ server: ServerPointer, _ repair: Repair) {
        switch repair {
        case .onPrimary:
            client.pointee.isForcedToPrimary = true
            correctClasses(client)
        case .behind: client.pointee.isForcedToPrimary = true
        case .prepareAgain, .prepareAnew: server.pointee.conversation.unnamedIsUnknown()
        case .elsewhere:
            if roster.topology.nodes[server.pointee.node].state.role == .replica {
                actions.append(.suspectNode(server.pointee.node))
            }
        case .serializable: client.pointee.isForcedToPrimary = true
        case .settings: if server.pointee.isReplica { client.pointee.isForcedToPrimary = true }
        case .loggedInAnew: loginIsDead(server.pointee.pool)
        case .onPinned: break
        }
        server.pointee.pool.pointee.counters.retries &+= 1
        detachForReplay(client, server)
        if case .prepareAnew(let id) = repair { renewNames(of: id, client) }
        restart(client)
    }

    /// The client lets go of the server, which is left to finish what nobody wants any more.
    func detachForReplay(_ client: ClientPointer, _ server: ServerPointer) {
        // What has been held back of its reply.
        client.pointee.output.clear(to: buffers)
        detach(client, server)
    }

    /// The same, where what has been sent to the client stands.
    func detach(_ client: ClientPointer, _ server: ServerPointer) {
        client.pointee.extras?.pendingSettings = []
        leaveReplica(client)
        // Names that the batch changed mean again what they meant before it.
        var index = server.pointee.conversation.ledger.count - 1
        while index >= 0 {
            let entry = server.pointee.conversation.disown(at: index)
            if entry.changesName { takeBackName(entry, client) }
            index -= 1
        }
        takeBackNames(client)
        if client.pointee.pin != nil, !readsElsewhere(client) { server.pointee.needs(.discardAll) }
        server.pointee.client = .none
        client.pointee.server = .none
        returnToPinned(client)
        if client.pointee.pin == nil { meetsOthers(client) }
        client.pointee.outstanding = 0
        client.pointee.flow = .between
        unpause(server)
        resume(client, .sinkFull)
        becomeFree(server)
    }

    private func takeBackName(_ entry: LedgerEntry, _ client: ClientPointer) {
        let current: StatementID
        if entry.place.index == ClientStatements.Place.unnamed.index {
            current = client.pointee.unnamed
            client.pointee.unnamed = entry.previous
        } else {
            current = client.pointee.statements.set(entry.place, to: entry.previous)
        }
        statements.release(current)
        // Others know the statement that they run, and hold no reference to it.
        if entry.kind == .parse { statements.release(entry.statement) }
    }

    /// The batch runs again: what its messages have already done to names is undone, the last first.
    func takeBackNames(_ client: ClientPointer) {
        while let entry = client.pointee.undo.popLast() {
            if entry.kind == .parse {
                takeBackName(entry, client)
            } else {
                statements.release(client.pointee.statements.set(entry.place, to: entry.previous))
            }
        }
    }

    /// The batch does not run again.
    func keepNames(_ client: ClientPointer) {
        while let entry = client.pointee.undo.popLast() { releaseStatements(of: entry) }
        // What one batch needed is not kept for ever.
        if client.pointee.undo.capacity > 64 { client.pointee.undo = [] }
    }

    /// Puts the kept batch in front of what the client has sent since, and begins anew.
    func restart(_ client: ClientPointer) {
        var bytes = HeldBytes()
        swap(&bytes, &client.pointee.replay)
        client.pointee.held.consume(min(client.pointee.replayAhead, client.pointee.held.count), to: buffers)
        client.pointee.replayAhead = 0
        client.pointee.unended = 0
        client.pointee.replayState = .none
        client.pointee.attempts &+= 1
        client.pointee.needsInput = false
        if !client.pointee.held.isEmpty {
            bytes.append(client.pointee.held.bytes, from: buffers)
            client.pointee.held.clear(to: buffers)
        }
        swap(&bytes, &client.pointee.held)
        bytes.clear(to: buffers)
        if client.pointee.isCanceled {
            // The signal is on its way to a server that has nothing more to do with it.
            client.pointee.isCanceled = false
            client.pointee.flow = .refused
            extras(of: client).refusal = .canceled
        }
        turn.work.append(.goOn(client.pointee.handle))
    }

    /// The names by which the kept batch means a statement that is out of date mean one from now on that is parsed
    /// anew.
    private func renewNames(of id: StatementID, _ client: ClientPointer) {
        let bytes = client.pointee.replay.bytes
        let input = bytes.bytes
        var offset = 0
        while let header = Frame.whole(ofClient: input, at: offset, before: input.byteCount) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            switch header.tag {
            case FrontendTag.query:
                if let text = queryText(header, input, offset),
                    let (_, reference) = executed(in: input.extracting(text), client)
                {
                    renewName(reference.name.span.bytes, of: id, client)
                }
            case FrontendTag.bind:
                guard let message = BindMessage(body) else { break }
                let name = body.extracting(message.statement)
                if let named = statement(named: name, of: client),
                    let (_, reference) = executed(in: statements[named].pointee.text.bytes, client)
                {
                    renewName(reference.name.span.bytes, of: id, client)
                } else {
                    renewName(name, of: id, client)
                }
            default: break
            }
            offset += header.size
        }
    }

    /// Where the name means this statement, it means one from now on that is parsed by the schema that there is now.
    func renewName(_ name: RawSpan, of id: StatementID, _ client: ClientPointer) {
        guard let named = statement(named: name, of: client), statements.isSame(named, but: id) else { return }
        let record = statements[named].pointee
        var scope = record.scope
        scope.epoch = client.pointee.pool.unsafelyUnwrapped.pointee.epoch
        let body = Array(record.body)
        let new =
            statements.find(body.span.bytes, in: scope)
            ?? statements.internAnyway(
                body.span.bytes,
                in: scope,
                record.profile,
                textSize: record.textSize,
                statementClass: record.statementClass,
                classStamp: record.classStamp
            )
        statements[new].pointee.isShared = record.isShared
        setNameNow(client, name, to: new)
    }

    /// A replica knows better: every read among the kept batch's statements is a write from now on.
    private func correctClasses(_ client: ClientPointer) {
        let bytes = client.pointee.replay.bytes
        let input = bytes.bytes
        let pool = client.pointee.pool.unsafelyUnwrapped
        var offset = 0
        while let header = Frame.whole(ofClient: input, at: offset, before: input.byteCount) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            switch header.tag {
            case FrontendTag.query:
                if let text = queryText(header, input, offset) { correct(input.extracting(text), client) }
            case FrontendTag.parse:
                if let message = ParseMessage(body) { correct(body.extracting(message.text), client) }
            case FrontendTag.bind:
                if let message = BindMessage(body),
                    let id = statement(named: body.extracting(message.statement), of: client)
                {
                    correct(statements[id].pointee.text.bytes, client)
                }
            default: break
            }
            offset += header.size
        }
        forgetClasses(of: pool)
    }

    private func correct(_ text: RawSpan, _ client: ClientPointer) {
        if classify(text, client).effects.contains(.execute), let (id, _) = executed(in: text, client) {
            return correct(statements[id].pointee.text.bytes, client)
        }
        let pool = client.pointee.pool.unsafelyUnwrapped
        if let context = client.pointee.context {
            classifier.correct(text, in: context.context)
        } else {
            classifier.correct(text, in: pool.pointee.context)
        }
        actions.append(
            .log(.classCorrected(database: pool.pointee.database, statement: text.text(0..<min(200, text.byteCount))))
        )
    }

    // MARK: Errors that nothing asked for

    /// The node says why it is about to close the connection.
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
        return true
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
