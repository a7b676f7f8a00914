import Bytes
import PostgresWire
import StatementRouting

extension BatchPlan {
    /// Whether the batch does no more than name statements that servers know, and drop names. It waits for no server: a client may prepare while others hold
    /// all of them, and drivers that prepare wait for that before they go on with those others.
    private var onlyNames: Bool { !needsServer && extent == .whole }

    /// Whether the batch is one that the proxy itself answers.
    func isLocal(for client: ClientPointer) -> Bool {
        if onlyNames, client.pointee.server.isNone,
            client.pointee.pool.unsafelyUnwrapped.pointee.options.preparedStatements
        {
            return true
        }
        guard statements == 1, extent == .whole || extent == .flushed, statementClass.statementCount == 1 else {
            return false
        }
        if statementClass.howdahCommand != .none { return true }
        guard client.pointee.pin == nil else {
            return statementClass.effects.contains(.deallocate)
                && !client.pointee.transaction.isFailed && client.pointee.transaction != .lost
        }
        switch statementClass.transaction {
        case .begin, .beginReadOnly, .beginReadWrite, .beginSerializable:
            return client.pointee.transaction == .none
        case .commit, .commitChain, .rollback, .rollbackChain, .setTransaction, .setTransactionReadOnly,
            .setTransactionReadWrite, .setTransactionSerializable:
            return client.pointee.transaction.isDeferred
        default: break
        }
        let effects = statementClass.effects
        switch client.pointee.transaction {
        case .none, .begun, .begunReadOnly, .begunOnPrimary, .begunToLead:
            if effects.contains(.deallocate) { return true }
            return effects.contains(.discard) && client.pointee.transaction == .none
                && client.pointee.profile == client.pointee.startProfile
        case .open, .beginningToLead, .leading: return effects.contains(.deallocate)
        case .failed, .lost, .leadingFailed: return false
        }
    }
}

/// Statements that the proxy answers itself: BEGIN before anything needs it, and what is about the proxy.
extension Engine {
    /// Answers the batch, if it is the proxy's to answer.
    func localAnswer(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Progress? {
        guard plan.isLocal(for: client), plan.isQuery || isPlain(client, plan, input, offset) else { return nil }
        let text: RawSpan
        if plan.isQuery {
            guard let range = queryText(MessageHeader(input, at: offset), input, offset) else { return nil }
            text = input.extracting(range)
        } else {
            text = input.extracting(offset..<offset)
        }
        if plan.statementClass.howdahCommand == .showPosition, !hasPosition(client) { return .stop }
        if plan.statementClass.effects.contains(.deallocate), !deallocatesKnown(client, plan, input, offset, text) {
            return nil
        }
        client.pointee.since = now
        if plan.isQuery {
            forgetUnnamed(client)
            let reply = perform(plan.statementClass, text, client)
            if reply.error != nil { failDeferred(client) }
            send(client) { builder in
                if let columns = reply.columns { builder.textRowDescription(columns) }
                builder.append(reply)
                appendReady(&builder, client)
            }
        } else {
            answerExtended(client, plan, input, offset)
        }
        client.pointee.consistency?.request = .none
        return .consumed(plan.size)
    }

    /// DEALLOCATE of a name that the protocol has given is the proxy's; of any other name the server knows.
    private func deallocatesKnown(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        _ input: RawSpan,
        _ offset: Int,
        _ text: RawSpan
    ) -> Bool {
        let first = MessageHeader(input, at: offset)
        let body = input.extracting(offset &+ MessageHeader.byteCount..<offset &+ first.size)
        let command: SessionCommand?
        if plan.isQuery {
            command = parse(text, client)?.first?.command
        } else if first.tag == FrontendTag.parse, let message = ParseMessage(body) {
            command = parse(body.extracting(message.text), client)?.first?.command
        } else if first.tag == FrontendTag.bind, let message = BindMessage(body),
            let id = statement(named: body.extracting(message.statement), of: client)
        {
            command = parse(statements[id].pointee.text.bytes, client)?.first?.command
        } else {
            return false
        }
        guard case .deallocate(let name) = command else { return false }
        // What PREPARE has made is the server's.
        guard let name else { return client.pointee.pin == nil }
        return statement(named: Array(name.utf8).span.bytes, of: client) != nil
    }

    // MARK: Extended query

    private func answerExtended(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) {
        var builder = MessageBuilder()
        var offset = start
        var hasFailed = false
        while offset < start + plan.size {
            let header = MessageHeader(input, at: offset)
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            offset += header.size
            if header.tag == FrontendTag.sync {
                appendReady(&builder, client)
            } else if !hasFailed {
                hasFailed = !answer(header.tag, body, client, &builder)
                if hasFailed { failDeferred(client) }
            }
        }
        client.pointee.output.append(builder.bytes, from: buffers)
        touch(client)
        if hasFailed, plan.extent == .flushed { client.pointee.flow = .skipping }
    }

    /// Answers one message of the extended protocol.
    /// - Returns: false where an error was the answer.
    private func answer(_ tag: UInt8, _ body: RawSpan, _ client: ClientPointer, _ builder: inout MessageBuilder) -> Bool
    {
        switch tag {
        case FrontendTag.parse:
            return answerParse(body, client, &builder)
        case FrontendTag.bind:
            let message = BindMessage(body)
            let id = message.flatMap { statement(named: body.extracting($0.statement), of: client) } ?? .none
            setLastBound(client, id, portal: body.extracting(message?.portal ?? 0..<0))
            builder.message(BackendTag.bindComplete)
        case FrontendTag.describe:
            let target = TargetMessage(body)
            let isStatement = target?.kind == .statement
            let id =
                isStatement
                ? target.flatMap { statement(named: body.extracting($0.name), of: client) } ?? .none
                : client.pointee.lastBound
            if isStatement { builder.message(BackendTag.parameterDescription) { $0.int16(0) } }
            if !id.isNone, let columns = localColumns(statements[id].pointee.statementClass) {
                builder.textRowDescription(columns)
            } else {
                builder.message(BackendTag.noData)
            }
        case FrontendTag.execute:
            let id = client.pointee.lastBound
            guard !id.isNone else { return true }
            let record = statements[id].pointee
            let reply = perform(record.statementClass, record.text.bytes, client)
            builder.append(reply)
            return reply.error == nil
        case FrontendTag.close:
            if let target = TargetMessage(body), target.kind == .statement {
                setNameNow(client, body.extracting(target.name), to: .none)
            }
            builder.message(BackendTag.closeComplete)
        default: break
        }
        return true
    }

    private func answerParse(_ body: RawSpan, _ client: ClientPointer, _ builder: inout MessageBuilder) -> Bool {
        guard let message = ParseMessage(body), let id = intern(client, body, message) else {
            builder.error(PostgresError(.error, .outOfMemory, "no memory left for prepared statements"))
            return false
        }
        let name = body.extracting(message.name)
        if name.byteCount > 0, statement(named: name, of: client) != nil {
            builder.error(
                PostgresError(
                    .error,
                    .duplicateStatement,
                    "prepared statement \"\(name.text(0..<name.byteCount))\" already exists"
                )
            )
            return false
        }
        setNameNow(client, name, to: id)
        builder.message(BackendTag.parseComplete)
        return true
    }

    /// Lets a name mean a statement where no reply can take it back.
    func setNameNow(_ client: ClientPointer, _ name: RawSpan, to id: StatementID) {
        var entry = LedgerEntry(.parse, .answer)
        setName(client, name, to: id, &entry)
        statements.release(entry.previous)
    }

    private func localColumns(_ statementClass: StatementClass) -> [String]? {
        switch statementClass.howdahCommand {
        case .showRoute: ["howdah.route"]
        case .showPosition: ["howdah.position"]
        case .showReadYourWrites: ["howdah.read_your_writes"]
        case .showTransactionReads: ["howdah.transaction_reads"]
        case .explainRoute: Self.routeColumns
        default: nil
        }
    }

    // MARK: What they do

    private func perform(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        let pool = client.pointee.pool.unsafelyUnwrapped
        switch statementClass.howdahCommand {
        case .showRoute: return .value("howdah.route", describe(client.pointee.lastRoute))
        case .setRoute: return setRoute(text, client)
        case .resetRoute:
            client.pointee.preference = pool.pointee.options.route
            return .done("RESET")
        case .explainRoute: return explainRoute(text, client)
        case .showPosition: return showPosition(client)
        case .setPosition: return setPosition(text, client)
        case .showReadYourWrites: return .value("howdah.read_your_writes", readYourWrites(of: client).rawValue)
        case .setReadYourWrites: return setReadYourWrites(text, client)
        case .showTransactionReads:
            return .value("howdah.transaction_reads", transactionReads(of: client).rawValue)
        case .setTransactionReads: return setTransactionReads(text, client)
        case .other:
            return .failed(
                PostgresError(
                    .error,
                    .undefinedObject,
                    "unrecognized configuration parameter",
                    detail: "\(text.text(0..<text.byteCount))",
                    hint: """
                        Howdah answers SHOW, SET and RESET of howdah.route, howdah.read_your_writes, \
                        howdah.transaction_reads and howdah.position, and EXPLAIN ROUTE.
                        """
                )
            )
        case .none: break
        }
        if statementClass.effects.contains(.deallocate) { return deallocate(text, client) }
        if statementClass.effects.contains(.discard) { return discard(text, client) }
        return performTransaction(statementClass.transaction, text, client)
    }

    private func performTransaction(_ effect: TransactionEffect, _ text: RawSpan, _ client: ClientPointer) -> LocalReply
    {
        let pool = client.pointee.pool.unsafelyUnwrapped
        switch effect {
        case .begin, .beginReadWrite, .beginReadOnly, .beginSerializable:
            if pool.pointee.options.mode == .statement { return .failed(.transactionInStatementMode) }
            client.pointee.transaction =
                switch effect {
                case .beginReadOnly: defaults(of: client).isSerializable ? .begunOnPrimary : .begunReadOnly
                case .beginSerializable: .begunOnPrimary
                case .beginReadWrite: .begun
                default: placeOfBegin(text, client)
                }
            let words = text.text(0..<text.byteCount)
            let isPlain = text.byteCount <= 6 && effect == .begin
            if !isPlain { extras(of: client).begin = words }
            return .done(Self.isStart(words) ? "START TRANSACTION" : "BEGIN")
        case .commit, .rollback:
            client.pointee.transaction = .none
            client.pointee.extras = nil
            return .done(effect == .commit ? "COMMIT" : "ROLLBACK")
        case .commitChain, .rollbackChain:
            return .done(effect == .commitChain ? "COMMIT" : "ROLLBACK")
        case .setTransaction, .setTransactionReadOnly, .setTransactionReadWrite, .setTransactionSerializable:
            let extras = extras(of: client)
            extras.begin = (extras.begin.isEmpty ? "BEGIN" : extras.begin) + ";" + text.text(0..<text.byteCount)
            switch effect {
            case .setTransactionReadOnly
            where client.pointee.transaction == .begun || client.pointee.transaction == .begunToLead:
                client.pointee.transaction = .begunReadOnly
            case .setTransactionReadWrite where client.pointee.transaction == .begunReadOnly:
                client.pointee.transaction = .begun
            // A replica takes no READ WRITE, and which isolation level it is now has not been looked at.
            case .setTransaction where client.pointee.transaction == .begunToLead,
                .setTransactionReadWrite where client.pointee.transaction == .begunToLead:
                client.pointee.transaction = .begun
            case .setTransactionSerializable: client.pointee.transaction = .begunOnPrimary
            default: break
            }
            return .done("SET")
        default: preconditionFailure("not a statement that is answered without a server")
        }
    }

    /// What the session's settings say of transactions that do not say it themselves.
    func defaults(of client: ClientPointer) -> TransactionDefaults {
        client.pointee.profile == .base
            ? TransactionDefaults() : TransactionDefaults(profiles.settings(of: client.pointee.profile))
    }

    /// Whether the first word is START: its command tag differs from BEGIN's.
    private static func isStart(_ text: String) -> Bool {
        firstWord(of: text) == "start"
    }

    private static func firstWord(of text: String) -> Substring? {
        text.lowercased().split(whereSeparator: { $0.isWhitespace || $0 == ";" }).first { !$0.hasPrefix("/*") }
    }

    private func deallocate(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let command = parse(text, client)?.first?.command, case .deallocate(let name) = command else {
            preconditionFailure("only a DEALLOCATE that can be read is answered")
        }
        guard let name else {
            forgetNames(client)
            return .done("DEALLOCATE ALL")
        }
        setNameNow(client, Array(name.utf8).span.bytes, to: .none)
        return .done("DEALLOCATE")
    }

    private func discard(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        switch parse(text, client)?.first?.command {
        case .discard(.plans): return .done("DISCARD PLANS")
        case .discard(.sequences): return .done("DISCARD SEQUENCES")
        case .discard(.temporary): return .done("DISCARD TEMP")
        default:
            forgetNames(client)
            client.pointee.consistency?.forget()
            unlistenAll(client)
            client.pointee.preference = client.pointee.pool.unsafelyUnwrapped.pointee.options.route
            return .done("DISCARD ALL")
        }
    }

    private func setRoute(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let command = parse(text, client)?.first?.command, case .set(_, let value, _) = command else {
            return .failed(.unknownRoute("?"))
        }
        switch value.text(for: "howdah.route")?.lowercased() {
        case "primary": client.pointee.preference = .primary
        case "replica": client.pointee.preference = .replica
        case "auto": client.pointee.preference = .auto
        case nil: client.pointee.preference = client.pointee.pool.unsafelyUnwrapped.pointee.options.route
        case let word?: return .failed(.unknownRoute(word))
        }
        return .done("SET")
    }

    private func setReadYourWrites(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard case .set(_, let value, _) = parse(text, client)?.first?.command,
            let word = value.text(for: "howdah.read_your_writes")?.lowercased()
        else {
            setReadYourWrites(nil, client)
            return .done(Self.isReset(text) ? "RESET" : "SET")
        }
        guard let mode = ReadYourWrites(rawValue: word) else {
            return .failed(
                PostgresError(
                    .error,
                    .invalidParameterValue,
                    "invalid value for parameter \"howdah.read_your_writes\": \"\(word)\"",
                    hint: "Available values: \(ReadYourWrites.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            )
        }
        setReadYourWrites(mode, client)
        return .done("SET")
    }

    private func setPosition(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard case .set(_, let value, _) = parse(text, client)?.first?.command,
            let word = value.text(for: "howdah.position"), !word.isEmpty
        else {
            require(nil, client)
            return .done(Self.isReset(text) ? "RESET" : "SET")
        }
        guard let position = SessionPosition(word) else {
            return .failed(
                PostgresError(
                    .error,
                    .invalidParameterValue,
                    "invalid value for parameter \"howdah.position\": \"\(word)\"",
                    hint: "Give what SHOW howdah.position has shown, such as 0/3000148@1, or an empty string for none."
                )
            )
        }
        require(position, client)
        return .done("SET")
    }

    static func isReset(_ text: RawSpan) -> Bool {
        firstWord(of: text.text(0..<text.byteCount)) == "reset"
    }

    private func showPosition(_ client: ClientPointer) -> LocalReply {
        if case .known(let position) = client.pointee.consistency?.request {
            return .value("howdah.position", "\(position)")
        }
        return .failed(
            PostgresError(
                .error,
                .cannotConnectNow,
                "the primary's position is not known",
                detail: primary < 0 ? "No primary is known now." : "The primary did not tell it in time.",
                hint: "EXPLAIN ROUTE SELECT 1 shows the nodes and what is known of them."
            )
        )
    }

    // MARK: Telling routes

    func describe(_ route: RouteRecord) -> String {
        guard route.node >= 0, Int(route.node) < topology.nodes.count else { return "none: no statement has run yet" }
        let node = topology.nodes[Int(route.node)]
        let role = Int(route.node) == primary ? "primary" : "replica"
        return "\(node.name) (\(role)): \(reasonText(route))"
    }

    private func reasonText(_ route: RouteRecord) -> String {
        route.cause == .statement ? "\(route.reason)" : "\(route.cause)"
    }

    private static let routeColumns = [
        "route", "reason", "node", "role", "state", "weight", "in_flight", "lag", "latency", "zone",
    ]

    /// EXPLAIN ROUTE: the decision, and each node as a candidate.
    private func explainRoute(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let range = SessionCommands.explainRouteBody(text) else {
            return .failed(PostgresError(.error, .syntaxError, "EXPLAIN ROUTE needs a statement"))
        }
        let pool = client.pointee.pool.unsafelyUnwrapped
        var plan = BatchPlan()
        plan.extent = .whole
        plan.isQuery = true
        let explained = text.extracting(range)
        plan.add(asExecuted(classify(explained, client), explained, client))
        let before = client.pointee.lastRoute
        let held = servers[client.pointee.server]
        var route = RouteRecord(isRead: false, cause: client.pointee.pin == nil ? .transaction : .pin)
        if client.pointee.transaction == .leading, plan.mayLead {
            route = RouteRecord(isRead: true, cause: .leadingReads)
        } else if held == nil, client.pointee.transaction != .lost {
            let leads = client.pointee.transaction == .begunToLead && plan.mayLead
            if let refusal = decideRoute(client, pool, plan, leads: leads) { return .failed(refusal) }
            route = client.pointee.lastRoute
        }
        client.pointee.lastRoute = before
        adoptGlobalWrites(client)
        var reason = reasonText(route)
        if let held, client.pointee.pin != nil, client.pointee.transaction == .none {
            reason = explainPinned(client, held, plan, &route)
        }
        let isElsewhere = route.cause == .pinnedRead
        let reading = isElsewhere ? replicas : readNodes(pool).indexes
        let candidates = route.isRead ? reading : primary >= 0 ? [primary] : []
        let decision =
            isElsewhere || held == nil
            ? route.isRead ? "replica" : "primary" : held.map { topology.nodes[$0.pointee.node].name }
        let rows = topology.members.map { node -> [String?] in
            let state: String
            switch node.state {
            case .unknown(let reason), .fenced(let reason): state = reason
            case .up(.replica) where route.isRead && staleness(node.index, client, pool) != nil:
                state = staleness(node.index, client, pool) ?? "up"
            case .up: state = candidates.contains(node.index) ? "candidate" : "up"
            }
            return [
                decision, reason, node.name, "\(node.state.role)", state,
                describeWeight(node.index), "\(balance.nodes[node.index].inFlight)", describeLag(node.index),
                describeLatency(node.index), node.zone.isEmpty ? nil : node.zone,
            ]
        }
        return LocalReply(columns: Self.routeColumns, rows: rows, tag: "EXPLAIN")
    }

    // MARK: Refusals

    /// An error fails the transaction, also one that no server knows of yet.
    private func failDeferred(_ client: ClientPointer) {
        guard client.pointee.transaction.isDeferred else { return }
        client.pointee.transaction = .lost
        client.pointee.extras = nil
    }

    /// Refuses a batch for which no server is held.
    func refuseBatch(
        _ client: ClientPointer,
        _ error: PostgresError,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        failDeferred(client)
        client.pointee.isForcedToPrimary = false
        send(client) { builder in
            builder.error(error)
            if header.tag == FrontendTag.query { appendReady(&builder, client) }
        }
        if header.tag == FrontendTag.query {
            client.pointee.passThrough = .dropped(remaining: header.size)
        } else {
            client.pointee.flow = .skipping
        }
        return .consumed(0)
    }

    /// The batch that waited for a server in vain is there to be refused.
    func refuseWaiting(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Progress {
        let error = client.pointee.extras?.refusal ?? PostgresError(.error, .internalError, "no server")
        client.pointee.extras?.refusal = nil
        client.pointee.flow = .between
        return refuseBatch(client, error, header, input, offset)
    }

    /// Drops messages up to Sync, as a server does after an error (PostgreSQL documentation, 55.2.3).
    func skip(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Progress {
        switch header.tag {
        case FrontendTag.sync:
            client.pointee.flow = .between
            if client.pointee.channels != nil { sendQueueIfIdle(client) }
            client.pointee.output.appendReadyForQuery(status(of: client), from: buffers)
            touch(client)
            return .consumed(header.size)
        case FrontendTag.terminate:
            close(client, flush: false, reason: "client closed the connection")
            return .consumed(header.size)
        default:
            client.pointee.passThrough = .dropped(remaining: header.size)
            return .consumed(0)
        }
    }

    /// A batch of a client whose transaction was lost with its server: only the transaction's end is accepted.
    func answerLost(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Progress {
        let header = MessageHeader(input, at: offset)
        let endsTransaction: Bool
        switch plan.statementClass.transaction {
        case .commit, .rollback: endsTransaction = plan.statements == 1
        default: endsTransaction = false
        }
        guard endsTransaction, plan.extent == .whole else {
            let error = client.pointee.extras?.refusal ?? .failedTransaction
            client.pointee.extras = nil
            return refuseBatch(client, error, header, input, offset)
        }
        if plan.statementClass.transaction == .commit, let error = client.pointee.extras?.refusal {
            // Nobody has been told: drivers take COMMIT's answer ROLLBACK for a success unless an error came before.
            client.pointee.transaction = .none
            client.pointee.extras = nil
            return refuseBatch(client, error, header, input, offset)
        }
        if plan.isQuery {
            client.pointee.transaction = .none
            send(client) { builder in
                builder.commandComplete("ROLLBACK")
                appendReady(&builder, client)
            }
        } else {
            answerRollback(client, plan, input, offset)
        }
        return .consumed(plan.size)
    }

    private func answerRollback(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) {
        var offset = start
        send(client) { builder in
            while offset < start + plan.size {
                let header = MessageHeader(input, at: offset)
                let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
                offset += header.size
                switch header.tag {
                case FrontendTag.sync: appendReady(&builder, client)
                case FrontendTag.execute:
                    client.pointee.transaction = .none
                    builder.commandComplete("ROLLBACK")
                default: _ = answer(header.tag, body, client, &builder)
                }
            }
        }
    }
}

extension MessageBuilder {
    fileprivate mutating func append(_ reply: LocalReply) {
        if let error = reply.error { return self.error(error) }
        for row in reply.rows { textRow(row) }
        commandComplete(reply.tag)
    }
}

extension PostgresError {
    static let transactionInStatementMode = PostgresError(
        .error,
        .featureNotSupported,
        "transaction blocks are not allowed in statement pooling mode",
        hint: "Set pool_mode = transaction for this database or user."
    )

    fileprivate static func unknownRoute(_ word: String) -> PostgresError {
        PostgresError(
            .error,
            .invalidParameterValue,
            "invalid value for parameter \"howdah.route\": \"\(word)\"",
            hint: "Available values: primary, replica, auto."
        )
    }

    static let failedTransaction = PostgresError(
        .error,
        .failedTransaction,
        "current transaction is aborted, commands ignored until end of transaction block"
    )
}
