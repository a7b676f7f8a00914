/// What must be done to a server before another client may have it, the least first.
enum Cleanup: UInt8, BitwiseCopyable, Comparable {
    case none
    /// Code has run whose text the proxy has not seen (DO, CALL, a function): everything but prepared statements and their plans is discarded.
    case session
    /// DISCARD ALL: something may have been changed that is not known, prepared statements among it.
    case discardAll
    /// The connection is closed: no statement undoes it (LOAD, setseed).
    case close

    static func < (left: Cleanup, right: Cleanup) -> Bool { left.rawValue < right.rawValue }

    /// The statements that clean; nil where none does.
    var statement: String? {
        switch self {
        case .none, .close: nil
        case .session: Self.discardSession
        case .discardAll: "DISCARD ALL"
        }
    }

    /// DISCARD ALL by its parts (PostgreSQL documentation, DISCARD) without DEALLOCATE ALL and DISCARD PLANS, so that the statements that clients share
    /// stay prepared. Code may have run PREPARE, too: then the last one fails, which undoes the others, and DISCARD ALL follows.
    private static let discardSession = """
        CLOSE ALL;SET SESSION AUTHORIZATION DEFAULT;RESET ALL;UNLISTEN *;\
        SELECT pg_catalog.pg_advisory_unlock_all();DISCARD TEMP;DISCARD SEQUENCES;\
        SELECT 1/(CASE WHEN EXISTS(SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql) THEN 0 ELSE 1 END)
        """
}
