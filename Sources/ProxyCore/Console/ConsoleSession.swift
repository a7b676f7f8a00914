import PostgresWire

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

/// A command of the console's that is not done yet: its client gets no further until it is.
struct ConsoleWait {
    enum Subject {
        /// PAUSE, until nothing runs.
        case pause(database: String?)
        case switchover
    }

    let subject: Subject
    var verb: ConsoleVerb {
        switch subject {
        case .pause: .pause
        case .switchover: .switchover
        }
    }

    /// Sent as a Query: ReadyForQuery is part of the answer.
    let isQuery: Bool
}

/// What has become of a command.
enum ConsoleOutcome {
    case done
    case failed(PostgresError)
    case waits(ConsoleWait.Subject)
}
