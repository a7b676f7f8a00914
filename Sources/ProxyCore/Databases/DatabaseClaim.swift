/// A client's statement that runs only while nobody else is connected to a database: what the proxy itself has there is
/// closed first.
struct DatabaseClaim {
    enum Step: Equatable {
        /// What has been closed is not known to be gone: the statement waits.
        case vacating
        /// The statement may be sent, or has been.
        case granted
    }

    /// PostgreSQL itself waits so long for others to leave the database; then the statement is sent as things are.
    static let limit: Microseconds = 5_000_000

    /// By their names on the servers.
    let databases: [String]
    let began: Microseconds
    private(set) var step = Step.vacating
    /// Databases to which the control plane may still be connected.
    private(set) var watched: Set<String>

    /// - Parameter watched: those that the control plane has been asked to leave.
    init(databases: [String], watched: Set<String>, now: Microseconds) {
        self.databases = databases
        self.watched = watched
        began = now
    }

    /// The control plane has left a database.
    mutating func left(_ database: String) { watched.remove(database) }

    /// - Parameter isEmpty: no connection is on its way out of the databases.
    /// - Returns: whether the statement may be sent from now on.
    mutating func check(isEmpty: Bool, now: Microseconds) -> Bool {
        guard step == .vacating, isEmpty && watched.isEmpty || now - began >= Self.limit else { return false }
        step = .granted
        return true
    }
}
