import Bytes
import PostgresWire

/// The admin console: a client whose database is `howdah` or `pgbouncer` gets no server; the engine answers it, in the
/// simple and in the extended protocol (PostgreSQL documentation, 55.2.2 and 55.2.3).
extension Engine {
    /// Lets a client into the console that has proved who it is.
    func enterConsole(_ client: ClientPointer, user: String, version: ProtocolVersion) throws(PostgresError) {
        guard options.adminUsers.contains(user) else {
            throw PostgresError(
                .fatal,
                .insufficientPrivilege,
                "user \"\(user)\" may not use the admin console",
                hint: "List the user in admin_users. The databases howdah and pgbouncer are the console's."
            )
        }
        let extras = ClientExtras()
        extras.console = ConsoleSession()
        extras.user = user
        extras.database = "howdah (admin console)"
        client.pointee.extras = extras
        client.pointee.phase = .console
        client.pointee.processID = processes.clients.give(to: client.pointee.handle)
        client.pointee.since = now
        let secret = environment.randomBytes(version >= .v3_2 ? 8 : 4)
        send(client) { builder in
            for (name, value) in consoleParameters(user) { builder.parameterStatus(name, value) }
            builder.backendKeyData(processID: client.pointee.processID, key: secret)
            builder.readyForQuery(.idle)
        }
        actions.append(.log(.clientLoggedIn(nameForLog(client))))
        continueConsole(client)
    }

    /// What drivers want to know before they say anything.
    private func consoleParameters(_ user: String) -> [(String, String)] {
        [
            ("server_version", environment.version), ("server_encoding", "UTF8"), ("client_encoding", "UTF8"),
            ("application_name", ""), ("is_superuser", "off"), ("session_authorization", user),
            ("DateStyle", "ISO, MDY"), ("IntervalStyle", "postgres"), ("TimeZone", "UTC"), ("integer_datetimes", "on"),
            ("standard_conforming_strings", "on"),
        ]
    }

    /// Answers the messages that have arrived whole.
    func continueConsole(_ client: ClientPointer) {
        let handle = client.pointee.handle
        while let client = clients[handle], client.pointee.phase == .console {
            if case .lists(let listing)? = client.pointee.extras?.console?.work {
                if mustReadFirst(client, beyond: Self.answersAtOnce) { break }
                tellRows(listing, to: client)
                continue
            }
            guard client.pointee.extras?.console?.work.isOver == true,
                client.pointee.held.count >= MessageHeader.byteCount,
                !mustReadFirst(client, beyond: Self.answersAtOnce)
            else { break }
            let bytes = client.pointee.held.bytes
            let header: MessageHeader
            switch Frame(ofClient: bytes.bytes, at: 0, limit: options.clientBufferLimit) {
            case .partial: return
            case .message(let framed): header = framed
            case .violation(.tooLong(let size)):
                return refuse(
                    client,
                    PostgresError(
                        .fatal,
                        .protocolViolation,
                        "a message of \(size) bytes is too long for the admin console"
                    )
                )
            case .violation(let violation): return refuse(client, violation.error(limit: options.clientBufferLimit))
            }
            guard bytes.count >= header.size else { return }
            let body = bytes.bytes.array(MessageHeader.byteCount..<header.size)
            client.pointee.held.consume(header.size, to: buffers)
            client.pointee.since = now
            answerConsole(client, header.tag, body)
        }
        if let client = clients[handle], client.pointee.phase == .console {
            limitHeld(client)
            if client.pointee.input != .open { leaveIfDone(client) }
        }
    }

    private func answerConsole(_ client: ClientPointer, _ tag: UInt8, _ body: [UInt8]) {
        guard let extras = client.pointee.extras, var session = extras.console else { return }
        var builder = MessageBuilder()
        switch tag {
        case FrontendTag.terminate: return close(client, flush: false, reason: "client closed the connection")
        case FrontendTag.sync:
            session.isSkipping = false
            session.portals = [:]
            builder.readyForQuery(.idle)
        case FrontendTag.query where !session.isSkipping:
            session.statements[""] = nil
            query(body, &session, &builder)
        case FrontendTag.flush: break
        case FrontendTag.parse, FrontendTag.bind, FrontendTag.describe, FrontendTag.execute, FrontendTag.close:
            if !session.isSkipping, let error = answerExtended(tag, body.span.bytes, &session, &builder) {
                builder.error(error)
                session.isSkipping = true
            }
        default:
            if !session.isSkipping {
                builder.error(PostgresError(.error, .featureNotSupported, "the admin console has no such message"))
                if tag == FrontendTag.functionCall { builder.readyForQuery(.idle) }
            }
        }
        extras.console = session
        if session.work.wait != nil { orders.waits.append(client.pointee.handle) }
        client.pointee.output.append(builder.bytes, from: buffers)
        touch(client)
    }

    private func query(_ body: [UInt8], _ session: inout ConsoleSession, _ builder: inout MessageBuilder) {
        let text = String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
        if let statement = ConsoleStatement(text) {
            if let columns = statement.columns { builder.textRowDescription(columns) }
            if let error = answer(statement, &session, &builder, isQuery: true) { builder.error(error) }
        } else {
            builder.error(.unknownCommand(text))
        }
        if session.work.isOver { builder.readyForQuery(.idle) }
    }

    /// - Returns: the error where one is the answer.
    private func answerExtended(
        _ tag: UInt8,
        _ body: RawSpan,
        _ session: inout ConsoleSession,
        _ builder: inout MessageBuilder
    ) -> PostgresError? {
        switch tag {
        case FrontendTag.parse:
            guard let message = ParseMessage(body) else { return .malformed }
            let text = body.text(message.text)
            guard let statement = ConsoleStatement(text) else { return .unknownCommand(text) }
            guard session.statements.count < ConsoleSession.limit, message.name.count <= ConsoleSession.longestName
            else { return .tooMany }
            session.statements[body.text(message.name)] = statement
            builder.message(BackendTag.parseComplete)
        case FrontendTag.bind:
            guard let message = BindMessage(body) else { return .malformed }
            let name = body.text(message.statement)
            guard let statement = session.statements[name] else { return .noStatement(name) }
            guard session.portals.count < ConsoleSession.limit, message.portal.count <= ConsoleSession.longestName
            else { return .tooMany }
            session.portals[body.text(message.portal)] = statement
            builder.message(BackendTag.bindComplete)
        case FrontendTag.describe:
            guard let target = TargetMessage(body) else { return .malformed }
            let name = body.text(target.name)
            let isStatement = target.kind == .statement
            guard let statement = isStatement ? session.statements[name] : session.portals[name] else {
                return isStatement ? .noStatement(name) : .noPortal(name)
            }
            if isStatement { builder.message(BackendTag.parameterDescription) { $0.int16(0) } }
            if let columns = statement.columns {
                builder.textRowDescription(columns)
            } else {
                builder.message(BackendTag.noData)
            }
        case FrontendTag.execute:
            guard let end = body.firstZero(from: 0) else { return .malformed }
            let name = body.text(0..<end)
            guard let statement = session.portals[name] else { return .noPortal(name) }
            return answer(statement, &session, &builder, isQuery: false)
        default:
            guard let target = TargetMessage(body) else { return .malformed }
            let name = body.text(target.name)
            if target.kind == .statement { session.statements[name] = nil } else { session.portals[name] = nil }
            builder.message(BackendTag.closeComplete)
        }
        return nil
    }

    // MARK: What it tells

    /// - Returns: the error where one is the answer.
    private func answer(
        _ statement: ConsoleStatement,
        _ session: inout ConsoleSession,
        _ builder: inout MessageBuilder,
        isQuery: Bool
    ) -> PostgresError? {
        guard case .command(let command) = statement else {
            builder.message(BackendTag.emptyQueryResponse)
            return nil
        }
        if command.verb.columns != nil {
            session.work = .lists(ConsoleListing(command.verb, isQuery: isQuery))
            return nil
        }
        switch perform(command) {
        case .done: builder.commandComplete(command.verb.words)
        case .failed(let error): return error
        case .waits(let subject): session.work = .waits(ConsoleWait(subject: subject, isQuery: isQuery))
        }
        return nil
    }

    private func perform(_ command: ConsoleCommand) -> ConsoleOutcome {
        switch command.verb {
        case .pause: pause(command.argument)
        case .resume: resume(command.argument)
        case .drain: drainNode(command.argument ?? "")
        case .undrain: undrainNode(command.argument ?? "")
        case .switchover: beginSwitchover(to: command.argument)
        case .reload: beginReload()
        case .showConfig, .showHelp, .showNodes, .showPins, .showVersion: .done
        }
    }

    // MARK: Commands that take their time

    func checkConsoleWaits() {
        finishConsoleWaits { wait in
            guard case .pause(let database) = wait.subject, !runs(in: database) else { return nil }
            return ConsoleEnding()
        }
    }

    /// Answers the commands that are over.
    /// - Parameter ending: nil for one that is not.
    func finishConsoleWaits(_ ending: (ConsoleWait) -> ConsoleEnding?) {
        var waits: [Handle] = []
        swap(&waits, &orders.waits)
        var finished: [Handle] = []
        for handle in waits {
            guard let client = clients[handle], let wait = client.pointee.extras?.console?.work.wait else { continue }
            guard let end = ending(wait) else {
                orders.waits.append(handle)
                continue
            }
            client.pointee.extras?.console?.work = .none
            if end.error != nil, !wait.isQuery { client.pointee.extras?.console?.isSkipping = true }
            send(client) { builder in
                for notice in end.notices { builder.error(notice) }
                if let error = end.error { builder.error(error) } else { builder.commandComplete(wait.verb.words) }
                if wait.isQuery { builder.readyForQuery(.idle) }
            }
            finished.append(handle)
        }
        for handle in finished { if let client = clients[handle] { continueConsole(client) } }
    }

    // MARK: Lists

    /// Tells rows until as many bytes wait for the client as it is told at once, or there are none left.
    private func tellRows(_ told: ConsoleListing, to client: ClientPointer) {
        var listing = told
        var builder = MessageBuilder()
        var isOver = false
        while !isOver, builder.bytes.count < Self.answersAtOnce {
            if let row = nextRow(&listing) { builder.textRow(row) } else { isOver = true }
        }
        if isOver {
            builder.commandComplete("SHOW")
            if listing.isQuery { builder.readyForQuery(.idle) }
        }
        client.pointee.extras?.console?.work = isOver ? .none : .lists(listing)
        client.pointee.output.append(builder.bytes, from: buffers)
        touch(client)
    }

    private func nextRow(_ listing: inout ConsoleListing) -> [String?]? {
        switch listing.verb {
        case .showConfig:
            guard listing.place < orders.settings.count else { return nil }
            defer { listing.advance() }
            return orders.settings[listing.place].row
        case .showHelp:
            guard let verb = ConsoleVerb.allCases.dropFirst(listing.place).first else { return nil }
            listing.advance()
            return [verb.usage, verb.summary]
        case .showNodes:
            guard let node = roster.topology.members.dropFirst(listing.place).first else { return nil }
            listing.advance()
            return describe(node)
        case .showPins: return nextPin(&listing)
        case .showVersion:
            guard listing.place == 0 else { return nil }
            listing.advance()
            return ["Howdah \(environment.version)"]
        case .pause, .resume, .drain, .undrain, .switchover, .reload: return nil
        }
    }

    private func describe(_ node: Node) -> [String?] {
        let freshness = roster.freshness[node.index]
        var servers = 0
        forEachPool { servers += $0.pointee.nodes[node.index].total }
        let isDrained = roster.drained.contains(node.index)
        let reason = isDrained ? "DRAIN" : node.state.reason ?? freshness.verdict.reason
        let isLagging = node.state.reason == nil && !freshness.verdict.takesReads
        let state = isDrained ? "drained" : isLagging ? "lagging" : node.state.word
        return [
            node.name, node.address.text, "\(node.saidRole)", state, reason,
            node.since > 0 ? Timestamp.text(node.since + environment.clockOffset) : nil,
            node.timeline > 0 ? "\(node.timeline)" : nil, freshness.position.map { "\($0)" }, describeLag(node.index),
            "\(node.weight)", "\(roster.balance.nodes[node.index].inFlight)", "\(servers)",
            node.version > 0 ? "\(node.version)" : nil, node.note,
        ]
    }

    /// A row for each reason of each pinned client.
    private func nextPin(_ listing: inout ConsoleListing) -> [String?]? {
        while listing.place < clients.capacity {
            guard let handle = clients.handle(at: listing.place), let client = clients[handle],
                let record = client.pointee.pinRecord, let pool = client.pointee.pool,
                listing.part < record.entries.count
            else {
                listing.advance()
                continue
            }
            let entry = record.entries[listing.part]
            listing.advance(of: record.entries.count)
            let node = (servers[record.reading.parked] ?? servers[client.pointee.server]).map {
                roster.topology.nodes[$0.pointee.node].name
            }
            return [
                "\(client.pointee.processID)", pool.pointee.user, pool.pointee.database, node,
                "\(entry.reason)", Timestamp.text(entry.since + environment.clockOffset), entry.statement,
                "\(address(of: client))",
            ]
        }
        return nil
    }
}

extension PostgresError {
    fileprivate static func unknownCommand(_ text: String) -> PostgresError {
        PostgresError(
            .error,
            .syntaxError,
            "unknown command of the admin console: \(text.prefix(200))",
            hint: "There are: \(ConsoleCommand.list)."
        )
    }

    fileprivate static func noStatement(_ name: String) -> PostgresError {
        PostgresError(.error, .invalidStatementName, "prepared statement \"\(name)\" does not exist")
    }

    fileprivate static func noPortal(_ name: String) -> PostgresError {
        PostgresError(.error, .invalidCursorName, "portal \"\(name)\" does not exist")
    }

    fileprivate static let malformed = PostgresError(.error, .protocolViolation, "invalid message format")

    fileprivate static let tooMany = PostgresError(
        .error,
        .programLimitExceeded,
        "the admin console keeps \(ConsoleSession.limit) prepared statements and portals of a client, with names of \(ConsoleSession.longestName) bytes",
        hint: "Close some of them."
    )
}
