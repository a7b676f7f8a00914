import Bytes
import PostgresWire
import StatementRouting

/// Bind, Describe and Close: messages that name a statement or a portal (PostgreSQL documentation, 55.2.3).
extension Engine {
    func forwardBind(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan,
        _ isWhole: Bool
    ) -> Progress {
        guard let message = BindMessage(body) else {
            if !isWhole { return waitFor(client, header, body) }
            send(LedgerEntry(.bind, .forward), body, server)
            return .consumed(header.size)
        }
        var entry = LedgerEntry(.bind, .forward)
        let name = body.extracting(message.statement)
        if isUnsettled(name, client, server) { return .stop }
        var id = statement(named: name, of: client) ?? .none
        if !id.isNone {
            switch currency(of: inUse(id, client, server), isNamed: name.byteCount > 0, client, server) {
            case .asTold: break
            case .beingChecked: return .stop
            case .changed where client.pointee.tries.isArmed && client.pointee.tries.renewal == .describes:
                // The client is told in this very batch what the rows look like by now.
                renewName(name, of: id, client)
                if statement(named: name, of: client) != id {
                    return forwardBind(client, server, header, body, isWhole)
                }
                // Only in this session it has changed, which PostgreSQL does not forgive either.
                return provoke(client, server, .resultHasChanged, header, rest: !isWhole)
            case .changed: return provoke(client, server, .resultHasChanged, header, rest: !isWhole)
            }
        }
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.binds &+= 1
        if !id.isNone, statements[id].pointee.statementClass.effects.meets(.execute | .deallocate),
            let refusal = refusalOfProxyName(statements[id].pointee.text.bytes, client)
        {
            return provoke(client, server, refusal, header, rest: !isWhole)
        }
        if !id.isNone, statements[id].pointee.statementClass.effects.meets(.mayBeExchanged) {
            let record = statements[id].pointee
            let bound = record.statementClass.effects.contains(.setConfig) ? message.parameters(in: body) ?? [] : []
            if let refusal = refusalOfOwn(record.statementClass, record.text.bytes, bound: bound, client) {
                return provoke(client, server, refusal, header, rest: !isWhole)
            }
            id = exchangedStatement(id, message, body, client)
        }
        setLastBound(client, id, portal: body.extracting(message.portal))
        let bodySize = header.size &- MessageHeader.byteCount
        if id.isNone || goesByOwnName(id, name, server) {
            if id.isNone, isProxyName(name) {
                return provoke(client, server, .unknownStatement(name), header, rest: !isWhole)
            }
            forgetUnnamed(name, client, server)
            server.pointee.conversation.send(entry, body, bodySize: bodySize, from: buffers)
        } else if let refusal = refusalOfPrivate(id, name, server) {
            return provoke(client, server, refusal, header, rest: !isWhole)
        } else {
            let effects = statements[id].pointee.statementClass.effects
            if effects.contains(.setConfig) { extras(of: client).bound = message.parameters(in: body) ?? [] }
            let target = target(of: id, client, server)
            let isShared = ensurePrepared(target, isNamed: name.byteCount > 0, client, server)
            let record = statements[target]
            if isShared, name.byteCount == 0, !record.pointee.statementClass.hasFixedPlan,
                !server.pointee.conversation.mayExecute(record.pointee.serial)
            {
                server.pointee.conversation.close(record.pointee.serial, isPreparedAgain: true, from: buffers)
                prepare(target, isShared: true, isAgain: true, client, server)
            }
            entry.serial = record.pointee.serial
            entry.statement = target
            entry.namePlace = place(of: name, client)
            let restStart = message.statement.upperBound &+ 1
            server.pointee.conversation.bind(
                entry,
                portal: body.extracting(0..<message.portal.upperBound &+ 1),
                isShared: isShared,
                body.extracting(restStart..<body.byteCount),
                restSize: bodySize &- restStart,
                from: buffers
            )
        }
        touch(server)
        if !isWhole { client.pointee.passThrough = .toServer(remaining: bodySize &- body.byteCount) }
        return .consumed(MessageHeader.byteCount &+ body.byteCount)
    }

    /// Remembers what an Execute runs, with a reference: the client's name for it may go before.
    @inline(__always)
    func setLastBound(_ client: ClientPointer, _ id: StatementID, portal: RawSpan) {
        client.pointee.portals.bind(named: portal.byteCount == 0 ? 0 : statements.nameHash.hash(portal) | 1)
        // A server may know it by a name that PREPARE has given there.
        if id.isNone, keepsOwnNames(client) { client.pointee.portals.mayCopy() }
        if client.pointee.portals.last == id { return }
        if !id.isNone {
            statements.retain(id)
            let statementClass = executedClass(of: id, client)
            if statementClass.mayChangeSession { client.pointee.portals.mayChange() }
            if statementClass.mayCopyIn { client.pointee.portals.mayCopy() }
        }
        statements.release(client.pointee.portals.setLast(id))
    }

    /// No portal is there any more.
    func forgetLastBound(_ client: ClientPointer) {
        statements.release(client.pointee.portals.forget())
    }

    /// Whether a portal's name, with which this begins, is that of the last Bind.
    @inline(__always)
    func isLastBound(_ client: ClientPointer, _ body: RawSpan) -> Bool {
        // Nearly always it is the unnamed one.
        if body.byteCount > 0, body.byte(at: 0) == 0 { return client.pointee.portals.isLast(named: 0) }
        return isLastNamed(client, body)
    }

    private func isLastNamed(_ client: ClientPointer, _ body: RawSpan) -> Bool {
        guard let end = body.firstZero(from: 0) else { return false }
        return client.pointee.portals.isLast(
            named: end == 0 ? 0 : statements.nameHash.hash(body.extracting(0..<end)) | 1
        )
    }

    /// Where a name stands that means a statement.
    @inline(__always)
    private func place(of name: RawSpan, _ client: ClientPointer) -> ClientStatements.Place {
        if name.byteCount == 0 { return .unnamed }
        return client.pointee.statements.find(name, hash: statements.nameHash.hash(name)) ?? .nowhere
    }

    /// What is to be on the server for a statement that the client has a name for.
    @inline(__always)
    func target(of id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> StatementID {
        let isExecute = statements[id].pointee.statementClass.effects.contains(.execute)
        return isExecute ? executeTarget(id, client, server) ?? id : inUse(id, client, server)
    }

    /// Whether a server has a shared statement.
    enum Presence {
        case there
        case missing
        /// An earlier batch in flight is to prepare it, which may fail: the statement has been closed, to be prepared
        /// again.
        case uncertain
    }

    @inline(__always)
    func presence(of serial: StatementSerial, _ client: ClientPointer, _ server: ServerPointer) -> Presence {
        guard server.pointee.conversation.use(serial) else { return .missing }
        if server.pointee.conversation.unconfirmed == 0 || client.pointee.outstanding == 0 { return .there }
        guard server.pointee.conversation.isUncertain(serial) else { return .there }
        server.pointee.conversation.close(serial, isPreparedAgain: true, from: buffers)
        touch(server)
        return .uncertain
    }

    /// The same for the server's unnamed statement, which a Parse replaces.
    @inline(__always)
    func hasUnnamed(_ serial: StatementSerial, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        guard server.pointee.conversation.unnamed == serial else { return false }
        return client.pointee.outstanding == 0 || !server.pointee.conversation.isUnnamedUncertain()
    }

    /// Sees to it that the server has the statement; returns whether under its shared name, else as the unnamed one.
    @inline(__always)
    func ensurePrepared(_ id: StatementID, isNamed: Bool, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        let record = statements[id]
        let isShared = isNamed || record.pointee.isShared && !server.pointee.isShowing
        // The executions of an unnamed one are not counted: where they matter, it is used as long as nobody shares it.
        if !isNamed, !isShared || record.pointee.statementClass.hasFixedPlan,
            hasUnnamed(record.pointee.serial, client, server)
        {
            return false
        }
        if isShared {
            let presence = presence(of: record.pointee.serial, client, server)
            if presence != .there { prepare(id, isShared: true, isAgain: presence == .uncertain, client, server) }
        } else {
            prepare(id, isShared: false, isAgain: false, client, server)
        }
        return isShared
    }

    /// Gives the server a statement that it lacks, under the settings with which the client prepared it.
    private func prepare(
        _ id: StatementID,
        isShared: Bool,
        isAgain: Bool,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        let names = enterSettings(of: id, client, server)
        injectParse(id, isShared: isShared, isAgain: isAgain, server)
        leaveSettings(names, server)
    }

    /// Whether a name that is not the client's own is one under which servers know the statements that clients share.
    private func isProxyName(_ name: RawSpan) -> Bool {
        name.byteCount == StatementSerial.nameSize &- 1 && StatementSerial.isName(name.text(0..<name.byteCount))
    }

    /// A client without an unnamed statement must not meet another's: the server is to say that there is none. It is
    /// told each time: what an earlier batch in flight has in front may be skipped with that batch.
    func forgetUnnamed(_ name: RawSpan, _ client: ClientPointer, _ server: ServerPointer) {
        guard name.byteCount == 0, server.pointee.conversation.unnamed != .none || client.pointee.outstanding > 0 else {
            return
        }
        closeOnServer(server, [])
    }

    func forwardDescribe(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        var entry = LedgerEntry(.describe, .forward)
        if let message = TargetMessage(body), message.kind == .statement {
            let name = body.extracting(message.name)
            if isUnsettled(name, client, server) { return .stop }
            if var id = statement(named: name, of: client), !goesByOwnName(id, name, server) {
                if statements[id].pointee.statementClass.howdahCommand.isShow {
                    // Servers know the column by what stands in its place alone.
                    id = exchangedStatement(id, nil, body, client)
                }
                if let refusal = refusalOfPrivate(id, name, server) { return provoke(client, server, refusal, header) }
                switch currency(of: inUse(id, client, server), isNamed: name.byteCount > 0, client, server) {
                case .asTold: break
                case .beingChecked: return .stop
                case .changed: return provoke(client, server, .resultHasChanged, header)
                }
                let target = target(of: id, client, server)
                if server.pointee.conversation.status == .failed, statements[id].pointee.statementClass.returnsNothing,
                    !server.pointee.conversation.statements.contains(statements[target].pointee.serial)
                {
                    // It tells of those also in a failed transaction, in which it could not be given one.
                    server.pointee.conversation.answer(entry)
                    if !client.pointee.tries.isArmed { emitAnswers(server) }
                    return .consumed(header.size)
                }
                let isShared = ensurePrepared(target, isNamed: name.byteCount > 0, client, server)
                entry.serial = statements[target].pointee.serial
                entry.statement = target
                entry.namePlace = place(of: name, client)
                server.pointee.conversation.describe(entry, isShared: isShared, from: buffers)
                touch(server)
                return .consumed(header.size)
            }
            if statement(named: name, of: client) == nil {
                if isProxyName(name) { return provoke(client, server, .unknownStatement(name), header) }
                forgetUnnamed(name, client, server)
            }
        }
        if !client.pointee.portals.last.isNone, body.byteCount > 1,
            body.byte(at: 0) == TargetMessage.Kind.portal.rawValue,
            isLastBound(client, body.extracting(1..<body.byteCount))
        {
            // What a portal returns is what its statement does.
            entry.statement = inUse(client.pointee.portals.last, client, server)
            entry.serial = statements[entry.statement].pointee.serial
        }
        send(entry, body, server)
        return .consumed(header.size)
    }

    func forwardClose(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        var entry = LedgerEntry(.close, .forward)
        if let message = TargetMessage(body), message.kind == .statement {
            let name = body.extracting(message.name)
            if isUnsettled(name, client, server) { return .stop }
            let id = statement(named: name, of: client)
            if let id, statements[id].pointee.isPrivate, name.byteCount > 0 {
                // Nobody else has it.
                let serial = statements[id].pointee.serial
                setName(client, name, to: .none, &entry)
                server.pointee.conversation.close(serial, entry, from: buffers)
                touch(server)
                return .consumed(header.size)
            }
            if let id, goesByOwnName(id, name, server), isShown(name, server) {
                hide(name, on: server)
                setName(client, name, to: .none, &entry)
                server.pointee.conversation.closeAsSent(entry, body, from: buffers)
                touch(server)
                return .consumed(header.size)
            }
            let isOwn = id != nil
            if isOwn || isProxyName(name) {
                // The server keeps the statement: others have names for it, and this client may come back.
                if isOwn { setName(client, name, to: .none, &entry) }
                server.pointee.conversation.answer(entry)
                if !client.pointee.tries.isArmed { emitAnswers(server) }
                return .consumed(header.size)
            }
        }
        server.pointee.conversation.closeAsSent(entry, body, from: buffers)
        touch(server)
        return .consumed(header.size)
    }

    func send(_ entry: LedgerEntry, _ body: RawSpan, _ server: ServerPointer) {
        server.pointee.conversation.send(entry, body, from: buffers)
        touch(server)
    }

    // MARK: Refusals of the proxy's own

    /// Refuses a message in the middle of a batch: the server is made to fail, so that its transaction fails as it
    /// would have, and the client is told this error instead of the server's.
    func provoke(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ error: PostgresError,
        _ header: MessageHeader,
        rest isLong: Bool = false
    ) -> Progress {
        server.pointee.conversation.provoke(error, from: buffers)
        touch(server)
        if !isLong { return .consumed(header.size) }
        client.pointee.passThrough = .dropped(remaining: header.size)
        return .consumed(0)
    }
}

extension PostgresError {
    static func unknownStatement(_ name: RawSpan) -> PostgresError {
        PostgresError(
            .error,
            .invalidStatementName,
            "prepared statement \"\(name.text(0..<name.byteCount))\" does not exist"
        )
    }

    static func tooManyPrepared(_ limit: Int) -> PostgresError {
        PostgresError(
            .error,
            .configurationLimitExceeded,
            "too many prepared statements on one server",
            detail: "Statements that are used no more are closed between two batches, and this batch does not end.",
            hint: "Raise server_prepared_statements (now \(limit)), or send Sync more often."
        )
    }

    static func memoryLimit(_ limit: Int) -> PostgresError {
        PostgresError(
            .error,
            .outOfMemory,
            "no memory left for prepared statements",
            detail: "All statements that are kept are in use by clients.",
            hint:
                "Raise prepared_statement_memory (now \(limit)), or have clients close statements that they do not need."
        )
    }
}
