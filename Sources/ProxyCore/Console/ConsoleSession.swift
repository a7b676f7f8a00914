/// What a client of the admin console has prepared (PostgreSQL documentation, 55.2.3).
struct ConsoleSession {
    /// The databases by whose names the console is reached; the second is what tools for PgBouncer ask for.
    static let databases: Set<String> = ["howdah", "pgbouncer"]
    /// Prepared statements, and portals, that one client may have.
    static let limit = 100
    /// Bytes of a name.
    static let longestName = 1_024

    var statements: [String: ConsoleStatement] = [:]
    var portals: [String: ConsoleStatement] = [:]
    /// An error has been told: messages are dropped up to Sync.
    var isSkipping = false
    /// Its command is not done yet.
    var wait: ConsoleWait?
}
