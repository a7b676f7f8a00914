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
            both.effects.insert(.asksHowdah)
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
    func noteExecuted(
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
    func noteName(
        _ reference: PreparedReference,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ entry: inout LedgerEntry
    ) {
        let name = reference.name.span.bytes
        guard let place = client.pointee.statements.find(name, hash: statements.nameHash.hash(name)) else { return }
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

    /// EXECUTE and DEALLOCATE by a name under which servers know what clients share, where that is not the client's
    /// own: to the client there is no such statement.
    func refusalOfProxyName(_ text: RawSpan, _ client: ClientPointer) -> PostgresError? {
        guard executed(in: text, client) == nil else { return nil }
        for parsed in parse(text, client) ?? [] {
            if let name = named(by: parsed, text, client),
                StatementSerial.isName(String(decoding: name, as: UTF8.self)),
                statement(named: name.span.bytes, of: client) == nil
            {
                return .unknownStatement(name.span.bytes)
            }
        }
        return nil
    }

    /// The statement that EXECUTE or DEALLOCATE names, wherever in its text.
    func named(by parsed: ParsedCommand, _ text: RawSpan, _ client: ClientPointer) -> [UInt8]? {
        switch parsed.command {
        case .execute(let name, _): return Array(name.utf8)
        case .deallocate(let name?): return Array(name.utf8)
        case .other:
            let part = text.extracting(parsed.range)
            return PreparedReference.find(in: part, standardConformingStrings: conforms(client))?.name
        default: return nil
        }
    }

    // MARK: PREPARE

    /// What is to be kept of a PREPARE; nil where its statement must stay on the client's server.
    func preparing(_ text: RawSpan, _ client: ClientPointer) -> PreparingBySQL? {
        guard client.pointee.pool.unsafelyUnwrapped.pointee.options.preparedStatements, !keepsOwnNames(client),
            let commands = parse(text, client), commands.count == 1,
            case .prepare(let name, let types, let statement) = commands[0].command,
            let reference = PreparedReference.find(in: text, standardConformingStrings: conforms(client)),
            reference.name == Array(name.utf8), statements.hasRoom(for: statement.utf8.count + 4 * types.count)
        else { return nil }
        return PreparingBySQL(name: reference.name, text: Array(statement.utf8), declaredTypes: types.count)
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

    /// Whether the client has a statement of that name which this server knows by it.
    func isTaken(_ name: [UInt8], _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        statement(named: name.span.bytes, of: client) != nil && server.pointee.isShowing
            && isShown(name.span.bytes, server)
    }

    /// Whether the client has a statement of that name which this server does not know by it.
    func isMissing(_ name: [UInt8], _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        statement(named: name.span.bytes, of: client) != nil
            && !isTaken(name, client, server)
    }

    func injectSync(_ server: ServerPointer) {
        server.pointee.conversation.sync(.swallow, from: buffers)
        touch(server)
    }

    func askForTypes(_ server: ServerPointer, _ name: [UInt8]) {
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
        hide(preparing.name.span.bytes, on: server)
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
    func intern(_ body: RawSpan, textSize: Int, isNamed: Bool, _ client: ClientPointer) -> StatementID {
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

}
