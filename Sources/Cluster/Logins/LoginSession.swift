/// The connection that is asked how log-ins stand.
final class LoginSession {
    struct Look {
        let facts: LoginFacts
        /// The server has read its configuration files since the session's last look.
        let hasReadConfiguration: Bool
    }

    private var session: BlockingSession
    private let seesPasswords: Bool
    /// What the session has been told last.
    private var state: String?
    private var configuration: String?

    /// - Parameter deadline: for the connect; microseconds of `MonotonicClock`.
    static func open(
        _ parameters: ConnectionParameters,
        deadline: UInt64,
        stopper: any Stopping
    ) throws(SessionFailure) -> LoginSession {
        let session = try BlockingSession.connect(parameters, .logins, deadline: deadline, stopper: stopper)
        let seesPasswords = try session.query(LoginQueries.seesPasswords) { (result) throws(ProbeFailure) in
            try result.isTrue(0, 0)
        }
        return LoginSession(session, seesPasswords: seesPasswords)
    }

    private init(_ session: consuming BlockingSession, seesPasswords: Bool) {
        self.session = session
        self.seesPasswords = seesPasswords
    }

    /// It is to be made anew.
    var isWornOut: Bool { session.isWornOut }

    /// - Parameter knows: whether the facts of an earlier look are there.
    /// - Returns: nil where nothing has changed since the session's last look.
    func look(deadline: UInt64, knows: Bool) throws(SessionFailure) -> Look? {
        session.setDeadline(deadline)
        let (newState, newConfiguration) = try ask()
        defer { (state, configuration) = (newState, newConfiguration) }
        let isRead = configuration != nil && configuration != newConfiguration
        if knows, !isRead, state == newState { return nil }
        return Look(facts: try facts(), hasReadConfiguration: isRead)
    }

    private func ask() throws(SessionFailure) -> (state: String, configuration: String) {
        try session.query(LoginQueries.state(seesPasswords: seesPasswords)) { (result) throws(ProbeFailure) in
            (try result.text(0, 1), try result.text(0, 0))
        }
    }

    private func facts() throws(SessionFailure) -> LoginFacts {
        try session.query(LoginQueries.facts(seesPasswords: seesPasswords)) { (result) throws(ProbeFailure) in
            try LoginFacts(result)
        }
    }
}

extension LoginFacts {
    /// Reads the answer to `LoginQueries.facts`.
    init(_ result: borrowing QueryResult) throws(ProbeFailure) {
        self.init(roles: [:], databases: [:], general: "")
        for row in 0..<result.rowCount {
            let number = try result.integer(row, 2, Int64.self)
            switch try result.text(row, 0) {
            case "r": roles[try result.text(row, 1)] = number
            case "d": databases[try result.text(row, 1)] = number
            // Nothing may be set for all.
            default: general = try result.value(row, 1) ?? ""
            }
        }
    }
}
