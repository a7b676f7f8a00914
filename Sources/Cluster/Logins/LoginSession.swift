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
        let session = try BlockingSession.connect(parameters, deadline: deadline, stopper: stopper)
        let seesPasswords = try session.query(LoginQueries.seesPasswords).isTrue(0, 0)
        return LoginSession(session, seesPasswords: seesPasswords)
    }

    private init(_ session: consuming BlockingSession, seesPasswords: Bool) {
        self.session = session
        self.seesPasswords = seesPasswords
    }

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
        let result = try session.query(LoginQueries.state(seesPasswords: seesPasswords))
        return (result.text(0, 1), result.text(0, 0))
    }

    private func facts() throws(SessionFailure) -> LoginFacts {
        let result = try session.query(LoginQueries.facts(seesPasswords: seesPasswords))
        var facts = LoginFacts(roles: [:], databases: [:], general: "")
        for row in 0..<result.rowCount {
            let number = Int64(result.text(row, 2)) ?? 0
            switch result.text(row, 0) {
            case "r": facts.roles[result.text(row, 1)] = number
            case "d": facts.databases[result.text(row, 1)] = number
            default: facts.general = result.text(row, 1)
            }
        }
        return facts
    }
}
