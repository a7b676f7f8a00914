import Bytes
import PostgresWire

/// What a server's refusal of a log-in says of those who wait for such a server.
enum LoginVerdict: Equatable {
    /// It lets nobody in, whoever asks: it starts, stops or recovers.
    case nodesFault
    /// For now: too many connections of all together, memory or disk that has run out, an error of the server's own.
    case passing
    /// The role's or the database's own limit of connections is reached: for good, unless connections of the proxy's
    /// own count against it.
    case reachedLimit(ConnectionLimit)
    /// This user or this database is not let in until somebody changes that.
    case forGood

    enum ConnectionLimit: Equatable {
        case role
        case database
    }

    /// - Parameter error: the body of the ErrorResponse that came instead of the first ReadyForQuery.
    init(_ error: RawSpan) {
        let state = ErrorFields.sqlState(in: error)
        if state == .tooManyConnections {
            // The same code is that of the whole server's limit; the routine's name is never translated.
            if ErrorFields.isRaised(by: "InitializeSessionUserId", in: error) {
                self = .reachedLimit(.role)
            } else if ErrorFields.isRaised(by: "CheckMyDatabase", in: error) {
                self = .reachedLimit(.database)
            } else {
                self = .passing
            }
        } else if Self.isNodesFault(state, error) {
            self = .nodesFault
        } else if Self.passingClasses.contains(where: { state.isOfClass($0) }) {
            self = .passing
        } else {
            self = .forGood
        }
    }

    /// Connection exceptions, insufficient resources, operator intervention, system errors, internal errors (PostgreSQL
    /// documentation, appendix A).
    private static let passingClasses: [StaticString] = ["08", "53", "57", "58", "XX"]

    /// Errors that say something of the node and nothing of the statement.
    static func isNodesFault(_ state: SQLState, _ body: RawSpan) -> Bool {
        switch state {
        case .adminShutdown, .crashShutdown, .cannotConnectNow: true
        case .serializationFailure, .queryCanceled:
            // A conflict with recovery, not a cancel or a timeout of the client's own.
            ErrorFields.isRaised(by: "ProcessInterrupts", in: body)
                && ErrorFields.text(of: ErrorFields.message, in: body)?.hasSuffix("due to conflict with recovery")
                    == true
        default: false
        }
    }
}
