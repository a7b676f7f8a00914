/// What must be done to a server before another client may have it.
enum Cleanup: UInt8, BitwiseCopyable {
    case none
    /// UNLISTEN *: the clients that listened are served by the listening server.
    case unlisten
    /// Code has run whose text the proxy has not seen (DO, CALL, a function): everything but prepared statements and
    /// their plans is discarded.
    case session
    /// DISCARD ALL: something may have been changed that is not known, prepared statements among it.
    case discardAll
    /// Both.
    case everything
    /// The connection is closed: no statement undoes what was done (LOAD).
    case close

    /// What must be done where either must be.
    func and(_ other: Cleanup) -> Cleanup {
        switch (self, other) {
        case (.none, let cleanup), (let cleanup, .none): cleanup
        case (.close, _), (_, .close): .close
        case (.unlisten, let cleanup), (let cleanup, .unlisten): cleanup
        case (.session, .session): .session
        case (.discardAll, .discardAll): .discardAll
        default: .everything
        }
    }

    /// What is left to be done when the session has run DISCARD ALL itself.
    var afterDiscardAll: Cleanup {
        switch self {
        case .none, .unlisten, .discardAll: .none
        case .session, .everything: .session
        case .close: .close
        }
    }

    /// The statements that clean; nil where none does.
    var statement: String? {
        switch self {
        case .none, .close: nil
        case .unlisten: "UNLISTEN *"
        case .session: Self.discardUnlessPrepared
        case .discardAll: "DISCARD ALL"
        case .everything: Self.discardEverything
        }
    }

    /// DISCARD ALL by its parts (PostgreSQL documentation, DISCARD) without DEALLOCATE ALL and DISCARD PLANS, so that
    /// the statements that clients share stay prepared. DISCARD ALL leaves the seed of random(); here it gets a new
    /// one. On a standby no query runs in a serializable transaction, which the session's or the database's default may
    /// make of this one.
    private static let discardSession = """
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;CLOSE ALL;SET SESSION AUTHORIZATION DEFAULT;RESET ALL;UNLISTEN *;\
        SELECT pg_catalog.pg_advisory_unlock_all(),pg_catalog.setseed(\
        pg_catalog.hashtext(pg_catalog.clock_timestamp()::pg_catalog.text)::pg_catalog.float8/2147483648);\
        DISCARD TEMP;DISCARD SEQUENCES;
        """

    /// Fails where PREPARE has been run, which undoes what stands before it: then everything is discarded.
    private static let discardUnlessPrepared =
        discardSession + """
            SELECT 1/(CASE WHEN EXISTS(SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql) THEN 0 ELSE 1 END)
            """

    private static let discardEverything = discardSession + "DEALLOCATE ALL;DISCARD PLANS"
}
