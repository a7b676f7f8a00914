import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// What the statements do that the proxy answers itself.
extension Engine {
    /// Does what a statement says, or of an EXECUTE, what the statement says that it runs.
    func performExecuted(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let executed = executedText(statementClass, text, client) else {
            return perform(statementClass, text, client)
        }
        return perform(statementClass, executed.bytes, client)
    }

    private func perform(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        let pool = client.pointee.pool.unsafelyUnwrapped
        switch statementClass.howdahCommand {
        case .showRoute: return .value("howdah.route", describe(client.pointee.lastRoute))
        case .setRoute: return setRoute(text, client)
        case .resetRoute:
            client.pointee.preference = nil
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
            client.pointee.transaction = transactionBegun(by: effect, text, client)
            let words = text.text(0..<text.byteCount)
            let isPlain = text.byteCount <= 6 && effect == .begin
            if !isPlain {
                extras(of: client).begin = shortenedBegin(words, client) ?? words
            }
            return .done(Self.isStart(words) ? "START TRANSACTION" : "BEGIN")
        case .commit, .rollback:
            client.pointee.transaction = .none
            client.pointee.extras = nil
            return .done(effect == .commit ? "COMMIT" : "ROLLBACK")
        case .commitChain, .rollbackChain:
            return .done(effect == .commitChain ? "COMMIT" : "ROLLBACK")
        case .setTransaction, .setTransactionReadOnly, .setTransactionReadWrite, .setTransactionSerializable:
            let extras = extras(of: client)
            let words = (extras.begin.isEmpty ? "BEGIN" : extras.begin) + ";" + text.text(0..<text.byteCount)
            guard let kept = shortenedBegin(words, client) else {
                return .failed(.longBegin(options.statementTextLimit))
            }
            extras.begin = kept
            client.pointee.transaction = transactionBegun(
                with: TransactionModes(parse(Array(extras.begin.utf8).span.bytes, client)),
                client
            )
            return .done("SET")
        default: return inconsistent("a statement that only a server can carry out was taken for the proxy's")
        }
    }

    /// Nothing that is sent should bring this about; the client gets an error, and nobody else is harmed.
    private func inconsistent(_ what: String) -> LocalReply {
        assertionFailure(what)
        var error = PostgresError.lostTrack
        error.severity = .error
        return .failed(error)
    }

    /// Bytes of a BEGIN, with what follows it, that are kept as they were written until it is sent.
    private static let longestBegin = 1_024

    /// BEGIN with what follows it until it is sent; what is long in few words, since the last of each counts.
    /// - Returns: nil where it is too long, and cannot be said so.
    private func shortenedBegin(_ text: String, _ client: ClientPointer) -> String? {
        if text.utf8.count <= Self.longestBegin { return text }
        let asItIs = text.utf8.count <= options.statementTextLimit ? text : nil
        guard let commands = parse(Array(text.utf8).span.bytes, client) else { return asItIs }
        var modes = TransactionOptions()
        for parsed in commands {
            guard case .begin(let more) = parsed.command else {
                guard case .setTransaction(let more) = parsed.command, more.snapshot == nil else { return asItIs }
                modes.follow(more)
                continue
            }
            modes.follow(more)
        }
        return modes.words.isEmpty ? "BEGIN" : "BEGIN " + modes.words
    }

    /// What the session's settings say of transactions that do not say it themselves.
    func defaults(of client: ClientPointer) -> TransactionDefaults {
        profiles.traits(of: client.pointee.profile).transactions
    }

    /// Whether what the session runs outside of transactions, or in one that does not say it, is serializable.
    @inline(__always)
    func isSerializable(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        if client.pointee.profile == .base { return pool.pointee.isolation == .serializable }
        return (defaults(of: client).isolation ?? pool.pointee.isolation) == .serializable
    }

    /// Whether the first word is START: its command tag differs from BEGIN's.
    private static func isStart(_ text: String) -> Bool {
        firstWord(of: text) == "start"
    }

    private static func firstWord(of text: String) -> Substring? {
        text.lowercased().split(whereSeparator: { $0.isWhitespace || $0 == ";" }).first { !$0.hasPrefix("/*") }
    }

    func deallocate(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard let command = parse(text, client)?.first?.command, case .deallocate(let name) = command else {
            return inconsistent("only a DEALLOCATE that can be read is answered")
        }
        guard let name else {
            forgetNames(client)
            return .done("DEALLOCATE ALL")
        }
        setNameNow(client, Array(name.utf8).span.bytes, to: .none)
        return .done("DEALLOCATE")
    }

    func discard(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        switch parse(text, client)?.first?.command {
        case .discard(.plans): return .done("DISCARD PLANS")
        case .discard(.sequences): return .done("DISCARD SEQUENCES")
        case .discard(.temporary): return .done("DISCARD TEMP")
        default:
            forgetNames(client)
            client.pointee.consistency?.reset()
            unlistenAll(client)
            client.pointee.preference = nil
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
        case nil: client.pointee.preference = nil
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

    func showPosition(_ client: ClientPointer) -> LocalReply {
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
}

extension PostgresError {
    static let transactionInStatementMode = PostgresError(
        .error,
        .featureNotSupported,
        "transaction blocks are not allowed in statement pooling mode",
        hint: "Set pool_mode = transaction for this database or user."
    )

    fileprivate static func longBegin(_ limit: Int) -> PostgresError {
        PostgresError(
            .error,
            .programLimitExceeded,
            "too much is set for a transaction before its first query",
            hint: "Raise statement_text_limit (now \(limit)), or say it in BEGIN."
        )
    }

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
