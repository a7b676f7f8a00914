import Bytes
import PostgresWire
import StatementRouting

/// A client's process number in what it asks servers (PostgreSQL documentation, 9.26.1 and 9.28.2): `pg_backend_pid()`
/// tells it, and `pg_cancel_backend()` and `pg_terminate_backend()` reach the client that has it.
///
/// Servers know nothing of these numbers. So the text that a server runs is another than the client's: in the place of
/// `pg_backend_pid()` stands the number, in that of a signal to a client stands a question, whether the server's
/// session may send one to that client's role. What is prepared stays the client's own text, which others may share;
/// only what is run is exchanged, when it is bound.
extension Engine {
    /// The text that runs in place of a client's.
    struct ExchangedText {
        var bytes: [UInt8]
        /// Where it differs, in the client's text.
        var replacements: [ProcessCalls.Replacement]
        /// What becomes of a client once the server has allowed it.
        var signal = ProcessSignal()
    }

    /// - Parameter parameter: the value bound to `$n`, if it is a number.
    /// - Returns: nil where the text runs as it is.
    private func exchanged(
        _ text: RawSpan,
        _ statementClass: StatementClass,
        _ client: ClientPointer,
        parameter: (Int) -> Int64?
    ) -> ExchangedText? {
        let conforms = conforms(client)
        if statementClass.effects.contains(.signalsProcess),
            let call = SignalCall.find(in: text, standardConformingStrings: conforms),
            let aimed = aimed(call.target, client, parameter: parameter)
        {
            let bytes = question(call, aimed, isOwn: aimed == client)
            let replacement = ProcessCalls.Replacement(range: call.range, bytes: Array(bytes.utf8))
            return ExchangedText(
                bytes: ProcessCalls.apply([replacement], to: text),
                replacements: [replacement],
                signal: ProcessSignal(kind: call.kind, process: aimed.pointee.processID)
            )
        }
        var replacements: [ProcessCalls.Replacement] = []
        if statementClass.effects.contains(.asksHowdah) { replacements = shownInPlace(text, client) }
        replacements += processCalls(in: text, statementClass, client)
        if statementClass.effects.contains(.asksHowdah) {
            replacements.sort { $0.range.lowerBound < $1.range.lowerBound }
        }
        if replacements.isEmpty { return nil }
        return ExchangedText(bytes: ProcessCalls.apply(replacements, to: text), replacements: replacements)
    }

    /// Where a text asks for the process of its session, and what stands there instead.
    func processCalls(in text: RawSpan, _ statementClass: StatementClass, _ client: ClientPointer)
        -> [ProcessCalls.Replacement]
    {
        guard statementClass.effects.contains(.readsProcess) else { return [] }
        return ProcessCalls.replacements(
            in: text,
            number: client.pointee.processID,
            standardConformingStrings: conforms(client)
        )
    }

    /// What follows the name in an EXECUTE.
    func behind(_ reference: PreparedReference, _ text: RawSpan, _ calls: [ProcessCalls.Replacement]) -> [UInt8] {
        Array(ProcessCalls.apply(calls, to: text)[reference.range.upperBound...])
    }

    /// The client that is meant; nil where it is a server, or nobody: a server finds the words for both.
    private func aimed(_ target: SignalCall.Target, _ client: ClientPointer, parameter: (Int) -> Int64?)
        -> ClientPointer?
    {
        let number: Int64?
        switch target {
        case .own: return client
        case .number(let written): number = written
        case .parameter(let index): number = parameter(index)
        }
        guard let number, ProcessNumbers.contains(number), let aimed = self.client(withProcess: UInt32(number)),
            aimed.pointee.phase == .ready, aimed.pointee.pool != nil
        else { return nil }
        return aimed
    }

    /// An expression that is true where the server's session may signal one of the client's role, and fails where not;
    /// also where it succeeds, if the client cancels itself. By which error, `refusalOfSignal` knows.
    private func question(_ call: SignalCall, _ aimed: ClientPointer, isOwn: Bool) -> String {
        let user = aimed.pointee.pool.unsafelyUnwrapped.pointee.user
        // It names what is bound, so that the statement has the parameters that the client has been told of.
        let types = ["int4", "int8"]
        let given = zip(call.arguments, types).map { text, type in
            "(\(text)\(text.hasPrefix("$") && !text.contains(":") ? "::pg_catalog.\(type)" : "")) IS NOT NULL"
        }
        let refusesItself = isOwn && call.kind == .cancel ? " AND pg_catalog.ln(v - 1) > 0" : ""
        return """
            (SELECT 1 / v = pg_catalog.sqrt(v)\(refusesItself) AS \(call.kind.function) \
            FROM (SELECT COALESCE((SELECT CASE WHEN r.rolsuper AND NOT m.rolsuper THEN 0 \
            WHEN pg_catalog.pg_has_role(r.oid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') \
            THEN 1 ELSE -1 END \
            FROM pg_catalog.pg_roles r, pg_catalog.pg_roles m \
            WHERE r.rolname = \(ProfileStore.literal(user)) AND m.rolname = current_user), 0)\
            ::pg_catalog.float8 AS v) s \
            WHERE \(given.joined(separator: " AND ")) AND \(aimed.pointee.processID) > 0)
            """
    }

    // MARK: What is sent

    /// The text for a Query, with what the entry needs to know of it noted there.
    func exchangedQuery(
        _ text: RawSpan,
        _ statementClass: StatementClass,
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ entry: inout LedgerEntry
    ) -> [UInt8]? {
        entry.maySignal = statementClass.effects.contains(.signalsProcess)
        var aware = statementClass
        // Of several statements none is told which has failed.
        if statementClass.statementCount != 1 { aware.effects.remove(.signalsProcess) }
        guard let exchange = exchanged(text, aware, client, parameter: { _ in nil }) else { return nil }
        entry.isExchanged = true
        entry.signal = exchange.signal
        server.pointee.extras.exchanged = ExchangedPlace.places(exchange.replacements, in: text)
        return exchange.bytes
    }

    /// The statement that runs in place of the one that is bound: the same, unless it asks for the client's number.
    ///
    /// - Parameters:
    ///   - message: a Bind and its body; nil where values are not known.
    /// - Returns: nobody refers to it yet.
    func exchangedStatement(_ id: StatementID, _ message: BindMessage?, _ body: RawSpan, _ client: ClientPointer)
        -> StatementID
    {
        let record = statements[id].pointee
        let effects = record.statementClass.effects
        guard effects.meets(.mayBeExchanged), !effects.meets(.execute | .readsPrepared),
            !record.isPrivate,
            let exchange = exchanged(
                record.text.bytes,
                record.statementClass,
                client,
                parameter: { message?.integer($0, in: body) }
            )
        else { return id }
        let rest = record.body[record.textSize...]
        let text = exchange.bytes
        let whole = text + rest
        if let found = statements.find(whole.span.bytes, in: record.scope) { return found }
        // What nobody needs any more makes room; else it is one beyond the limit, for as long as this batch.
        _ = statements.hasRoom(for: whole.count)
        let exchanged = statements.internAnyway(
            whole.span.bytes,
            in: record.scope,
            record.profile,
            textSize: text.count,
            statementClass: classify(text.span.bytes, client),
            classStamp: contextStamp(of: client)
        )
        statements[exchanged].pointee.signal = exchange.signal
        return exchanged
    }

    /// The body of a Parse that a server is to keep under the client's own name.
    func exchangedParse(_ body: RawSpan, _ message: ParseMessage, _ client: ClientPointer) -> [UInt8] {
        let text = body.extracting(message.text)
        var statementClass = classify(text, client)
        statementClass.effects.remove([.signalsProcess, .asksHowdah])
        guard let exchange = exchanged(text, statementClass, client, parameter: { _ in nil }) else {
            return body.array(0..<body.byteCount)
        }
        return body.array(0..<message.text.lowerBound) + exchange.bytes
            + body.array(message.text.upperBound..<body.byteCount)
    }

    // MARK: What comes of it

    /// A row has come: where it says so, the client may signal the other.
    ///
    /// It is not true where a value that was bound is null: then PostgreSQL does nothing.
    /// - Returns: false where the client has ended itself.
    func signalIsAllowed(
        _ entry: LedgerEntry,
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ size: Int,
        _ run: inout ForwardRun
    ) -> Bool {
        guard let client = clients[server.pointee.client], size > MessageHeader.byteCount + 6 else { return true }
        // One column, of one byte in either format: t, or 1 (PostgreSQL documentation, 55.7, DataRow).
        let value = bytes.byte(at: offset &+ size &- 1)
        guard value == UInt8(ascii: "t") || value == 1 else { return true }
        deliver(client)
        guard entry.signal.process == client.pointee.processID else {
            turn.work.append(.signal(entry.signal))
            return true
        }
        flushRun(server, bytes, &run, upTo: offset)
        refuse(client, .terminated)
        return false
    }

    /// The words for what the question has failed with; nil where it is another error.
    func refusalOfSignal(_ signal: ProcessSignal, _ body: RawSpan, _ server: ServerPointer) -> PostgresError? {
        if signal.process == 0 { return nil }
        switch ErrorFields.sqlState(in: body) {
        case "22012": return .signalDenied(signal.kind, isOfSuperuser: true, server.pointee.extras.majorVersion)
        case "2201F": return .signalDenied(signal.kind, isOfSuperuser: false, server.pointee.extras.majorVersion)
        case "2201E": return .canceled
        default: return nil
        }
    }

    /// Does to a client what another has sent it.
    func deliver(_ signal: ProcessSignal) {
        guard let client = client(withProcess: signal.process), client.pointee.phase == .ready else { return }
        switch signal.kind {
        case .none: break
        case .cancel: cancel(client, for: .none)
        case .terminate: refuse(client, .terminated)
        }
    }
}

extension PostgresError {
    /// As each version of PostgreSQL words it.
    fileprivate static func signalDenied(_ kind: SignalCall.Kind, isOfSuperuser: Bool, _ version: Int) -> PostgresError
    {
        let isCancel = kind == .cancel
        let whose = isCancel ? "whose query is being canceled" : "whose process is being terminated"
        if version < 16 {
            let message =
                isOfSuperuser
                ? "must be a superuser to \(isCancel ? "cancel superuser query" : "terminate superuser process")"
                : "must be a member of the role \(whose) or member of pg_signal_backend"
            return PostgresError(.error, .insufficientPrivilege, message)
        }
        let what = isCancel ? "cancel queries" : "terminate processes"
        let this = isCancel ? "cancel this query" : "terminate this process"
        let detail =
            isOfSuperuser
            ? "Only roles with the SUPERUSER attribute may \(what) of roles with the SUPERUSER attribute."
            : "Only roles with privileges of the role \(whose) or with privileges of the \"pg_signal_backend\" role "
                + "may \(this)."
        let message = "permission denied to \(isCancel ? "cancel query" : "terminate process")"
        return PostgresError(.error, .insufficientPrivilege, message, detail: detail)
    }

    static let terminated = PostgresError(
        .fatal,
        .adminShutdown,
        "terminating connection due to administrator command"
    )
}

extension BindMessage {
    /// The value of `$n`, if it is an integer in either format (PostgreSQL documentation, 55.7, Bind).
    fileprivate func integer(_ number: Int, in body: RawSpan) -> Int64? {
        let formats = statement.upperBound &+ 1
        guard formats &+ 2 <= body.byteCount else { return nil }
        let formatCount = Int(body.uint16(at: formats))
        var offset = formats &+ 2 &+ 2 &* formatCount
        guard offset &+ 2 <= body.byteCount, number > 0, number <= Int(body.uint16(at: offset)) else { return nil }
        offset &+= 2
        for _ in 1..<number {
            guard offset &+ 4 <= body.byteCount else { return nil }
            offset &+= 4 &+ max(0, Int(body.int32(at: offset)))
        }
        guard offset &+ 4 <= body.byteCount else { return nil }
        let size = Int(body.int32(at: offset))
        guard size > 0, size <= 32, offset &+ 4 &+ size <= body.byteCount else { return nil }
        let place = formatCount == 0 ? nil : formatCount == 1 ? 0 : number &- 1
        let isBinary = place.map { $0 < formatCount && body.uint16(at: formats &+ 2 &+ 2 &* $0) == 1 } ?? false
        let value = offset &+ 4..<offset &+ 4 &+ size
        guard isBinary else { return Int64(body.text(value).trimmingSpace) }
        guard size == 2 || size == 4 || size == 8 else { return nil }
        var bits: UInt64 = 0
        for index in value { bits = bits << 8 | UInt64(body.byte(at: index)) }
        let unused = UInt64(64 &- 8 &* size)
        return Int64(truncatingIfNeeded: bits << unused) >> Int64(unused)
    }
}

extension String {
    fileprivate var trimmingSpace: Substring {
        let front = drop { $0.isWhitespace }
        return front.prefix(
            upTo: front.lastIndex { !$0.isWhitespace }.map { front.index(after: $0) } ?? front.startIndex
        )
    }
}
