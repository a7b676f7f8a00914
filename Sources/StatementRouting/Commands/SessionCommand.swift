/// One statement as the session layer needs it: names and values taken out, identifiers folded as PostgreSQL folds
/// them.
package enum SessionCommand: Equatable, Sendable {
    case begin(TransactionOptions)
    case commit(chain: Bool)
    case rollback(chain: Bool)
    case savepoint(String)
    case releaseSavepoint(String)
    case rollbackToSavepoint(String)
    case prepareTransaction(String)
    case commitPrepared(String)
    case rollbackPrepared(String)
    case setTransaction(TransactionOptions)
    case setSessionCharacteristics(TransactionOptions)
    /// SET; also SET ROLE (`role`), SET SESSION AUTHORIZATION (`session_authorization`), SET TIME ZONE (`timezone`) and
    /// SET NAMES (`client_encoding`). The name is folded.
    case set(name: String, value: SettingValue, isLocal: Bool)
    case reset(String)
    case resetAll
    case discard(DiscardTarget)
    /// Calls set_config, at any depth. What the calls set is told where the statement is a SELECT of nothing else.
    case setConfig([ConfigAssignment])
    /// An UPDATE of pg_settings, which sets what its rows name.
    case updateSettings
    case show(String)
    case showAll
    /// PREPARE. `types` as written; `text` is the statement behind AS.
    case prepare(name: String, types: [String], text: String)
    /// EXECUTE. `argumentsText` is what the parentheses hold, empty without any.
    case execute(name: String, argumentsText: String)
    /// Nil for DEALLOCATE ALL.
    case deallocate(String?)
    case listen(String)
    /// Nil for UNLISTEN *.
    case unlisten(String?)
    case notify(channel: String, payload: String)
    case declareCursor(name: String, options: CursorOptions)
    /// FETCH or MOVE.
    case fetch(String)
    /// Nil for CLOSE ALL.
    case closeCursor(String?)
    case load(String)
    case createTemporary(kind: TemporaryKind, name: String)
    case lockTable
    /// About roles and databases.
    case cluster(ClusterCommand)
    /// Anything else.
    case other
}

/// One call of set_config(name, value, is_local).
package struct ConfigAssignment: Equatable, Sendable {
    /// An argument, as far as the text tells it.
    package enum Argument: Equatable, Sendable {
        case text(String)
        case null
        /// `$1` is 1.
        case parameter(Int)
        /// Known when the statement runs, or not known whether the call is made at all.
        case computed
    }

    /// In small letters where it is a text.
    package var name: Argument
    /// NULL sets the default.
    package var value: Argument
    /// Nil where the text does not tell.
    package var isLocal: Bool?

    package init(name: Argument, value: Argument, isLocal: Bool?) {
        self.name = name
        self.value = value
        self.isLocal = isLocal
    }

    /// - Parameter value: nil for NULL.
    package init(name: String, value: String?, isLocal: Bool) {
        self.init(name: .text(name), value: value.map { .text($0) } ?? .null, isLocal: isLocal)
    }
}

/// `DeclareCursorStmt.options` of pg_query.proto, as far as a session has to know them.
package struct CursorOptions: OptionSet, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let binary = CursorOptions(rawValue: 0x01)
    package static let scroll = CursorOptions(rawValue: 0x02)
    package static let noScroll = CursorOptions(rawValue: 0x04)
    package static let insensitive = CursorOptions(rawValue: 0x08)
    package static let hold = CursorOptions(rawValue: ParseTreeClassifier.cursorOptionHold)
}

/// `DiscardStmt.target` of pg_query.proto.
package enum DiscardTarget: UInt64, Sendable {
    case all = 1
    case plans
    case sequences
    case temporary
}

/// What a statement creates in the session's temporary schema.
package enum TemporaryKind: Sendable {
    case table
    case view
    case sequence
}
