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
    var work = ConsoleWork.none
}

/// What a client of the console has asked for and has not been given whole: it gets no further until it has.
enum ConsoleWork {
    case none
    /// A command that is not done yet.
    case waits(ConsoleWait)
    case lists(ConsoleListing)

    var isOver: Bool {
        if case .none = self { true } else { false }
    }

    var wait: ConsoleWait? {
        if case .waits(let wait) = self { wait } else { nil }
    }
}

/// A list that is told row by row, as its reader takes it. Each row is as things are when it is made.
struct ConsoleListing {
    let verb: ConsoleVerb
    /// Sent as a Query: ReadyForQuery is part of the answer.
    let isQuery: Bool
    /// Where the next row is found, in what the list is of, and which of that place's rows it is.
    var place = 0
    var part = 0

    init(_ verb: ConsoleVerb, isQuery: Bool) {
        self.verb = verb
        self.isQuery = isQuery
    }

    /// Goes on behind a row, of which its place has so many.
    mutating func advance(of parts: Int = 1) {
        part += 1
        if part < parts { return }
        part = 0
        place += 1
    }
}

/// A command of the console's that is not done yet.
struct ConsoleWait {
    enum Subject {
        /// PAUSE, until nothing runs.
        case pause(database: String?)
        case switchover
        /// The answer to the `.reload` of this number.
        case reload(UInt64)
    }

    let subject: Subject
    var verb: ConsoleVerb {
        switch subject {
        case .pause: .pause
        case .switchover: .switchover
        case .reload: .reload
        }
    }

    /// Sent as a Query: ReadyForQuery is part of the answer.
    let isQuery: Bool
}

/// How a command that its client waits for has ended.
struct ConsoleEnding {
    var notices: [PostgresError] = []
    var error: PostgresError?
}

/// What has become of a command.
enum ConsoleOutcome {
    case done
    case failed(PostgresError)
    case waits(ConsoleWait.Subject)
}
