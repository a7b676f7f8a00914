import Bytes
import PostgresWire
import StatementRouting

/// A client's messages on their way to the server that it holds, with the names of prepared statements exchanged for the proxy's (PostgreSQL documentation,
/// 55.2.3).
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
        if statementClass.namesPrepared,
            let progress = forwardPreparedBySQL(client, server, header, input, offset, statementClass)
        {
            return progress
        }
        var entry = LedgerEntry(.query, .forward)
        server.pointee.unnamed = .none
        // A simple query destroys the unnamed statement, unless the server skips it (PostgreSQL documentation, 55.2.3).
        if !client.pointee.unnamed.isNone { setName(client, input.extracting(0..<0), to: .none, &entry) }
        if mustNote(statementClass, client) {
            let text = queryText(header, input, offset, isWhole: input.byteCount &- offset >= header.size)
            entry.effect = noteEffects(of: statementClass, text: input.extracting(text), client, server)
        }
        server.pointee.ledger.append(entry)
        client.pointee.outstanding &+= 1
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
        return sendWhole(client, server, header, input, offset)
    }

    /// Whether what a name means hangs on a batch in flight: should that fail, the name keeps the meaning that it had before.
    @inline(__always)
    func isUnsettled(_ name: RawSpan, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        if client.pointee.outstanding == 0 || !client.pointee.changesNames { return false }
        let place: ClientStatements.Place
        if name.byteCount == 0 {
            place = .unnamed
        } else if let found = client.pointee.statements.find(name, hash: nameHash.hash(name)) {
            place = found
        } else {
            return false
        }
        var isInEarlierBatch = false
        for index in (0..<server.pointee.ledger.count).reversed() {
            let entry = server.pointee.ledger[index]
            if entry.completesCycle { isInEarlierBatch = true }
            if entry.changesName, entry.place.index == place.index { return isInEarlierBatch }
        }
        return false
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
        server.pointee.ledger.append(LedgerEntry(.functionCall, .forward))
        // It names a number: which function that is, is not known.
        server.pointee.needs(.session)
        client.pointee.outstanding &+= 1
        client.pointee.flow = .between
        return sendWhole(client, server, header, input, offset)
    }

    // MARK: Extended query

    /// The next message of a batch that has a server.
    func continueBatch(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        guard let server = servers[client.pointee.server] else { preconditionFailure("the held server is not there") }
        guard hasRoom(client, server, forSync: header.tag == FrontendTag.sync) else { return .stop }
        if server.pointee.isSkipping, header.tag != FrontendTag.sync, header.tag != FrontendTag.terminate {
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
            if client.pointee.bindsChange {
                guard isWhole else { return waitFor(client, header, body) }
                return forwardExecuteOfChange(client, server, header, input, offset, body)
            }
            server.pointee.ledger.append(executeEntry(client, server, body))
            client.pointee.pool.unsafelyUnwrapped.pointee.counters.queries &+= 1
            return sendWhole(client, server, header, input, offset)
        case FrontendTag.sync:
            guard isWhole else { return .stop }
            guard header.size == MessageHeader.byteCount else { return invalidFormat(client, header) }
            // A server that copies ignores it (PostgreSQL documentation, 55.2.6).
            if server.pointee.isCopyingIn { return .consumed(header.size) }
            client.pointee.flow = .between
            sendSync(client, server)
            return .consumed(header.size)
        case FrontendTag.parse:
            guard isWhole else { return waitFor(client, header, body) }
            return forwardParse(client, server, header, body)
        case FrontendTag.describe:
            guard isWhole else { return waitFor(client, header, body) }
            return forwardDescribe(client, server, header, body)
        case FrontendTag.close:
            guard isWhole else { return waitFor(client, header, body) }
            return forwardClose(client, server, header, body)
        case FrontendTag.flush where mayEndAtFlush(client, server):
            guard isWhole else { return .stop }
            guard header.size == MessageHeader.byteCount else { return invalidFormat(client, header) }
            endAtFlush(client, server)
            return .consumed(header.size)
        case FrontendTag.copyDone, FrontendTag.copyFail:
            endCopy(server)
            return sendWhole(client, server, header, input, offset)
        case FrontendTag.flush, FrontendTag.copyData:
            return sendWhole(client, server, header, input, offset)
        case FrontendTag.query:
            guard isWhole || header.size > options.statementTextLimit else { return .stop }
            client.pointee.flow = .between
            let text = isWhole ? queryText(header, input, offset) : nil
            let unknown = StatementClass(access: .unknown, reason: .tooLong)
            let statementClass =
                text.map { asExecuted(classify(input.extracting($0), client), input.extracting($0), client) } ?? unknown
            return forwardQuery(client, server, header, input, offset, statementClass)
        case FrontendTag.functionCall:
            return forwardFunctionCall(client, server, header, input, offset)
        case FrontendTag.terminate:
            close(client, flush: false, reason: "client closed the connection")
            return .consumed(available)
        default:
            refuse(
                client,
                PostgresError(.fatal, .protocolViolation, "invalid frontend message type \(header.tag)")
            )
            return .consumed(available)
        }
    }

    /// A message that must be seen whole has arrived in part.
    func waitFor(_ client: ClientPointer, _ header: MessageHeader, _ body: RawSpan) -> Progress {
        if header.size <= options.clientBufferLimit { return .stop }
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

    /// Whether nothing has been done but to prepare, and nothing keeps the client on its server: what it executes then is routed by itself.
    private func mayEndAtFlush(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        client.pointee.flow == .preparing && client.pointee.pin == nil
            && (client.pointee.transaction == .none || client.pointee.transaction == .leading)
            && client.pointee.outstanding == 0
    }

    /// A Sync does what Flush does, and lets go of the server. Its ReadyForQuery is not the client's.
    private func endAtFlush(_ client: ClientPointer, _ server: ServerPointer) {
        server.pointee.output.appendEmptyMessage(FrontendTag.sync, from: buffers)
        var entry = LedgerEntry(.sync, .swallow)
        entry.purpose = .flush
        server.pointee.ledger.append(entry)
        client.pointee.flow = .flushing
        touch(server)
    }

    @inline(__always)
    func sendSync(_ client: ClientPointer, _ server: ServerPointer) {
        server.pointee.isSkipping = false
        server.pointee.output.appendEmptyMessage(FrontendTag.sync, from: buffers)
        server.pointee.ledger.append(LedgerEntry(.sync, .forward))
        client.pointee.outstanding &+= 1
        touch(server)
        if server.pointee.extras.decoy != nil { closeDecoy(server) }
    }

    /// Rids the server of what provoked "already exists", behind the Sync with which the server ends its skipping: nobody may meet it.
    private func closeDecoy(_ server: ServerPointer) {
        guard let decoy = server.pointee.extras.decoy else { return }
        server.pointee.extras.decoy = nil
        closeOnServer(server, decoy)
        server.pointee.output.appendEmptyMessage(FrontendTag.sync, from: buffers)
        server.pointee.ledger.append(LedgerEntry(.sync, .swallow))
    }

    @inline(__always)
    func executeEntry(_ client: ClientPointer, _ server: ServerPointer, _ body: RawSpan) -> LedgerEntry {
        var entry = LedgerEntry(.execute, .forward)
        let id = client.pointee.lastBound
        if client.pointee.bindsChange, !isLastBound(client, body) {
            // One of several portals, of which at least one changes the session: which, is not kept.
            entry.effect = .unknown
            server.pointee.needs(.discardAll)
        } else if !id.isNone {
            let statementClass = statements[id].pointee.statementClass
            if statementClass.effects.contains(.execute) {
                noteExecuted(id, client, server, &entry)
            } else if mustNote(statementClass, client) {
                entry.effect = noteEffects(of: statementClass, text: statements[id].pointee.text.bytes, client, server)
            }
        }
        return entry
    }

    // MARK: Parse

    private func forwardParse(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        let pool = client.pointee.pool.unsafelyUnwrapped
        pool.pointee.counters.clientParses &+= 1
        guard let message = ParseMessage(body), pool.pointee.options.preparedStatements else {
            // The server finds what is wrong with it; or statements are not carried, and the client keeps its server.
            if !pool.pointee.options.preparedStatements { pin(client, .unnamedStatementTooLong) }
            server.pointee.ledger.append(LedgerEntry(.parse, .forward))
            server.pointee.unnamed = pool.pointee.options.preparedStatements ? .unknown : .none
            append(server, FrontendTag.parse, body)
            return .consumed(header.size)
        }
        if !message.name.isEmpty, isUnsettled(body.extracting(message.name), client, server) { return .stop }
        guard let id = intern(client, body, message) else {
            return provoke(client, server, .memoryLimit(statements.limit), header)
        }
        let isNamed = !message.name.isEmpty
        let name = body.extracting(message.name)
        if isNamed, client.pointee.pin != nil, keepsOwnNames(client), statement(named: name, of: client) == nil {
            // The server knows whether PREPARE has given the name already.
            server.pointee.ledger.append(LedgerEntry(.parse, .forward))
            append(server, FrontendTag.parse, body)
            return .consumed(header.size)
        }
        if isNamed, statement(named: name, of: client) != nil {
            provokeDuplicate(client, server, body, message)
            return .consumed(header.size)
        }
        var entry = LedgerEntry(.parse, .forward)
        entry.statement = id
        statements.retain(id)
        setName(client, name, to: id, &entry)
        let isExecute = statements[id].pointee.statementClass.effects.contains(.execute)
        let target = isExecute ? executeTarget(id, client, server) ?? id : id
        sendParse(target, isNamed: isNamed, client, server, entry)
        return .consumed(header.size)
    }

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
        let isShared = isNamed || record.pointee.isShared
        let presence = isShared ? presence(of: serial, client, server) : .missing
        let isThere = isShared ? presence == .there : hasUnnamed(serial, client, server)
        entry.preparesAgain = presence == .uncertain
        // A failed transaction, or one that a batch in flight may fail, refuses most Parses: the server must be asked.
        let mayFail = server.pointee.status == .inTransaction && client.pointee.outstanding > 0
        if isThere, server.pointee.status != .failed, !mayFail {
            entry.disposition = .answer
            server.pointee.ledger.append(entry)
            if client.pointee.replayState != .armed { emitAnswers(server) }
            return
        }
        if isShared, !isThere {
            entry.changesServer = true
            server.pointee.unconfirmed &+= 1
            server.pointee.statements.insert(serial)
            appendSharedParse(server, record)
        } else {
            server.pointee.unnamed = serial
            let body = record.pointee.body
            server.pointee.output.appendHeader(FrontendTag.parse, bodySize: 1 + body.count, from: buffers)
            server.pointee.output.appendByte(0, from: buffers)
            server.pointee.output.append(body, from: buffers)
            touch(server)
        }
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.serverParses &+= 1
        server.pointee.ledger.append(entry)
    }

    /// The statement of a Parse, interned; nil where the limit does not let it in.
    func intern(_ client: ClientPointer, _ body: RawSpan, _ message: ParseMessage) -> StatementID? {
        let identity = body.extracting(message.identity)
        let pool = client.pointee.pool.unsafelyUnwrapped
        if let id = statements.find(identity) {
            let record = statements[id]
            record.pointee.uses &+= 1
            if pool.pointee.options.prepareUnnamed { record.pointee.isShared = true }
            _ = statementClass(of: id, client)
            return id
        }
        return statements.intern(
            identity,
            textSize: message.text.count,
            statementClass: classify(body.extracting(message.text), client),
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
        let hash = nameHash.hash(name)
        let place = client.pointee.statements.find(name, hash: hash) ?? client.pointee.statements.add(name, hash: hash)
        entry.place = place
        entry.previous = client.pointee.statements.set(place, to: id)
    }

    @inline(__always)
    private func appendSharedParse(_ server: ServerPointer, _ record: UnsafeMutablePointer<PreparedStatement>) {
        let body = record.pointee.body
        server.pointee.output.appendHeader(
            FrontendTag.parse,
            bodySize: StatementSerial.nameSize &+ body.count,
            from: buffers
        )
        record.pointee.serial.writeName(to: server.pointee.output.reserve(StatementSerial.nameSize, from: buffers))
        server.pointee.output.append(body, from: buffers)
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
        if isShared {
            entry.changesServer = true
            server.pointee.unconfirmed &+= 1
            server.pointee.statements.insert(record.pointee.serial)
            appendSharedParse(server, record)
        } else {
            server.pointee.unnamed = record.pointee.serial
            server.pointee.output.appendHeader(
                FrontendTag.parse,
                bodySize: 1 + record.pointee.body.count,
                from: buffers
            )
            server.pointee.output.appendByte(0, from: buffers)
            server.pointee.output.append(record.pointee.body, from: buffers)
            touch(server)
        }
        server.pointee.pool.pointee.counters.serverParses &+= 1
        server.pointee.ledger.append(entry)
    }

    /// A named statement exists already: a server would refuse the Parse, after it has looked at the text. It is made to, by giving it an empty statement of that
    /// name first; that one is closed before the next batch.
    private func provokeDuplicate(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ body: RawSpan,
        _ message: ParseMessage
    ) {
        let name = body.array(message.name)
        // Where a statement of that name is there already, its refusal is the client's.
        injectDecoy(name, server, purpose: .prepare)
        // The first of several is the only one that the server carries out: its error has the others skipped.
        if server.pointee.extras.decoy == nil { server.pointee.extras.decoy = name }
        server.pointee.ledger.append(LedgerEntry(.parse, .forward))
        append(server, FrontendTag.parse, body)
    }

    // MARK: Bind, Describe, Close

    private func forwardBind(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan,
        _ isWhole: Bool
    ) -> Progress {
        guard let message = BindMessage(body) else {
            if !isWhole { return waitFor(client, header, body) }
            server.pointee.ledger.append(LedgerEntry(.bind, .forward))
            append(server, FrontendTag.bind, body)
            return .consumed(header.size)
        }
        var entry = LedgerEntry(.bind, .forward)
        let name = body.extracting(message.statement)
        if isUnsettled(name, client, server) { return .stop }
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.binds &+= 1
        let id = statement(named: name, of: client) ?? .none
        setLastBound(client, id, portal: body.extracting(message.portal))
        let bodySize = header.size &- MessageHeader.byteCount
        if id.isNone {
            if isProxyName(name) { return provoke(client, server, .unknownStatement(name), header, rest: !isWhole) }
            forgetUnnamed(name, client, server)
            server.pointee.output.appendHeader(FrontendTag.bind, bodySize: bodySize, from: buffers)
            server.pointee.output.append(body, from: buffers)
        } else {
            let isExecute = statements[id].pointee.statementClass.effects.contains(.execute)
            let target = isExecute ? executeTarget(id, client, server) ?? id : id
            let isShared = bring(target, isNamed: name.byteCount > 0, client, server)
            let record = statements[target]
            entry.serial = record.pointee.serial
            entry.statement = target
            let nameSize = isShared ? StatementSerial.nameSize : 1
            let newSize = bodySize &- name.byteCount &- 1 &+ nameSize
            server.pointee.output.appendHeader(FrontendTag.bind, bodySize: newSize, from: buffers)
            server.pointee.output.append(body.extracting(0..<message.portal.upperBound &+ 1), from: buffers)
            appendStatementName(server, record.pointee.serial, isShared)
            server.pointee.output.append(
                body.extracting(message.statement.upperBound &+ 1..<body.byteCount),
                from: buffers
            )
        }
        touch(server)
        server.pointee.ledger.append(entry)
        if !isWhole { client.pointee.passThrough = .toServer(remaining: bodySize &- body.byteCount) }
        return .consumed(MessageHeader.byteCount &+ body.byteCount)
    }

    /// Remembers what an Execute runs, with a reference: the client's name for it may go before.
    @inline(__always)
    func setLastBound(_ client: ClientPointer, _ id: StatementID, portal: RawSpan) {
        client.pointee.lastPortal = portal.byteCount == 0 ? 0 : nameHash.hash(portal) | 1
        if client.pointee.lastBound == id { return }
        if !id.isNone {
            statements.retain(id)
            if executedClass(of: id, client).mayChangeSession { client.pointee.bindsChange = true }
        }
        statements.release(client.pointee.lastBound)
        client.pointee.lastBound = id
    }

    /// No portal is there any more.
    func forgetLastBound(_ client: ClientPointer) {
        statements.release(client.pointee.lastBound)
        client.pointee.lastBound = .none
    }

    /// Whether an Execute names the portal of the last Bind.
    func isLastBound(_ client: ClientPointer, _ body: RawSpan) -> Bool {
        guard let end = body.firstZero(from: 0) else { return false }
        return client.pointee.lastPortal == (end == 0 ? 0 : nameHash.hash(body.extracting(0..<end)) | 1)
    }

    /// Whether a server has a shared statement.
    enum Presence {
        case there
        case missing
        /// An earlier batch in flight is to prepare it, which may fail: the statement has been closed, to be prepared again.
        case uncertain
    }

    @inline(__always)
    func presence(of serial: StatementSerial, _ client: ClientPointer, _ server: ServerPointer) -> Presence {
        guard server.pointee.statements.use(serial) else { return .missing }
        if server.pointee.unconfirmed == 0 || client.pointee.outstanding == 0 { return .there }
        return isUncertain(serial, server) ? .uncertain : .there
    }

    /// The same for the server's unnamed statement, which a Parse replaces.
    @inline(__always)
    private func hasUnnamed(_ serial: StatementSerial, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        guard server.pointee.unnamed == serial else { return false }
        return client.pointee.outstanding == 0 || !isUnnamedUncertain(server)
    }

    /// Whether the Parse of the unnamed statement is part of an earlier batch in flight.
    private func isUnnamedUncertain(_ server: ServerPointer) -> Bool {
        var isInEarlierBatch = false
        for index in (0..<server.pointee.ledger.count).reversed() {
            let entry = server.pointee.ledger[index]
            if entry.completesCycle { isInEarlierBatch = true }
            if entry.kind == .parse, !entry.changesServer, entry.disposition != .answer { return isInEarlierBatch }
        }
        return false
    }

    private func isUncertain(_ serial: StatementSerial, _ server: ServerPointer) -> Bool {
        var isInEarlierBatch = false
        for index in (0..<server.pointee.ledger.count).reversed() {
            let entry = server.pointee.ledger[index]
            if entry.completesCycle { isInEarlierBatch = true }
            guard entry.changesServer, entry.serial == serial else { continue }
            if !isInEarlierBatch { return false }
            closeOnServer(server, name(of: serial))
            return true
        }
        return false
    }

    /// Sees to it that the server has the statement; returns whether under its shared name, else as the unnamed one.
    @inline(__always)
    func bring(_ id: StatementID, isNamed: Bool, _ client: ClientPointer, _ server: ServerPointer) -> Bool {
        let record = statements[id]
        if !isNamed, hasUnnamed(record.pointee.serial, client, server) { return false }
        let isShared = isNamed || record.pointee.isShared
        if isShared {
            let presence = presence(of: record.pointee.serial, client, server)
            if presence != .there { injectParse(id, isShared: true, isAgain: presence == .uncertain, server) }
        } else {
            injectParse(id, isShared: false, isAgain: false, server)
        }
        return isShared
    }

    @inline(__always)
    private func appendStatementName(_ server: ServerPointer, _ serial: StatementSerial, _ isShared: Bool) {
        if isShared {
            serial.writeName(to: server.pointee.output.reserve(StatementSerial.nameSize, from: buffers))
        } else {
            server.pointee.output.appendByte(0, from: buffers)
        }
    }

    /// Whether a name that is not the client's own is one under which servers know the statements that clients share.
    private func isProxyName(_ name: RawSpan) -> Bool {
        name.byteCount == StatementSerial.nameSize &- 1 && StatementSerial.isName(name.text(0..<name.byteCount))
    }

    /// A client without an unnamed statement must not meet another's: the server is to say that there is none.
    private func forgetUnnamed(_ name: RawSpan, _ client: ClientPointer, _ server: ServerPointer) {
        guard name.byteCount == 0, server.pointee.unnamed != .none else { return }
        server.pointee.unnamed = .none
        closeOnServer(server, [])
    }

    private func forwardDescribe(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        var entry = LedgerEntry(.describe, .forward)
        if let message = TargetMessage(body), message.kind == .statement {
            let name = body.extracting(message.name)
            if isUnsettled(name, client, server) { return .stop }
            if let id = statement(named: name, of: client) {
                let isExecute = statements[id].pointee.statementClass.effects.contains(.execute)
                let target = isExecute ? executeTarget(id, client, server) ?? id : id
                let isShared = bring(target, isNamed: name.byteCount > 0, client, server)
                entry.serial = statements[target].pointee.serial
                entry.statement = target
                let nameSize = isShared ? StatementSerial.nameSize : 1
                server.pointee.output.appendHeader(FrontendTag.describe, bodySize: 1 + nameSize, from: buffers)
                server.pointee.output.appendByte(message.kind.rawValue, from: buffers)
                appendStatementName(server, entry.serial, isShared)
                touch(server)
                server.pointee.ledger.append(entry)
                return .consumed(header.size)
            }
            if isProxyName(name) { return provoke(client, server, .unknownStatement(name), header) }
            forgetUnnamed(name, client, server)
        }
        server.pointee.ledger.append(entry)
        append(server, FrontendTag.describe, body)
        return .consumed(header.size)
    }

    private func forwardClose(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ body: RawSpan
    ) -> Progress {
        var entry = LedgerEntry(.close, .forward)
        if let message = TargetMessage(body), message.kind == .statement {
            let name = body.extracting(message.name)
            if isUnsettled(name, client, server) { return .stop }
            if statement(named: name, of: client) != nil || isProxyName(name) {
                // The server keeps the statement: others have names for it, and this client may come back.
                setName(client, name, to: .none, &entry)
                entry.disposition = .answer
                server.pointee.ledger.append(entry)
                if client.pointee.replayState != .armed { emitAnswers(server) }
                return .consumed(header.size)
            }
        }
        server.pointee.unnamed = .unknown
        server.pointee.ledger.append(entry)
        append(server, FrontendTag.close, body)
        return .consumed(header.size)
    }

    func append(_ server: ServerPointer, _ tag: UInt8, _ body: RawSpan) {
        server.pointee.output.appendHeader(tag, bodySize: body.byteCount, from: buffers)
        server.pointee.output.append(body, from: buffers)
        touch(server)
    }

    // MARK: Refusals of the proxy's own

    /// Refuses a message in the middle of a batch: the server is made to fail, so that its transaction fails as it would have, and the client is told this
    /// error instead of the server's.
    private func provoke(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ error: PostgresError,
        _ header: MessageHeader,
        rest isLong: Bool = false
    ) -> Progress {
        var builder = MessageBuilder()
        builder.parse(name: "", text: "howdah refuses this message")
        server.pointee.output.append(builder.bytes, from: buffers)
        server.pointee.unnamed = .unknown
        server.pointee.ledger.append(LedgerEntry(.parse, .replace))
        server.pointee.extras.replacements.append(error)
        touch(server)
        if !isLong { return .consumed(header.size) }
        client.pointee.passThrough = .dropped(remaining: header.size)
        return .consumed(0)
    }
}

extension PostgresError {
    fileprivate static func unknownStatement(_ name: RawSpan) -> PostgresError {
        PostgresError(
            .error,
            .invalidStatementName,
            "prepared statement \"\(name.text(0..<name.byteCount))\" does not exist"
        )
    }

    fileprivate static func memoryLimit(_ limit: Int) -> PostgresError {
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
