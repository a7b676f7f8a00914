/// An error or notice as PostgreSQL words it: what the proxy itself tells a client (PostgreSQL documentation, 55.8).
package struct PostgresError: Error, Sendable, Equatable {
    package enum Severity: String, Sendable {
        case error = "ERROR"
        case fatal = "FATAL"
        case notice = "NOTICE"
        case warning = "WARNING"
    }

    package var severity: Severity
    package var sqlState: SQLState
    package var message: String
    package var detail: String?
    package var hint: String?
    /// The function of the server's that says so: where a driver tells by it what to do (PostgreSQL documentation,
    /// 55.8).
    package var routine: String?

    package init(
        _ severity: Severity = .error,
        _ sqlState: SQLState,
        _ message: String,
        detail: String? = nil,
        hint: String? = nil,
        routine: String? = nil
    ) {
        self.severity = severity
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.routine = routine
    }
}
