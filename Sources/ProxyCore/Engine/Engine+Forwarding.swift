import Bytes
import PostgresWire
import StatementRouting

/// A client's messages on their way to the server that it holds, with the names of prepared statements exchanged for
/// the proxy's (PostgreSQL documentation, 55.2.3).
extension Engine {
    // MARK: Simple query

    func forwardQuery(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ statementClass: StatementClass
    ) -> Progress {
        if statementClass.effects.meets(.asksHowdah | .setConfig), input.byteCount &- offset >= header.size,
            let text = queryText(header, input, offset),
            let refusal = refusalOfOwn(statementClass, input.extracting(text), bound: [], client)
        {
            return failQuery(client, server, refusal, header)
        }
        if statementClass.effects.meets(.prepare | .execute | .deallocate | .readsPrepared),
            statementClass.statementCount > 1, isInFailedTransaction(client),
            let text = queryText(header, input, offset),
            needsNamesBehindEnd(statementClass, input.extracting(text), client, server)
        {
            return failQuery(client, server, .namesBehindEnd, header, endsFailed: true)
        }
        if statementClass.namesPrepared,
            let progress = forwardPreparedBySQL(client, server, header, input, offset, statementClass)
        {
            return progress
        }
        var entry = LedgerEntry(.query, .forward)
        var exchanged: [UInt8]?
        if statementClass.effects.meets(.mayBeExchanged), input.byteCount &- offset >= header.size,
            let text = queryText(header, input, offset)
        {
            exchanged = exchangedQuery(input.extracting(text), statementClass, client, server, &entry)
        }
        endUnnamed(client, &entry)
        if input.byteCount &- offset < header.size {
            let text = input.extracting(offset &+ MessageHeader.byteCount..<input.byteCount)
            beginPassing(client, .query, size: header.size &- MessageHeader.byteCount &- 1, text)
        } else if mustNote(statementClass, client) {
            let text = queryText(header, input, offset) ?? offset..<offset
            entry.effect = noteEffects(of: statementClass, text: input.extracting(text), client, server)
        }
        entry.mayCopyIn = statementClass.mayCopyIn || client.pointee.pin == .replication
        noteRecovery(statementClass, client)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        guard let exchanged else { return sendWhole(entry, client, server, header, input, offset) }
        send(entry, (exchanged + [0]).span.bytes, server)
        return .consumed(header.size)
    }

    /// Whether what a name means hangs on a batch in flight: should that fail, the name keeps the meaning that it had
    /// before.
    @inline(__always)
    func isUnsettled(_ name: RawSpan, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        if client.pointee.outstanding == 0 || !client.pointee.changesNames { return false }
        let place: ClientStatements.Place
        if name.byteCount == 0 {
            place = .unnamed
        } else if let found = client.pointee.statements.find(name, hash: statements.nameHash.hash(name)) {
            place = found
        } else {
            return false
        }
        return server.pointee.conversation.isUncertain(place)
    }

    /// A simple query destroys the client's unnamed statement, unless the server skips it (PostgreSQL documentation,
    /// 55.2.3). What is in flight in front of it may have closed that, and come to nothing.
    @inline(__always)
    func endUnnamed(_ client: ClientPointer, _ entry: inout LedgerEntry) {
        if client.pointee.unnamed.isNone, client.pointee.outstanding == 0 || !client.pointee.changesNames { return }
        setName(client, RawSpan(), to: .none, &entry)
    }

    /// The unnamed statement lasts until the next simple query (PostgreSQL documentation, 55.2.3).
    @inline(__always)
    func forgetUnnamed(_ client: ClientPointer) {
        if client.pointee.unnamed.isNone { return }
        statements.release(client.pointee.unnamed)
        client.pointee.unnamed = .none
    }

    func forwardFunctionCall(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        // It names a number: which function that is, is not known.
        if mayChangeSettings(client) { extras(of: client).doubts.addAll() }
        server.pointee.needs(.session)
        client.pointee.outstanding &+= 1
        client.pointee.flow = .between
        return sendWhole(LedgerEntry(.functionCall, .forward), client, server, header, input, offset)
    }

    // MARK: Extended query

    /// The next message of a batch that has a server.
    func continueBatch(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        guard let server = servers[client.pointee.server] else { return refuseInconsistent(client) }
        if server.pointee.conversation.isCopyingIn, !header.isAllowedInCopy { return refuseInCopy(client, header) }
        guard hasRoom(client, server, forSync: header.tag == FrontendTag.sync) else { return .stop }
        if server.pointee.conversation.isSkipping, header.tag != FrontendTag.sync, header.tag != FrontendTag.terminate {
            if header.tag == FrontendTag.query, let error = server.pointee.extras.ahead.error {
                return failAhead(client, server, error, header)
            }
            // The server would ignore it: no reply is to be expected.
            client.pointee.passThrough = .dropped(remaining: header.size)
            return .consumed(0)
        }
        let available = min(header.size, input.byteCount &- offset)
        let body = input.extracting(offset &+ MessageHeader.byteCount..<offset &+ available)
        let isWhole = available == header.size
        switch header.tag {
        case FrontendTag.bind:
            client.pointee.flow = .batch
            return forwardBind(client, server, header, body, isWhole)
        case FrontendTag.execute:
            client.pointee.flow = .batch
            if client.pointee.portals.mayChangeSession {
                guard isWhole else { return waitFor(client, header, body) }
                return forwardExecuteOfChange(client, server, header, input, offset, body)
            }
            let entry = executeEntry(client, server, body)
            client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
            return sendWhole(entry, client, server, header, input, offset)
        case FrontendTag.sync:
            // A server that copies ignores it (PostgreSQL documentation, 55.2.6).
            if server.pointee.conversation.isCopyingIn { return .consumed(header.size) }
            client.pointee.flow = .between
            sendSync(client, server)
            return .consumed(header.size)
        case FrontendTag.parse:
            if header.size > options.clientBufferLimit { return forwardLongParse(client, server, header, body) }
            guard isWhole else { return waitFor(client, header, body) }
            return forwardParse(client, server, header, body)
        case FrontendTag.describe:
            guard isWhole else { return waitFor(client, header, body) }
            return forwardDescribe(client, server, header, body)
        case FrontendTag.close:
            guard isWhole else { return waitFor(client, header, body) }
            return forwardClose(client, server, header, body)
        case FrontendTag.flush where client.pointee.flow == .preparing && mayEndAtFlush(client):
            endAtFlush(client, server)
            return .consumed(header.size)
        case FrontendTag.copyData, FrontendTag.copyDone, FrontendTag.copyFail:
            return copyMessage(client, header, input, offset)
        case FrontendTag.flush:
            // The client waits for the replies before it goes on: none is held back for a second try.
            deliver(client)
            // What stands in front of it may write, and is not seen by those who look ahead.
            client.pointee.consistency?.shown = nil
            return sendUnanswered(client, server, header, input, offset)
        case FrontendTag.query:
            guard isWhole || header.size > options.clientBufferLimit else { return .incomplete }
            if mustHaveReplies(server) { return .stop }
            let text = isWhole ? queryText(header, input, offset) : nil
            let unknown = StatementClass(access: .unknown, reason: .tooLong)
            let statementClass =
                text.map { asExecuted(classify(input.extracting($0), client), input.extracting($0), client) } ?? unknown
            if let text, bringAhead(statementClass, input.extracting(text), client, server) {
                askForReplies(server)
                return .stop
            }
            client.pointee.flow = .between
            if statementClass.mayWrite { client.pointee.mustCarryOut = true }
            return forwardQuery(client, server, header, input, offset, statementClass)
        case FrontendTag.functionCall:
            if mustHaveReplies(server) { return .stop }
            return forwardFunctionCall(client, server, header, input, offset)
        case FrontendTag.terminate: return terminate(client, header)
        default: return refuseInconsistent(client)
        }
    }

    /// Whether a Query or a FunctionCall in the middle of a batch, which no driver sends, must wait for the replies to
    /// all that stands in front of it. It is carried out only where none of them is an error, and what the proxy sends
    /// with it (a Sync behind PREPARE, the question for settings at the end of a cycle) must not meet a server that
    /// skips to the client's Sync.
    private func mustHaveReplies(_ server: ServerPointer) -> Bool {
        if server.pointee.conversation.ledger.isEmpty { return false }
        askForReplies(server)
        return true
    }

    /// A message that must be seen whole has arrived in part.
    func waitFor(_ client: ClientPointer, _ header: MessageHeader, _ body: RawSpan) -> Progress {
        if header.size <= options.clientBufferLimit { return .incomplete }
        refuse(
            client,
            PostgresError(
                .fatal,
                .programLimitExceeded,
                "a message of \(header.size) bytes that must be looked at whole is too long",
                detail: "Parse, Describe and Close are kept until all of them has arrived.",
                hint: "Raise client_buffer_limit (now \(options.clientBufferLimit))."
            )
        )
        return .consumed(0)
    }

    /// Whether a batch that has done nothing but to prepare may end at its Flush, since nothing keeps the client on its
    /// server: what it executes then is routed by itself.
    func mayEndAtFlush(_ client: ClientPointer) -> Bool {
        client.pointee.pin == nil
            && (client.pointee.transaction == .none || client.pointee.transaction == .leading
                || client.pointee.transaction == .leadingReadOnly)
            && client.pointee.outstanding == 0
    }

    /// A Sync does what Flush does, and lets go of the server. Its ReadyForQuery is not the client's.
    private func endAtFlush(_ client: ClientPointer, _ server: ServerPointer) {
        server.pointee.conversation.sync(.swallow, .flush, from: buffers)
        client.pointee.flow = .flushing
        touch(server)
        if server.pointee.extras.decoy != nil { closeDecoy(server) }
    }

    @inline(__always)
    func sendSync(_ client: ClientPointer, _ server: ServerPointer) {
        server.pointee.conversation.sync(.forward, from: buffers)
        client.pointee.outstanding &+= 1
        touch(server)
        if server.pointee.extras.decoy != nil { closeDecoy(server) }
    }

    /// Rids the server of what provoked "already exists", behind the Sync with which the server ends its skipping:
    /// nobody may meet it.
    private func closeDecoy(_ server: ServerPointer) {
        guard let decoy = server.pointee.extras.decoy else { return }
        server.pointee.extras.decoy = nil
        closeOnServer(server, decoy)
        server.pointee.conversation.sync(.swallow, from: buffers)
    }

    @inline(__always)
    func executeEntry(_ client: ClientPointer, _ server: ServerPointer, _ body: RawSpan) -> LedgerEntry {
        var entry = LedgerEntry(.execute, .forward)
        let id = client.pointee.portals.last
        defer {
            if client.pointee.transaction.isFailed {
                let isKnown = !id.isNone && isLastBound(client, body)
                noteRecovery(isKnown ? statements[id].pointee.statementClass : nil, client)
            }
        }
        if id.isNone || statements[id].pointee.statementClass.mayWrite { client.pointee.mustCarryOut = true }
        if client.pointee.portals.mayCopyIn {
            entry.mayCopyIn = id.isNone || !isLastBound(client, body) || executedClass(of: id, client).mayCopyIn
        }
        if client.pointee.portals.mayChangeSession, !isLastBound(client, body) {
            // One of several portals, of which at least one changes the session: which, is not kept.
            entry.effect = .unknown
            server.pointee.needs(.discardAll)
            meetsOwn(client, .server, keepsPrepared: false)
        } else if !id.isNone {
            let statementClass = statements[id].pointee.statementClass
            entry.statement = id
            entry.serial = statements[id].pointee.serial
            if isLastBound(client, body) {
                entry.signal = statements[id].pointee.signal
                entry.maySignal = statementClass.effects.contains(.signalsProcess)
            }
            if statements[id].pointee.isPrivate {
                guard mustNote(statementClass, client) else { return entry }
                entry.effect = noteUnseen(statementClass, beginning: body.extracting(0..<0), client, server)
            } else if statementClass.effects.contains(.execute) {
                noteExecuted(id, client, server, &entry)
            } else if mustNote(statementClass, client) {
                entry.effect = noteEffects(of: statementClass, text: statements[id].pointee.text.bytes, client, server)
            }
        }
        return entry
    }
}

extension StatementClass {
    /// Whether something of it, or of what was done before in its transaction, may last.
    fileprivate var mayWrite: Bool { access != .read || transaction.mayCommit }

    /// Whether it is known by its kind to have neither parameters nor rows.
    var returnsNothing: Bool {
        statementCount == 1 && (transaction != .none || effects.contains(.deallocate)) && !effects.contains(.execute)
    }

    /// Whether it is COPY FROM STDIN, or not known.
    var mayCopyIn: Bool { effects.contains(.copyIn) || access == .unknown }
}
