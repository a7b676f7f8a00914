import PostgresWire

/// What is worth a line in the log.
package enum EngineEvent: Sendable {
    case clientLoggedIn(user: String, database: String, client: UInt32)
    case clientRefused(user: String, database: String, reason: String)
    case clientLeft(user: String, database: String, client: UInt32, reason: String)
    /// For what it held, or because it stood still.
    case clientEnded(user: String, database: String, client: UInt32, reason: String)
    case serverReady(node: Int, database: String, user: String, processID: UInt32)
    case serverFailed(node: Int, database: String, user: String, reason: String)
    case listeningServerLost(database: String, reason: String)
    case switchoverBegan(from: Int, to: Int)
    /// With why it came to nothing, where it has.
    case switchoverEnded(from: Int, to: Int, failure: String?)
    case classCorrected(database: String, statement: String)
}
