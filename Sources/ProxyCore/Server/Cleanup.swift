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
    /// - Parameter prepared: how many statements the server should have.
    func statement(prepared: Int) -> String? {
        switch self {
        case .none, .close: nil
        case .unlisten: "UNLISTEN *"
        case .session: Self.discardUnlessChanged(prepared)
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

    /// Fails where PREPARE or DEALLOCATE has been run, which undoes what stands before it: then everything is
    /// discarded.
    private static func discardUnlessChanged(_ prepared: Int) -> String {
        discardSession + """
            SELECT 1/(CASE WHEN (SELECT pg_catalog.count(*) FILTER (WHERE from_sql) = 0 AND pg_catalog.count(*) = \
            \(prepared) FROM pg_catalog.pg_prepared_statements) THEN 1 ELSE 0 END)
            """
    }

    private static let discardEverything = discardSession + "DEALLOCATE ALL;DISCARD PLANS"
}
