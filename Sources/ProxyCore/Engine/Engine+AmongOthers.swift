import Bytes
import PostgresWire
import StatementRouting

/// Commands of Howdah's own that do not stand alone: in a text with other statements, or in a batch of the extended
/// protocol.
///
/// What is shown, a server shows: in the place of SHOW it gets a SELECT of the value. Everything else that is Howdah's
/// cannot be done between statements of a server's, and is refused: where no server is held, before anything is sent;
/// else in its place, as an error of the server's would be.
extension Engine {
    // MARK: Before the batch is sent

    /// Sees to what a batch without a server needs that names something of Howdah's and is not Howdah's to answer.
    /// - Returns: nil where the batch goes on.
    func prepareOwn(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress? {
        if plan.executes, plan.mustStandAlone { return refuseBatch(client, .mustStandAlone, header, input, offset) }
        if plan.showsPositionOfWrite { return refuseBatch(client, .positionOfWrite, header, input, offset) }
        guard plan.showsPosition else { return nil }
        if !hasPosition(client) { return .stop }
        if case .known = client.pointee.consistency?.request { return nil }
        client.pointee.consistency?.request = .none
        return refuseBatch(client, .unknownPosition(hasPrimary: primary >= 0), header, input, offset)
    }

    /// The same where a server is held: what is to be refused fails there.
    /// - Returns: whether the batch must wait.
    func prepareOwnOnServer(_ client: ClientPointer, _ plan: BatchPlan) -> Bool {
        if !plan.showsPosition || plan.showsPositionOfWrite { return false }
        return client.pointee.outstanding > 0 || !hasPosition(client)
    }

    /// The batch is about to be sent: what has been found out for it is what it shows.
    func takePosition(_ client: ClientPointer, _ plan: BatchPlan) {
        guard let consistency = client.pointee.consistency else { return }
        consistency.shown = nil
        guard plan.showsPosition, !plan.showsPositionOfWrite, plan.extent != .open else { return }
        if case .known(let position) = consistency.request { consistency.shown = position }
        consistency.request = .none
    }

    // MARK: In its place

    /// The error with which a statement fails that no server may see.
    /// - Parameter bound: the values of its parameters, where they are known.
    func refusalOfOwn(_ statementClass: StatementClass, _ text: RawSpan, bound: [String?], _ client: ClientPointer)
        -> PostgresError?
    {
        let command = statementClass.howdahCommand
        if command != .none {
            if !command.isShow || parse(text, client) == nil { return .mustStandAlone }
            if command.showsPosition, client.pointee.consistency?.shown == nil { return .positionOfWrite }
        }
        if statementClass.effects.contains(.setConfig), setsOwn(text, bound, client) { return .setByFunction }
        return nil
    }

    /// Whether set_config is called for a setting of Howdah's.
    private func setsOwn(_ text: RawSpan, _ bound: [String?], _ client: ClientPointer) -> Bool {
        guard let commands = parse(text, client) else { return false }
        return commands.contains { parsed in
            guard case .setConfig(let calls) = parsed.command else {
                // Somewhere in an expression, or an UPDATE of pg_settings.
                let words = text.extracting(parsed.range)
                return SessionCommands.folded(words.text(0..<words.byteCount)).contains("'howdah.")
            }
            return calls.contains { call in
                switch call.name {
                case .text(let name): name.hasPrefix("howdah.")
                case .parameter(let number) where bound.indices.contains(number - 1):
                    SessionCommands.folded(bound[number - 1] ?? "").hasPrefix("howdah.")
                case .parameter, .null, .computed: false
                }
            }
        }
    }

    /// Fails a Query on the server that is held, with an error of the proxy's own.
    /// - Parameter endsFailed: it begins with the end of a failed transaction, which would not refuse it.
    func failQuery(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ error: PostgresError,
        _ header: MessageHeader,
        endsFailed: Bool = false
    ) -> Progress {
        let isFailed = server.pointee.conversation.status == .failed && !endsFailed
        server.pointee.conversation.provoke(isFailed ? .failedTransaction : error, from: buffers)
        sendSync(client, server)
        return .consumed(header.size)
    }

    // MARK: What is shown

    /// What stands in the place of each SHOW of a setting of Howdah's.
    func shownInPlace(_ text: RawSpan, _ client: ClientPointer) -> [ProcessCalls.Replacement] {
        var replacements: [ProcessCalls.Replacement] = []
        for parsed in parse(text, client) ?? [] {
            guard case .show(let name) = parsed.command, let value = shown(name, client) else { continue }
            let words = "SELECT \(ProfileStore.literal(value))::pg_catalog.text AS \"\(name)\""
            // What stands in front of a statement may belong to its range, and must stand apart.
            let bytes = Array((parsed.range.lowerBound == 0 ? words : " " + words).utf8)
            replacements.append(ProcessCalls.Replacement(range: parsed.range, bytes: bytes))
        }
        return replacements
    }

    private func shown(_ name: String, _ client: ClientPointer) -> String? {
        switch name {
        case OwnSettings.Name.route.rawValue: describe(client.pointee.lastRoute)
        case OwnSettings.Name.readYourWrites.rawValue: readYourWrites(of: client).rawValue
        case OwnSettings.Name.transactionReads.rawValue: transactionReads(of: client).rawValue
        // It may only be described, too.
        case SessionPosition.setting: client.pointee.consistency?.shown.map { "\($0)" } ?? ""
        default: nil
        }
    }
}

extension PostgresError {
    static let mustStandAlone = PostgresError(
        .error,
        .featureNotSupported,
        "this command of Howdah's own cannot stand among other statements",
        detail: "Of these, only SHOW of Howdah's settings is carried out in one Query or one batch with others.",
        hint: "Send SET, RESET and EXPLAIN ROUTE alone: in a Query, or a batch that ends with Sync."
    )

    static let positionOfWrite = PostgresError(
        .error,
        .featureNotSupported,
        "howdah.position cannot be shown together with what may write",
        detail: "The position of a write is known when it has been committed.",
        hint: "Send SHOW howdah.position behind it, in a Query or a batch (up to Sync) of its own."
    )

    fileprivate static let setByFunction = PostgresError(
        .error,
        .featureNotSupported,
        "set_config() does not set Howdah's own settings",
        hint: "Use SET, such as SET howdah.route = 'primary'."
    )
}
