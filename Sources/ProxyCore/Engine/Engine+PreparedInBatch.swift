import Bytes
import PostgresWire
import StatementRouting

/// PREPARE, EXECUTE and DEALLOCATE as statements of the extended protocol.
extension Engine {
    /// What servers get for an EXECUTE of the extended protocol: the same with the proxy's name in it. What that runs
    /// is on the server then.
    /// - Returns: nil where the client's name means nothing: then the server says so.
    func executeTarget(_ id: StatementID, _ client: ClientPointer, _ server: ServerPointer) -> StatementID? {
        guard !statements[id].pointee.isPrivate,
            let (named, reference) = executed(in: statements[id].pointee.text.bytes, client),
            !statements[named].pointee.isPrivate, !goesByOwnName(named, reference.name.span.bytes, server)
        else { return nil }
        let inner = inUse(exchangedStatement(named, nil, RawSpan(), client), client, server)
        _ = ensurePrepared(inner, isNamed: true, client, server)
        let record = statements[id].pointee
        let name = name(of: statements[inner].pointee.serial)
        let body = Array(record.body)
        let calls = processCalls(in: record.text.bytes, record.statementClass, client)
        let text = body[..<reference.range.lowerBound] + name + behind(reference, record.text.bytes, calls)
        let changed = text + body[record.textSize...]
        let textSize = text.count
        let isNamed = record.scope.isNamed
        let target = intern(Array(changed).span.bytes, textSize: textSize, isNamed: isNamed, client)
        if record.isShared { statements[target].pointee.isShared = true }
        return target
    }

    /// Sends an Execute of what may change the session.
    func forwardExecuteOfChange(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ body: RawSpan
    ) -> Progress {
        var preparing: PreparingBySQL?
        let id = client.pointee.portals.last
        if !id.isNone, isLastBound(client, body), statements[id].pointee.statementClass.statementCount == 1,
            !isInFailedTransaction(client)
        {
            let effects = statements[id].pointee.statementClass.effects
            let text = statements[id].pointee.text.bytes
            if effects.contains(.prepare) {
                // Where the view of statements is looked at in the same batch, it is to be found there.
                preparing = server.pointee.isShowing ? nil : self.preparing(text, client)
                let isThere = preparing.map { isTaken($0.name, client, server) } ?? false
                if let preparing, isMissing(preparing.name, client, server) {
                    injectDecoy(preparing.name, server, purpose: .prepare)
                    server.pointee.extras.decoy = server.pointee.extras.decoy ?? preparing.name
                }
                if preparing == nil { giveOwnNamesInBatch(text, client, server) }
                // The server has it under that name, and says so.
                if isThere { preparing = nil }
            }
        }
        var entry = executeEntry(client, server, body)
        if preparing != nil { entry.effect = .prepare }
        if entry.effect == .none { deallocateInBatch(client, server, &entry) }
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        let progress = sendWhole(entry, client, server, header, input, offset)
        if let preparing {
            server.pointee.extras.preparing = preparing
            askForTypes(server, preparing.name)
            // What comes next may use the name.
            server.pointee.conversation.flush(from: buffers)
        }
        return progress
    }

    /// A PREPARE whose statement stays on the server, in the middle of a batch.
    private func giveOwnNamesInBatch(_ text: RawSpan, _ client: ClientPointer, _ server: ServerPointer) {
        pin(client, .preparedBySQL, by: text)
        guard let reference = PreparedReference.find(in: text, standardConformingStrings: conforms(client)),
            isMissing(reference.name, client, server)
        else { return }
        injectDecoy(reference.name, server, purpose: .prepare)
        server.pointee.extras.decoy = server.pointee.extras.decoy ?? reference.name
    }

    /// DEALLOCATE of a name that no server knows: it gets something to give back.
    private func deallocateInBatch(_ client: ClientPointer, _ server: ServerPointer, _ entry: inout LedgerEntry) {
        let id = client.pointee.portals.last
        guard !id.isNone, statements[id].pointee.statementClass.effects.contains(.deallocate),
            let command = parse(statements[id].pointee.text.bytes, client)?.first?.command,
            case .deallocate(let name?) = command, statement(named: Array(name.utf8).span.bytes, of: client) != nil
        else { return }
        let bytes = Array(name.utf8)
        if isMissing(bytes, client, server) {
            injectDecoy(bytes, server, purpose: .prepare)
            server.pointee.extras.decoy = server.pointee.extras.decoy ?? bytes
        }
        setName(client, bytes.span.bytes, to: .none, &entry)
    }

    /// The entry for an Execute that runs an EXECUTE.
    func noteExecuted(_ id: StatementID, _ client: ClientPointer, _ server: ServerPointer, _ entry: inout LedgerEntry) {
        let text = statements[id].pointee.text.bytes
        let statementClass = executedClass(of: id, client)
        guard let (inner, reference) = executed(in: text, client) else {
            entry.effect = noteEffects(of: statementClass, text: text, client, server)
            return
        }
        let target = inUse(inner, client, server)
        entry.statement = target
        entry.serial = statements[target].pointee.serial
        noteName(reference, text, client, &entry)
        entry.effect = noteExecuted(statementClass, text, inner, client, server)
    }
}
