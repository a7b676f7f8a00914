import Bytes
import PostgresWire
import StatementRouting

/// Parse: a client's statement becomes one that servers share (PostgreSQL documentation, 55.2.3).
extension Engine {
    func forwardParse(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        let pool = client.pointee.pool.unsafelyUnwrapped
        pool.pointee.counters.clientParses &+= 1
        guard let message = ParseMessage(body), pool.pointee.options.preparedStatements else {
            // The server finds what is wrong with it; or statements are not carried, and the client keeps its server.
            if !pool.pointee.options.preparedStatements {
                if let message = ParseMessage(body),
                    classify(body.extracting(message.text), client).howdahCommand != .none
                {
                    return provoke(client, server, .mustStandAlone, header)
                }
                pin(client, .unnamedStatementTooLong)
            }
            let unnamed = pool.pointee.options.preparedStatements ? StatementSerial.unknown : .none
            parseAsSent(uncarriedEntry(body, client), body, unnamed: unnamed, server)
            return .consumed(header.size)
        }
        if !message.name.isEmpty, isUnsettled(body.extracting(message.name), client, server) { return .stop }
        // Before the statement is interned, to which nobody refers yet: making room might take it away again.
        let refusal = self.refusal(ofName: body.extracting(message.name), client)
        guard let id = intern(client, body, message) else {
            return provoke(client, server, .memoryLimit(statements.limit), header)
        }
        let isNamed = !message.name.isEmpty
        let name = body.extracting(message.name)
        var isOnServer = server.pointee.isShowing && isShown(name, server)
        if isOnServer, statement(named: name, of: client) == nil {
            // It was there before DEALLOCATE.
            hide(name, on: server)
            closeOnServer(server, name.array(0..<name.byteCount))
            isOnServer = false
        }
        let isByPrepare =
            client.pointee.pin != nil && keepsOwnNames(client) && statement(named: name, of: client) == nil
        if isNamed, isOnServer || isByPrepare {
            // The server knows whether the name has been given already.
            let exchanged = exchangedParse(body, message, client)
            parseAsSent(LedgerEntry(.parse, .forward), exchanged.span.bytes, unnamed: nil, server)
            return .consumed(header.size)
        }
        if isNamed, statement(named: name, of: client) != nil {
            provokeDuplicate(client, server, body, message)
            return .consumed(header.size)
        }
        if let refusal { return provoke(client, server, refusal, header) }
        let command = statements[id].pointee.statementClass.howdahCommand
        // What no server's grammar knows, or what none of its statements may run.
        if command == .explainRoute || command == .notAlone { return provoke(client, server, .mustStandAlone, header) }
        if server.pointee.conversation.statements.count >= options.serverPreparedStatements * Self.mostInBatch {
            return provoke(client, server, .tooManyPrepared(options.serverPreparedStatements), header)
        }
        var entry = LedgerEntry(.parse, .forward)
        entry.statement = id
        statements.retain(id)
        setName(client, name, to: id, &entry)
        if isNamed, server.pointee.isShowing || goesByOwnName(id, name, server) {
            show(name, on: server)
            parseAsSent(entry, exchangedParse(body, message, client).span.bytes, unnamed: nil, server)
            return .consumed(header.size)
        }
        // Servers know no such setting.
        let sent = command.isShow ? exchangedStatement(id, nil, body, client) : id
        let target = target(of: sent, client, server)
        sendParse(target, isNamed: isNamed, client, server, entry)
        return .consumed(header.size)
    }

    /// For a Parse that goes to the server as it is: what its name has meant here, from a Parse that the proxy has
    /// answered, it means no more.
    func uncarriedEntry(_ body: RawSpan, _ client: ClientPointer) -> LedgerEntry {
        var entry = LedgerEntry(.parse, .forward)
        guard let nameSize = body.firstZero(from: 0) else { return entry }
        let name = body.extracting(0..<nameSize)
        if nameSize == 0 ? !client.pointee.unnamed.isNone : statement(named: name, of: client) != nil {
            setName(client, name, to: .none, &entry)
        }
        return entry
    }

    /// How often `server_prepared_statements` one batch may prepare: between batches the least recently used are
    /// closed.
    private static let mostInBatch = 10

    /// Sends what of a Parse the server needs: nothing where it has the statement.
    private func sendParse(
        _ id: StatementID,
        isNamed: Bool,
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ ledgerEntry: LedgerEntry
    ) {
        var entry = ledgerEntry
        let record = statements[id]
        let serial = record.pointee.serial
        entry.serial = serial
        let isShared = isNamed || record.pointee.isShared && !server.pointee.isShowing
        let presence = isShared ? presence(of: serial, client, server) : .missing
        // An unnamed statement that another has run may have another's plan.
        let isThere =
            isShared
            ? presence == .there
            : record.pointee.statementClass.hasFixedPlan && hasUnnamed(serial, client, server)
        entry.preparesAgain = presence == .uncertain
        // A failed transaction, or one that a batch in flight may fail, refuses most Parses: the server must be asked.
        let mayFail = server.pointee.conversation.status == .inTransaction && client.pointee.outstanding > 0
        if isThere, server.pointee.conversation.status != .failed, !mayFail {
            server.pointee.conversation.answer(entry)
            if !client.pointee.tries.isArmed { emitAnswers(server) }
            return
        }
        server.pointee.conversation.parse(entry, isShared: isShared && !isThere, record.pointee.body, from: buffers)
        touch(server)
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.serverParses &+= 1
    }

    /// The statement that a Parse asks for, where it is known: where it has but one plan, named and unnamed are the
    /// same.
    @inline(__always)
    func find(_ identity: RawSpan, _ scope: ParseScope, _ client: ClientPointer) -> StatementID? {
        if !scope.isNamed {
            var named = scope
            named.isNamed = true
            if let id = statements.find(identity, in: named), statementClass(of: id, client).hasFixedPlan { return id }
        }
        return statements.find(identity, in: scope)
    }

    /// The statement of a Parse, interned; nil where the limit does not let it in.
    func intern(_ client: ClientPointer, _ body: RawSpan, _ message: ParseMessage) -> StatementID? {
        let identity = body.extracting(message.identity)
        let pool = client.pointee.pool.unsafelyUnwrapped
        var scope = scope(of: client, isNamed: !message.name.isEmpty)
        if let id = find(identity, scope, client) {
            let record = statements[id]
            record.pointee.uses &+= 1
            let effects = statementClass(of: id, client).effects
            // What is long costs every server much that keeps it.
            if pool.pointee.options.prepareUnnamed, !parsesAlone(client), !effects.contains(.readsPrepared),
                record.pointee.textSize <= options.statementTextLimit
            {
                record.pointee.isShared = true
            }
            return id
        }
        let profile = profileOfMoment(client)
        defer { profiles.release(profile) }
        let statementClass = classify(body.extracting(message.text), client)
        if statementClass.hasFixedPlan { scope.isNamed = true }
        return statements.intern(
            identity,
            in: scope,
            profile,
            textSize: message.text.count,
            statementClass: statementClass,
            classStamp: contextStamp(of: client)
        )
    }

    /// Lets a name mean a statement from now on; the entry remembers what it meant before.
    func setName(_ client: ClientPointer, _ name: RawSpan, to id: StatementID, _ entry: inout LedgerEntry) {
        if !id.isNone { statements.retain(id) }
        entry.changesName = true
        client.pointee.changesNames = true
        if name.byteCount == 0 {
            entry.place = .unnamed
            entry.previous = client.pointee.unnamed
            client.pointee.unnamed = id
            return
        }
        let hash = statements.nameHash.hash(name)
        let place = client.pointee.statements.find(name, hash: hash) ?? changeNames(client) { $0.add(name, hash: hash) }
        entry.place = place
        entry.previous = client.pointee.statements.set(place, to: id)
    }

    /// Sends a Parse that names its statement itself.
    private func parseAsSent(
        _ entry: LedgerEntry,
        _ body: RawSpan,
        unnamed: StatementSerial?,
        _ server: ServerPointer
    ) {
        server.pointee.conversation.parseAsSent(
            entry,
            body,
            bodySize: body.byteCount,
            unnamed: unnamed,
            from: buffers
        )
        touch(server)
    }

    /// Gives the server a statement that it lacks, in front of the message that needs it.
    func injectParse(
        _ id: StatementID,
        isShared: Bool,
        isAgain: Bool,
        _ server: ServerPointer,
        purpose: LedgerEntry.Purpose = .prepare
    ) {
        let record = statements[id]
        var entry = LedgerEntry(.parse, .swallow)
        entry.preparesAgain = isAgain
        entry.purpose = purpose
        entry.statement = id
        entry.serial = record.pointee.serial
        statements.retain(id)
        if isShared, record.pointee.isDescribed, let types = statements.description(of: id)?.types {
            // What clients have been told of it.
            let text = UnsafeRawBufferPointer(rebasing: record.pointee.body[..<(record.pointee.textSize &+ 1)])
            server.pointee.conversation.parse(entry, text, types: types, from: buffers)
        } else {
            server.pointee.conversation.parse(entry, isShared: isShared, record.pointee.body, from: buffers)
        }
        touch(server)
        server.pointee.pool.pointee.counters.serverParses &+= 1
    }

    /// A named statement exists already: a server would refuse the Parse, after it has looked at the text. It is made
    /// to, by giving it an empty statement of that name first; that one is closed before the next batch.
    private func provokeDuplicate(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ body: RawSpan,
        _ message: ParseMessage
    ) {
        provokeTaken(body.array(message.name), server)
        parseAsSent(LedgerEntry(.parse, .forward), body, unnamed: nil, server)
    }

    /// Sees to it that the server refuses the name in the Parse that follows.
    func provokeTaken(_ name: [UInt8], _ server: ServerPointer) {
        // Where a statement of that name is there already, its refusal is the client's.
        injectDecoy(name, server, purpose: .prepare)
        // The first of several is the only one that the server carries out: its error has the others skipped.
        if server.pointee.extras.decoy == nil { server.pointee.extras.decoy = name }
    }
}
