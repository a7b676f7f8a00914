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
