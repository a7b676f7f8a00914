/// Why a check of a node got no answer. The payloads are PostgreSQL's or the system's own words, on one line.
package enum ProbeFailure: Error, Sendable, Equatable {
    /// The host name has no address.
    case unresolved(host: String, String)
    /// Nothing listens at the address (ECONNREFUSED, or no socket file).
    case refused(String)
    /// No answer within `node_check_timeout`.
    case timedOut(ProbeStep)
    /// The server is there and takes no connections: starting up, shutting down or in recovery (SQLSTATE 57P03).
    case notAccepting(String)
    /// The server does not let the monitoring user in (SQLSTATE class 28, 3D000).
    case notAdmitted(user: String, database: String, String)
    /// The monitoring user may not connect to the database (SQLSTATE 42501).
    case notGranted(user: String, database: String, String)
    /// The server has no connection slot left (SQLSTATE 53300).
    case tooManyConnections(user: String, String)
    /// The connection could not be made, or ended before the answer.
    case connectionLost(String)
    /// The server answered, but not with what was asked for.
    case unexpectedAnswer(String)
    /// What answered is no PostgreSQL, or a broken one: an answer of another shape than was asked for, or without an
    /// end.
    case malformedAnswer(String)

    /// Whether it alone shows that the node takes no statements, so that waiting for a second failure would only
    /// send clients to a closed door.
    package var isDecisive: Bool {
        switch self {
        case .refused, .notAccepting: true
        case .unresolved, .timedOut, .notAdmitted, .notGranted, .tooManyConnections, .connectionLost, .unexpectedAnswer,
            .malformedAnswer:
            false
        }
    }

    /// Whether another address for the name might do better.
    var mayBeTheAddress: Bool {
        switch self {
        case .refused, .timedOut, .connectionLost: true
        case .unresolved, .notAccepting, .notAdmitted, .notGranted, .tooManyConnections, .unexpectedAnswer,
            .malformedAnswer:
            false
        }
    }

    /// One line for the log and for `NodeState.unknown`; names the setting that mends it where there is one.
    package var reason: String {
        switch self {
        case .unresolved(let host, let text):
            "host name \"\(host)\" has no address: \(text); see the node's setting host"
        case .refused(let text):
            text
        case .timedOut(let step):
            "no answer within node_check_timeout while \(step.words)"
        case .notAccepting(let text):
            text
        case .notAdmitted(let user, let database, let text):
            "user \"\(user)\" cannot log in to database \"\(database)\": \(text); "
                + "see the settings monitor_user, monitor_password and monitor_database, and the node's pg_hba.conf"
        case .notGranted(let user, let database, let text):
            "\(text); mend it with GRANT CONNECT ON DATABASE \(Self.quoted(database)) TO \(Self.quoted(user))"
        case .tooManyConnections(let user, let text):
            "no connection left for user \"\(user)\": \(text); raise max_connections on the node, "
                + "or lower pool_size or max_server_connections"
        case .connectionLost(let text):
            text
        case .unexpectedAnswer(let text):
            text
        case .malformedAnswer(let text):
            "the node answers what no PostgreSQL would: \(text)"
        }
    }

    /// As an identifier in SQL.
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// How far a check had come.
package enum ProbeStep: Sendable, Equatable {
    case resolving
    case connecting
    case asking

    var words: String {
        switch self {
        case .resolving: "its host name was looked up"
        case .connecting: "connecting to it"
        case .asking: "asking for its role"
        }
    }
}
