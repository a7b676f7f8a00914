import Bytes
import PostgresWire
import StatementRouting

extension BatchPlan {
    /// Whether the batch does no more than name statements that servers know, and drop names. It waits for no server: a
    /// client may prepare while others hold all of them, and drivers that prepare wait for that before they go on with
    /// those others.
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
        case .commit, .rollback, .setTransaction, .setTransactionReadOnly, .setTransactionReadWrite,
            .setTransactionSerializable:
            return client.pointee.transaction.isDeferred
        case .commitChain, .rollbackChain:
            // What becomes of the modes of a chained transaction (and that differs from one that BEGIN has given them),
            // a server knows.
            return client.pointee.transaction.isDeferred && client.pointee.extras?.begin.isEmpty ?? true
        default: break
        }
        let effects = statementClass.effects
        switch client.pointee.transaction {
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead:
            if effects.contains(.deallocate) { return true }
            // DISCARD ALL is not to be had by EXECUTE: its server says so.
            return effects.contains(.discard) && !effects.contains(.execute) && client.pointee.transaction == .none
                && client.pointee.profile == client.pointee.startProfile
        case .open, .beginningToLead, .leading, .leadingReadOnly: return effects.contains(.deallocate)
        case .failed, .failedEnding, .lost, .leadingFailed, .leadingFailedEnding: return false
        }
    }
}

/// Statements that the proxy answers itself: BEGIN before anything needs it, and what is about the proxy.
extension Engine {
    /// Answers the batch, if it is the proxy's to answer.
    func localAnswer(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Progress? {
        guard plan.isLocal(for: client), plan.isQuery || isPlain(client, plan, input, offset) else { return nil }
        if mustReadFirst(client, beyond: Self.answersAtOnce) { return .stop }
        let text: RawSpan
        if plan.isQuery {
            guard let first = Frame.whole(ofClient: input, at: offset, before: offset &+ plan.size),
                let range = queryText(first, input, offset)
            else { return nil }
            text = input.extracting(range)
        } else {
            text = input.extracting(offset..<offset)
        }
        if plan.statementClass.howdahCommand == .showPosition, !hasPosition(client) { return .stop }
        if plan.statementClass.effects.contains(.deallocate), !deallocatesKnown(client, plan, input, offset, text) {
            return nil
        }
        if plan.statementClass.transaction == .setTransaction, client.pointee.transaction.isDeferred,
            command(client, plan, input, offset, text)?.isWrongMode ?? true
        {
            return nil
        }
        client.pointee.since = now
        if plan.isQuery {
            forgetUnnamed(client)
            let reply = performExecuted(plan.statementClass, text, client)
            if reply.error != nil { failTransaction(client) }
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
        // There it is known by that name.
        if let server = servers[client.pointee.server], server.pointee.isShowing { return false }
        guard case .deallocate(let name) = command(client, plan, input, offset, text) else { return false }
        // What PREPARE has made is the server's.
        guard let name else { return client.pointee.pin == nil }
        return statement(named: Array(name.utf8).span.bytes, of: client) != nil
    }

    /// What a batch of one statement says, or the statement that it runs by EXECUTE.
    private func command(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        _ input: RawSpan,
        _ offset: Int,
        _ text: RawSpan
    ) -> SessionCommand? {
        guard let first = Frame.whole(ofClient: input, at: offset, before: offset &+ plan.size) else { return nil }
        let body = input.extracting(offset &+ MessageHeader.byteCount..<offset &+ first.size)
        if plan.isQuery { return command(plan.statementClass, text, client) }
        if first.tag == FrontendTag.parse, let message = ParseMessage(body) {
            return command(plan.statementClass, body.extracting(message.text), client)
        }
        if first.tag == FrontendTag.bind, let message = BindMessage(body),
            let id = statement(named: body.extracting(message.statement), of: client)
        {
            return command(plan.statementClass, statements[id].pointee.text.bytes, client)
        }
        return nil
    }

    // MARK: Extended query

    private func answerExtended(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) {
        var builder = MessageBuilder()
        var offset = start
        var hasFailed = false
        while let header = Frame.whole(ofClient: input, at: offset, before: start + plan.size) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            offset += header.size
            if header.tag == FrontendTag.sync {
                appendReady(&builder, client)
            } else if !hasFailed {
                hasFailed = !answer(header.tag, body, client, &builder)
                if hasFailed { failTransaction(client) }
            }
        }
        client.pointee.output.append(builder.bytes, from: buffers)
        touch(client)
        if hasFailed, plan.extent == .flushed { client.pointee.flow = .skipping }
    }

    /// Answers one message of the extended protocol.
    /// - Returns: false where an error was the answer.
    func answer(_ tag: UInt8, _ body: RawSpan, _ client: ClientPointer, _ builder: inout MessageBuilder) -> Bool {
        if client.pointee.transaction.isFailed, tag != FrontendTag.close {
            builder.error(.failedTransaction)
            return false
        }
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
                : client.pointee.portals.last
            if isStatement { builder.message(BackendTag.parameterDescription) { $0.int16(0) } }
            if !id.isNone, let columns = localColumns(executedClass(of: id, client)) {
                builder.textRowDescription(columns)
            } else {
                builder.message(BackendTag.noData)
            }
        case FrontendTag.execute:
            let id = client.pointee.portals.last
            guard !id.isNone else { return true }
            let reply = performExecuted(executedClass(of: id, client), statements[id].pointee.text.bytes, client)
            builder.append(reply)
            return reply.error == nil
        case FrontendTag.close:
            if let target = TargetMessage(body), target.kind == .statement {
                let name = body.extracting(target.name)
                if name.byteCount == 0 || statement(named: name, of: client) != nil {
                    setNameNow(client, name, to: .none)
                }
            }
            builder.message(BackendTag.closeComplete)
        default: break
        }
        return true
    }

    private func answerParse(_ body: RawSpan, _ client: ClientPointer, _ builder: inout MessageBuilder) -> Bool {
        // Before the statement is interned, to which nobody refers yet: making room might take it away again.
        var refusal: PostgresError?
        if let message = ParseMessage(body) { refusal = self.refusal(ofName: body.extracting(message.name), client) }
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
        if let refusal {
            builder.error(refusal)
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
}

extension MessageBuilder {
    mutating func append(_ reply: LocalReply) {
        if let error = reply.error { return self.error(error) }
        if let warning = reply.warning { error(warning) }
        for row in reply.rows { textRow(row) }
        commandComplete(reply.tag)
    }
}

extension SessionCommand {
    /// A transaction's mode, set like a setting, to what is none, or reset, which not every version of PostgreSQL does:
    /// the server is to say so.
    fileprivate var isWrongMode: Bool {
        if case .reset = self { return true }
        guard case .set(let name, let value, _) = self, name.hasPrefix("transaction_") else { return false }
        // DEFAULT is always one.
        guard let text = value.text(for: name) else { return false }
        if name == "transaction_isolation" { return TransactionOptions.Isolation(name: text) == nil }
        return !SettingLiteral.isOn(text) && !SettingLiteral.isOff(text)
    }
}
