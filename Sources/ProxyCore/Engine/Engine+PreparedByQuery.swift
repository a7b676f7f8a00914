import Bytes
import PostgresWire
import StatementRouting

/// PREPARE, EXECUTE and DEALLOCATE in a Query.
extension Engine {
    /// Sends a Query that prepares, runs or gives back statements by SQL, where that is more than to pass it on.
    /// - Returns: nil where the text goes as it is.
    func forwardPreparedBySQL(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ statementClass: StatementClass
    ) -> Progress? {
        guard input.byteCount &- offset >= header.size, let range = queryText(header, input, offset),
            // A WAL sender takes no other messages.
            client.pointee.pin != .replication
        else { return nil }
        let text = input.extracting(range)
        if isInFailedTransaction(client) {
            // It is refused, but for what stands behind the transaction's end in the same text: nothing can be brought
            // for that, and what it prepares stays on the server.
            guard statementClass.statementCount > 1 else { return nil }
            if let refusal = refusalOfProxyName(text, client) {
                return failQuery(client, server, refusal, header, endsFailed: true)
            }
            if statementClass.effects.contains(.prepare) {
                server.pointee.needs(.discardAll)
                pin(client, .preparedBySQL, by: text)
            }
            return nil
        }
        let progress: Progress?
        if statementClass.statementCount > 1 {
            progress = nil
        } else if statementClass.effects.contains(.execute) {
            progress = executeByQuery(client, server, header, input, offset, statementClass, text)
        } else if statementClass.effects.contains(.prepare) {
            return prepareByQuery(client, server, header, input, offset, text)
        } else {
            progress = deallocateByQuery(client, server, header, input, offset, text)
        }
        if let progress { return progress }
        // What it names is not the client's.
        if statementClass.effects.meets(.execute | .deallocate), let refusal = refusalOfProxyName(text, client) {
            return failQuery(client, server, refusal, header)
        }
        if statementClass.statementCount > 1 { giveOwnNames(text, client, server) }
        return nil
    }

    /// Whether a text, behind the end of the failed transaction in which it begins, needs names of the client's that
    /// this server lacks: it cannot be given them before that end, nor between two statements of one text.
    func needsNamesBehindEnd(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> Bool {
        guard client.pointee.pin != .replication, hasNames(client), let commands = parse(text, client) else {
            return false
        }
        switch commands.first?.command {
        case .commit, .rollback, .rollbackToSavepoint: break
        // It is refused from the start.
        default: return false
        }
        if statementClass.effects.contains(.readsPrepared), !showsAll(of: client, server) { return true }
        return commands.contains { parsed in
            if case .prepare(let name, _, _) = parsed.command { return isMissing(Array(name.utf8), client, server) }
            return named(by: parsed, text, client).map { isMissing($0, client, server) } ?? false
        }
    }

    /// Whether the client has given any names.
    func hasNames(_ client: ClientPointer) -> Bool {
        var has = false
        client.pointee.statements.forEachName { _, _ in has = true }
        return has
    }

    /// A DEALLOCATE that the proxy cannot answer, since it ends a batch of the extended protocol, of a name that no
    /// server knows: it gets something to give back.
    private func deallocateByQuery(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ text: RawSpan
    ) -> Progress? {
        guard case .deallocate(let name?) = parse(text, client)?.first?.command,
            statement(named: Array(name.utf8).span.bytes, of: client) != nil
        else { return nil }
        let bytes = Array(name.utf8)
        if !takeDecoyAhead(bytes, server), isMissing(bytes, client, server) {
            injectDecoy(bytes, server, purpose: .prepare)
        }
        var entry = LedgerEntry(.query, .forward)
        setName(client, bytes.span.bytes, to: .none, &entry)
        // Nothing in front of it is unanswered: it is carried out.
        forgetUnnamed(client)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        return sendWhole(entry, client, server, header, input, offset)
    }

    private func executeByQuery(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ statementClass: StatementClass,
        _ text: RawSpan
    ) -> Progress? {
        guard let (named, reference) = executed(in: text, client),
            !goesByOwnName(named, reference.name.span.bytes, server)
        else { return nil }
        let id = inUse(exchangedStatement(named, nil, text, client), client, server)
        let serial = statements[id].pointee.serial
        // Behind an error the server would ignore the Query, too.
        if prepareAhead(id, client, server) { injectSync(server) }
        var entry = LedgerEntry(.query, .forward)
        entry.statement = id
        entry.serial = serial
        noteName(reference, text, client, &entry)
        entry.effect = noteExecuted(statementClass, text, id, client, server)
        entry.mayCopyIn = statementClass.mayCopyIn
        endUnnamed(client, &entry)
        let calls = processCalls(in: text, statementClass, client)
        if !calls.isEmpty {
            entry.isExchanged = true
            server.pointee.extras.exchanged = ExchangedPlace.places(calls, in: text)
        }
        server.pointee.conversation.query(
            entry,
            text.extracting(0..<reference.range.lowerBound),
            name(of: serial),
            behind(reference, text, calls).span.bytes,
            from: buffers
        )
        touch(server)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        return .consumed(header.size)
    }

    /// Sees to it that the server has the statement when the Query comes.
    /// - Returns: whether it is being prepared by this.
    private func prepareAhead(_ id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        let presence = presence(of: statements[id].pointee.serial, client, server)
        if presence == .there { return false }
        server.pointee.extras.ahead = .nothing
        let names = enterSettings(of: id, client, server)
        injectParse(id, isShared: true, isAgain: presence == .uncertain, server, purpose: .prepareAhead)
        leaveSettings(names, server)
        return true
    }

    private func prepareByQuery(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ text: RawSpan
    ) -> Progress? {
        guard let preparing = preparing(text, client) else {
            giveOwnNames(text, client, server)
            return nil
        }
        // The server has it under that name, and says so.
        if isTaken(preparing.name, client, server) { return nil }
        if !takeDecoyAhead(preparing.name, server), isMissing(preparing.name, client, server) {
            // The server is to say so, after it has looked at the rest.
            injectDecoy(preparing.name, server)
            injectSync(server)
        }
        var entry = LedgerEntry(.query, .forward)
        entry.effect = .prepare
        endUnnamed(client, &entry)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        let progress = sendWhole(entry, client, server, header, input, offset)
        server.pointee.extras.preparing = preparing
        askForTypes(server, preparing.name)
        injectSync(server)
        return progress
    }

    // MARK: Texts whose names cannot be exchanged

    /// The text goes as it is: what it names must be on the server under the client's own names, and what it prepares
    /// stays there. So the client keeps its server. Names that are not in the text go on as before.
    /// - Parameter isInBatch: a Sync would end more than what is sent here.
    /// - Returns: whether statements have been sent.
    @discardableResult
    private func giveOwnNames(
        _ text: RawSpan,
        isInBatch: Bool = false,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> Bool {
        var names: [[UInt8]] = []
        var prepares = false
        guard let commands = parse(text, client) else {
            pin(client, .preparedBySQL, by: text)
            return false
        }
        for parsed in commands {
            if case .prepare(let name, _, _) = parsed.command {
                names.append(Array(name.utf8))
                prepares = true
            } else if let name = named(by: parsed, text, client) {
                names.append(name)
            }
        }
        let known = names.filter { statement(named: $0.span.bytes, of: client) != nil }
        guard prepares || !known.isEmpty else { return false }
        pin(client, .preparedBySQL, by: text)
        for name in known {
            guard let id = statement(named: name.span.bytes, of: client) else { continue }
            let body = statements[id].pointee.body
            let names = enterSettings(of: id, client, server)
            var entry = LedgerEntry(.parse, .swallow)
            if isInBatch { entry.purpose = .prepareAhead }
            server.pointee.conversation.parse(entry, named: name, body, from: buffers)
            leaveSettings(names, server)
            if !isInBatch { injectSync(server) }
            setNameNow(client, name.span.bytes, to: .none)
        }
        return !known.isEmpty
    }

    // MARK: In the middle of a batch

    /// What a Query needs on the server that stands behind messages of an open batch: a Sync in front of it would end
    /// their transaction. So it is sent alone and waited for, and an error of it takes the Query's place
    /// (`failAhead()`).
    /// - Returns: whether something is sent by this, for which the Query must wait.
    func bringAhead(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> Bool {
        guard !isInFailedTransaction(client), client.pointee.pin != .replication else { return false }
        if statementClass.effects.contains(.readsPrepared), !showsAll(of: client, server) {
            server.pointee.extras.ahead = .nothing
            return showOwnStatements(client, isInBatch: true, server)
        }
        guard statementClass.namesPrepared else { return false }
        if statementClass.statementCount > 1 {
            server.pointee.extras.ahead = .nothing
            return giveOwnNames(text, isInBatch: true, client, server)
        }
        if statementClass.effects.contains(.execute) {
            guard let (named, reference) = executed(in: text, client),
                !goesByOwnName(named, reference.name.span.bytes, server)
            else { return false }
            let id = inUse(exchangedStatement(named, nil, text, client), client, server)
            return prepareAhead(id, client, server)
        }
        return giveDecoyAhead(text, client, server)
    }

    /// A name that PREPARE is to find taken, or DEALLOCATE there.
    private func giveDecoyAhead(_ text: RawSpan, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        var deallocated: [UInt8]?
        if case .deallocate(let name?) = parse(text, client)?.first?.command { deallocated = Array(name.utf8) }
        guard let name = preparing(text, client)?.name ?? deallocated else {
            return giveOwnNames(text, isInBatch: true, client, server)
        }
        if case .decoy = server.pointee.extras.ahead { return false }
        guard isMissing(name, client, server) else { return false }
        injectDecoy(name, server, purpose: .prepareAhead)
        server.pointee.extras.ahead = .decoy(name)
        // Nobody else is to meet it, whatever becomes of the Query.
        server.pointee.needs(.discardAll)
        return true
    }

    /// Takes note that the Query is sent for which `bringAhead()` has given the name to a decoy.
    /// - Returns: whether it has.
    private func takeDecoyAhead(_ name: [UInt8], _ server: ServerPointer) -> Bool {
        guard case .decoy(name) = server.pointee.extras.ahead else { return false }
        server.pointee.extras.ahead = .nothing
        return true
    }

    /// What was sent ahead of a Query has failed, and with it the transaction of the batch: it is the Query that has,
    /// which the server has not been sent. A Sync brings the ReadyForQuery behind its error.
    func failAhead(_ client: ClientPointer, _ server: ServerPointer, _ error: [UInt8], _ header: MessageHeader)
        -> Progress
    {
        server.pointee.extras.ahead = .nothing
        deliver(client)
        send(client) { $0.message(BackendTag.errorResponse) { $0.raw(error) } }
        client.pointee.flow = .between
        sendSync(client, server)
        client.pointee.passThrough = .dropped(remaining: header.size)
        return .consumed(0)
    }
}

extension PostgresError {
    static let namesBehindEnd = PostgresError(
        .error,
        .featureNotSupported,
        "prepared statements cannot be used behind the end of a failed transaction in one Query or batch",
        detail: "The server may not have them, and takes none before the transaction has ended.",
        hint: "Send ROLLBACK alone."
    )
}
