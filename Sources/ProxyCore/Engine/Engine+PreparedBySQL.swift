import Bytes
import PostgresWire
import StatementRouting

/// PREPARE, EXECUTE and DEALLOCATE as SQL, on any server.
///
/// They share one table of names with Parse (PostgreSQL documentation, 55.2.3). So what PREPARE makes is kept as if
/// Parse had made it, servers get it under the name that they know it by, and that name takes the place of the client's
/// in EXECUTE.
///
/// PREPARE itself runs as the client has written it, so that its errors are the server's. Behind it the server is asked
/// for the types of the parameters, which SQL gives by name and Parse by OID, and the statement of that name is closed
/// again.
extension Engine {
    // MARK: What EXECUTE runs

    /// The statement that the client means in an EXECUTE, and where it is named.
    func executed(in text: RawSpan, _ client: ClientPointer) -> (id: StatementID, reference: PreparedReference)? {
        guard let reference = PreparedReference.find(in: text, standardConformingStrings: conforms(client)),
            let id = statement(named: reference.name.span.bytes, of: client)
        else { return nil }
        return (id, reference)
    }

    func conforms(_ client: ClientPointer) -> Bool {
        client.pointee.context?.context.standardConformingStrings ?? true
    }

    /// EXECUTE does what the statement does that it runs.
    @inline(__always)
    func asExecuted(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> StatementClass {
        statementClass.effects.contains(.execute) ? classAsExecuted(statementClass, text, client) : statementClass
    }

    /// The class of an interned statement; where that is an EXECUTE, of what it runs.
    @inline(__always)
    func executedClass(of id: StatementID, _ client: ClientPointer) -> StatementClass {
        let statementClass = statementClass(of: id, client)
        guard statementClass.effects.contains(.execute) else { return statementClass }
        return classAsExecuted(statementClass, statements[id].pointee.text.bytes, client)
    }

    private func classAsExecuted(_ outer: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> StatementClass {
        var both = outer
        guard outer.statementCount == 1 else {
            // Names cannot be exchanged in it.
            both.effects.insert(.prepare)
            return both
        }
        guard let (id, _) = executed(in: text, client) else { return outer }
        let inner = statementClass(of: id, client)
        // Parse has made a statement of what only the proxy can answer, and so EXECUTE is its to answer too.
        if inner.howdahCommand != .none {
            both.access = inner.access
            both.reason = inner.reason
            both.howdahCommand = inner.howdahCommand
            return both
        }
        if inner.transaction != .none {
            // Parse takes also what PREPARE would not: where the session is after BEGIN or COMMIT, its server says.
            both.access = .unknown
        } else if outer.reason == .preparedExecute {
            both.access = inner.access
            both.reason = inner.reason
        }
        both.effects.formUnion(inner.effects)
        both.relationNames.formUnion(inner.relationNames)
        both.hint = max(outer.hint, inner.hint)
        return both
    }

    /// The text of the statement that an EXECUTE runs; nil for any other statement, and where its name means nothing.
    /// Valid as long as the name keeps its meaning.
    func executedText(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer)
        -> UnsafeRawBufferPointer?
    {
        guard statementClass.effects.contains(.execute), let (id, _) = executed(in: text, client) else { return nil }
        return statements[id].pointee.text
    }

    /// The command that a statement is, or that an EXECUTE runs.
    func command(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> SessionCommand? {
        if let executed = executedText(statementClass, text, client) {
            return parse(executed.bytes, client)?.first?.command
        }
        return parse(text, client)?.first?.command
    }

    /// Notes what an EXECUTE that is about to be sent does.
    private func noteExecuted(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ id: StatementID,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> LedgerEntry.Effect {
        let inner = self.statementClass(of: id, client)
        var together = statementClass
        together.effects.remove(.execute)
        together.transaction = inner.transaction
        guard mustNote(together, client) else { return .none }
        // A name that PREPARE gives behind EXECUTE is the server's alone.
        if inner.effects.contains(.prepare) { pin(client, .preparedBySQL, by: text) }
        // The values of its parameters may change settings, too.
        if classify(text, client).effects.contains(.setConfig) { pin(client, .setting, by: text) }
        // What is changed is written in the statement that runs.
        return noteEffects(of: together, text: statements[id].pointee.text.bytes, client, server)
    }

    /// Lets the entry remember which name was exchanged for the proxy's, and where: errors are told with the client's.
    private func noteName(
        _ reference: PreparedReference,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ entry: inout LedgerEntry
    ) {
        let name = reference.name.span.bytes
        guard let place = client.pointee.statements.find(name, hash: nameHash.hash(name)) else { return }
        entry.namePlace = place
        entry.nameStart = UInt16(clamping: Self.characters(in: text.extracting(0..<reference.range.lowerBound)))
        entry.nameSize = UInt16(clamping: Self.characters(in: text.extracting(reference.range)))
    }

    /// Positions in errors count characters (PostgreSQL documentation, 55.8).
    private static func characters(in text: RawSpan) -> Int {
        var count = 0
        for offset in 0..<text.byteCount where text.byte(at: offset) & 0xC0 != 0x80 { count += 1 }
        return count
    }

    // MARK: In a Query

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
            // A failed transaction refuses it, and a WAL sender takes no other messages.
            client.pointee.transaction != .failed, client.pointee.pin != .replication
        else { return nil }
        let text = input.extracting(range)
        if statementClass.statementCount > 1 {
            giveOwnNames(text, client, server)
            return nil
        }
        if statementClass.effects.contains(.execute) {
            return executeByQuery(client, server, header, input, offset, statementClass, text)
        }
        if statementClass.effects.contains(.prepare) {
            return prepareByQuery(client, server, header, input, offset, text)
        }
        return deallocateByQuery(client, server, header, input, offset, text)
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
        injectDecoy(Array(name.utf8), server, purpose: .prepare)
        var entry = LedgerEntry(.query, .forward)
        setName(client, Array(name.utf8).span.bytes, to: .none, &entry)
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
        if server.pointee.conversation.status != .failed { ensurePreparedAhead(id, client, server) }
        var entry = LedgerEntry(.query, .forward)
        entry.statement = id
        entry.serial = serial
        noteName(reference, text, client, &entry)
        entry.effect = noteExecuted(statementClass, text, id, client, server)
        entry.mayCopyIn = statementClass.mayCopyIn
        if !client.pointee.unnamed.isNone { setName(client, text.extracting(0..<0), to: .none, &entry) }
        server.pointee.conversation.query(
            entry,
            text.extracting(0..<reference.range.lowerBound),
            name(of: serial),
            text.extracting(reference.range.upperBound..<text.byteCount),
            from: buffers
        )
        touch(server)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        return .consumed(header.size)
    }

    /// Sees to it that the server has the statement when the Query comes.
    private func ensurePreparedAhead(_ id: StatementID, _ client: ClientPointer, _ server: ServerPointer) {
        let presence = presence(of: statements[id].pointee.serial, client, server)
        if presence == .there { return }
        server.pointee.extras.prepareError = nil
        let names = enterSettings(of: id, client, server)
        injectParse(id, isShared: true, isAgain: presence == .uncertain, server, purpose: .prepareAhead)
        leaveSettings(names, server)
        // Behind an error the server would ignore the Query, too.
        injectSync(server)
    }

    func injectSync(_ server: ServerPointer) {
        server.pointee.conversation.sync(.swallow, from: buffers)
        touch(server)
    }

    // MARK: PREPARE

    /// What is to be kept of a PREPARE; nil where its statement must stay on the client's server.
    private func preparing(_ text: RawSpan, _ client: ClientPointer) -> PreparingBySQL? {
        guard client.pointee.pool.unsafelyUnwrapped.pointee.options.preparedStatements, !keepsOwnNames(client),
            let commands = parse(text, client), commands.count == 1,
            case .prepare(let name, let types, let statement) = commands[0].command,
            let reference = PreparedReference.find(in: text, standardConformingStrings: conforms(client)),
            reference.name == Array(name.utf8), statements.hasRoom(for: statement.utf8.count + 4 * types.count)
        else { return nil }
        return PreparingBySQL(name: reference.name, text: Array(statement.utf8), declaredTypes: types.count)
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
        if statement(named: preparing.name.span.bytes, of: client) != nil {
            // The server is to say so, after it has looked at the rest.
            injectDecoy(preparing.name, server)
            injectSync(server)
        }
        var entry = LedgerEntry(.query, .forward)
        entry.effect = .prepare
        if !client.pointee.unnamed.isNone { setName(client, text.extracting(0..<0), to: .none, &entry) }
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        let progress = sendWhole(entry, client, server, header, input, offset)
        server.pointee.extras.preparing = preparing
        askForTypes(server, preparing.name)
        injectSync(server)
        return progress
    }

    /// Gives a name of the client's to an empty statement, so that the server finds it taken, or there to be given
    /// back.
    /// - Parameter purpose: `prepare` where the server's refusal, should the name be there already, is the client's.
    func injectDecoy(_ name: [UInt8], _ server: ServerPointer, purpose: LedgerEntry.Purpose = .none) {
        var entry = LedgerEntry(.parse, .swallow)
        entry.purpose = purpose
        let empty: [UInt8] = [0, 0, 0]
        empty.withUnsafeBytes { server.pointee.conversation.parse(entry, named: name, $0, from: buffers) }
        touch(server)
    }

    private func askForTypes(_ server: ServerPointer, _ name: [UInt8]) {
        server.pointee.preparing = .asked
        let target = [TargetMessage.Kind.statement.rawValue] + name + [0]
        var describe = LedgerEntry(.describe, .swallow)
        describe.purpose = .describePrepared
        server.pointee.conversation.send(describe, target.span.bytes, from: buffers)
        server.pointee.conversation.close(name: name, .closePrepared, from: buffers)
        touch(server)
    }

    /// ParameterDescription: their number, then their types.
    func readTypes(_ body: RawSpan, _ server: ServerPointer) {
        guard body.byteCount >= 2 else { return }
        server.pointee.extras.preparing?.types = body.array(2..<body.byteCount)
    }

    /// The server has closed the statement again. If PREPARE has succeeded, the client's name means it from now on,
    /// on every server.
    func preparedIsComplete(_ server: ServerPointer) {
        server.pointee.preparing = .none
        guard let preparing = server.pointee.extras.preparing else { return }
        server.pointee.extras.preparing = nil
        guard preparing.hasSucceeded, let client = clients[server.pointee.client],
            preparing.types.count >= 4 * preparing.declaredTypes
        else { return }
        let count = UInt16(truncatingIfNeeded: preparing.declaredTypes)
        let body =
            preparing.text + [0, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
            + preparing.types.prefix(4 * preparing.declaredTypes)
        let id = intern(body.span.bytes, textSize: preparing.text.count, isNamed: true, client)
        setNameNow(client, preparing.name.span.bytes, to: id)
    }

    /// An error has cut it short: if the PREPARE itself has succeeded (a cancel request came behind it), it is done
    /// again when the server listens. In the end the statement stays where it is, and its client with it.
    func preparedIsInterrupted(_ server: ServerPointer) {
        if server.pointee.extras.preparing?.hasSucceeded == true {
            server.pointee.extras.preparing?.interruptions += 1
            if let preparing = server.pointee.extras.preparing,
                preparing.interruptions < PreparingBySQL.mostInterruptions
            {
                server.pointee.preparing = .interrupted
                return
            }
            if let client = clients[server.pointee.client] { pin(client, .preparedBySQL) }
        }
        server.pointee.preparing = .none
        server.pointee.extras.preparing = nil
    }

    func askForTypesAgain(_ server: ServerPointer) {
        guard let preparing = server.pointee.extras.preparing else { return }
        askForTypes(server, preparing.name)
        injectSync(server)
    }

    /// What the proxy itself derives from a client's statement: kept even beyond the limit, since the client has been
    /// told of its success.
    private func intern(_ body: RawSpan, textSize: Int, isNamed: Bool, _ client: ClientPointer) -> StatementID {
        let scope = scope(of: client, isNamed: isNamed)
        if let id = statements.find(body, in: scope) { return id }
        let profile = profileOfMoment(client)
        defer { profiles.release(profile) }
        let statementClass = classify(body.extracting(0..<textSize), client)
        let stamp = client.pointee.context?.stamp ?? client.pointee.pool.unsafelyUnwrapped.pointee.contextStamp
        return statements.internAnyway(
            body,
            in: scope,
            profile,
            textSize: textSize,
            statementClass: statementClass,
            classStamp: stamp
        )
    }

    // MARK: Texts whose names cannot be exchanged

    /// The text goes as it is: what it names must be on the server under the client's own names, and what it prepares
    /// stays there. So the client keeps its server. Names that are not in the text go on as before.
    private func giveOwnNames(_ text: RawSpan, _ client: ClientPointer, _ server: ServerPointer) {
        var names: [[UInt8]] = []
        var prepares = false
        guard let commands = parse(text, client) else { return pin(client, .preparedBySQL, by: text) }
        for parsed in commands {
            switch parsed.command {
            case .prepare(let name, _, _):
                names.append(Array(name.utf8))
                prepares = true
            case .execute(let name, _): names.append(Array(name.utf8))
            case .deallocate(let name?): names.append(Array(name.utf8))
            case .other:
                let part = text.extracting(parsed.range)
                if let reference = PreparedReference.find(in: part, standardConformingStrings: conforms(client)) {
                    names.append(reference.name)
                }
            default: break
            }
        }
        let known = names.filter { statement(named: $0.span.bytes, of: client) != nil }
        guard prepares || !known.isEmpty else { return }
        pin(client, .preparedBySQL, by: text)
        for name in known {
            guard let id = statement(named: name.span.bytes, of: client) else { continue }
            let body = statements[id].pointee.body
            let names = enterSettings(of: id, client, server)
            server.pointee.conversation.parse(LedgerEntry(.parse, .swallow), named: name, body, from: buffers)
            leaveSettings(names, server)
            injectSync(server)
            setNameNow(client, name.span.bytes, to: .none)
        }
    }

    // MARK: In the extended protocol

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
        let changed = body[..<reference.range.lowerBound] + name + body[reference.range.upperBound...]
        let textSize = record.textSize - reference.range.count + name.count
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
        let id = client.pointee.lastBound
        if !id.isNone, isLastBound(client, body), statements[id].pointee.statementClass.statementCount == 1,
            client.pointee.transaction != .failed
        {
            let effects = statements[id].pointee.statementClass.effects
            let text = statements[id].pointee.text.bytes
            if effects.contains(.prepare) {
                preparing = self.preparing(text, client)
                if let preparing, statement(named: preparing.name.span.bytes, of: client) != nil {
                    injectDecoy(preparing.name, server, purpose: .prepare)
                    server.pointee.extras.decoy = server.pointee.extras.decoy ?? preparing.name
                }
                if preparing == nil { giveOwnNamesInBatch(text, client, server) }
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
            statement(named: reference.name.span.bytes, of: client) != nil
        else { return }
        injectDecoy(reference.name, server, purpose: .prepare)
        server.pointee.extras.decoy = server.pointee.extras.decoy ?? reference.name
    }

    /// DEALLOCATE of a name that no server knows: it gets something to give back.
    private func deallocateInBatch(_ client: ClientPointer, _ server: ServerPointer, _ entry: inout LedgerEntry) {
        let id = client.pointee.lastBound
        guard !id.isNone, statements[id].pointee.statementClass.effects.contains(.deallocate),
            let command = parse(statements[id].pointee.text.bytes, client)?.first?.command,
            case .deallocate(let name?) = command, statement(named: Array(name.utf8).span.bytes, of: client) != nil
        else { return }
        let bytes = Array(name.utf8)
        injectDecoy(bytes, server, purpose: .prepare)
        server.pointee.extras.decoy = server.pointee.extras.decoy ?? bytes
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

    // MARK: Errors

    /// The body of the server's error in answer to an EXECUTE, as the client is to see it.
    func executeError(_ body: RawSpan, _ entry: LedgerEntry, _ client: ClientPointer, _ server: ServerPointer)
        -> [UInt8]
    {
        if let error = server.pointee.extras.prepareError {
            // The statement itself could not be prepared: EXECUTE would have said so.
            server.pointee.extras.prepareError = nil
            return error
        }
        return reworded(body, entry, client)
    }

    /// A server's error or notice in the client's words: with the client's name for the statement, and positions in
    /// the client's text.
    func reworded(_ body: RawSpan, _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        let proxyName = name(of: entry.serial)
        let start = Int(entry.nameStart)
        var changed: [UInt8] = []
        var offset = 0
        while offset < body.byteCount, body.byte(at: offset) != 0, let end = body.firstZero(from: offset + 1) {
            let field = body.byte(at: offset)
            var value = body.array(offset + 1..<end)
            if field == ErrorFields.position, entry.isExchanged, let server = servers[client.pointee.server],
                let position = Int(body.text(offset + 1..<end))
            {
                value = Array("\(ExchangedPlace.position(position, server.pointee.extras.exchanged))".utf8)
            }
            if field == ErrorFields.position, entry.nameSize > 0, let position = Int(body.text(offset + 1..<end)),
                position > start
            {
                let isBehind = position > start + proxyName.count
                // A server may say any number.
                let moved = isBehind ? position &- proxyName.count &+ Int(entry.nameSize) : start + 1
                value = Array("\(moved)".utf8)
            } else if field != ErrorFields.position {
                value = withOwnNames(value, entry, client)
            }
            changed.append(field)
            changed += value
            changed.append(0)
            offset = end + 1
        }
        changed.append(0)
        return changed
    }

    /// Statements are told by the client's names for them, those that it has none for as the unnamed one.
    private func withOwnNames(_ value: [UInt8], _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        var value = value
        var offset = 0
        while let (range, serial) = StatementSerial.find(in: value.span.bytes, from: offset) {
            let name = ownName(of: serial, entry, client)
            value.replaceSubrange(range, with: name)
            offset = range.lowerBound + name.count
        }
        return value
    }

    private func ownName(of serial: StatementSerial, _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        if entry.serial == serial, entry.namePlace.index != ClientStatements.Place.nowhere.index {
            if entry.namePlace.index == ClientStatements.Place.unnamed.index { return [] }
            return client.pointee.statements.name(at: entry.namePlace)
        }
        return client.pointee.statements.name { id in
            statements[id].pointee.serial == serial
        } ?? []
    }
}
