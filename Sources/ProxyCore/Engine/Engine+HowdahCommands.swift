import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// What the statements do that the proxy answers itself.
extension Engine {
    /// Does what a statement says, or of an EXECUTE, what the statement says that it runs.
    func performExecuted(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        // Of what the proxy answers, nothing ends it.
        if client.pointee.transaction.isFailed { return .failed(.failedTransaction) }
        guard let executed = executedText(statementClass, text, client) else {
            return perform(statementClass, text, client)
        }
        return perform(statementClass, executed.bytes, client)
    }

    private func perform(_ statementClass: StatementClass, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        switch statementClass.howdahCommand {
        case .showRoute: return .value("howdah.route", describe(client.pointee.lastRoute))
        case .setRoute, .resetRoute: return changeOwnSetting(.route, text, client)
        case .explainRoute: return explainRoute(text, client)
        case .showPosition: return showPosition(client)
        case .setPosition: return setPosition(text, client)
        case .showReadYourWrites: return .value("howdah.read_your_writes", readYourWrites(of: client).rawValue)
        case .setReadYourWrites: return changeOwnSetting(.readYourWrites, text, client)
        case .showTransactionReads:
            return .value("howdah.transaction_reads", transactionReads(of: client).rawValue)
        case .setTransactionReads: return changeOwnSetting(.transactionReads, text, client)
        case .other: return .failed(.unknownOwnSetting(parse(text, client)?.first?.command.settingName ?? "howdah."))
        case .showsAmongOthers, .showsPositionAmongOthers, .notAlone:
            return inconsistent("a text of several statements was taken for the proxy's")
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
            ownTransactionEnded(client, committed: effect == .commit)
            return .done(effect == .commit ? "COMMIT" : "ROLLBACK")
        case .commitChain, .rollbackChain:
            ownTransactionEnded(client, committed: effect == .commitChain)
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
            resetOwnSettings(client)
            unlistenAll(client)
            return .done("DISCARD ALL")
        }
    }

    /// SET or RESET of one of them.
    private func changeOwnSetting(_ name: OwnSettings.Name, _ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        var word: String?
        var isLocal = false
        var tag = "SET"
        switch parse(text, client)?.first?.command {
        case .set(_, let value, let local):
            word = value.text(for: name.rawValue).map(SessionCommands.folded)
            isLocal = local
        case .reset: tag = "RESET"
        default: return .failed(.invalidValue("?", of: name.rawValue, hint: "Write it without a long comment."))
        }
        var wanted = consistency(of: client).journal.start
        if let word {
            do throws(PostgresError) { try wanted.set(name, to: word) } catch { return .failed(error) }
        }
        if isLocal, client.pointee.transaction == .none { return .done(tag, warning: .setLocalOutside) }
        changeOwnSettings(client, isLocal: isLocal) { $0.take(name, from: wanted) }
        return .done(tag)
    }

    private func setPosition(_ text: RawSpan, _ client: ClientPointer) -> LocalReply {
        guard case .set(_, let value, let isLocal) = parse(text, client)?.first?.command else {
            require(nil, client)
            return .done("RESET")
        }
        if isLocal { return .failed(.localPosition) }
        guard let word = value.text(for: SessionPosition.setting), !word.isEmpty else {
            require(nil, client)
            return .done("SET")
        }
        do throws(PostgresError) {
            require(try SessionPosition(written: word), client)
            return .done("SET")
        } catch {
            return .failed(error)
        }
    }

    func showPosition(_ client: ClientPointer) -> LocalReply {
        if case .known(let position) = client.pointee.consistency?.request {
            return .value("howdah.position", "\(position)")
        }
        return .failed(.unknownPosition(hasPrimary: primary >= 0))
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

    static func unknownOwnSetting(_ name: String) -> PostgresError {
        PostgresError(
            .error,
            .undefinedObject,
            "unrecognized configuration parameter \"\(name)\"",
            hint: """
                Howdah answers SHOW, SET and RESET of howdah.route, howdah.read_your_writes, \
                howdah.transaction_reads and howdah.position, and EXPLAIN ROUTE.
                """
        )
    }

    fileprivate static let setLocalOutside = PostgresError(
        .warning,
        "25P01",
        "SET LOCAL can only be used in transaction blocks"
    )

    fileprivate static let localPosition = PostgresError(
        .error,
        .featureNotSupported,
        "SET LOCAL howdah.position is not supported",
        hint: "Use SET howdah.position, which makes reads no older, and RESET howdah.position afterwards."
    )

    static func unknownPosition(hasPrimary: Bool) -> PostgresError {
        PostgresError(
            .error,
            .cannotConnectNow,
            "the primary's position is not known",
            detail: hasPrimary ? "The primary did not tell it in time." : "No primary is known now.",
            hint: "EXPLAIN ROUTE SELECT 1 shows the nodes and what is known of them."
        )
    }

    static let failedTransaction = PostgresError(
        .error,
        .failedTransaction,
        "current transaction is aborted, commands ignored until end of transaction block"
    )
}

extension SessionCommand {
    /// Of the setting that it shows or changes.
    fileprivate var settingName: String? {
        switch self {
        case .set(let name, _, _), .reset(let name), .show(let name): name
        default: nil
        }
    }
}
