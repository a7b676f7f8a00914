import PostgresWire

/// What is worth a line in the log.
package enum EngineEvent: Sendable {
    case clientLoggedIn(Client)
    case clientRefused(Client, reason: String)
    case clientLeft(Client, reason: String)
    /// For what it held, or because it stood still.
    case clientEnded(Client, reason: String)
    case serverReady(node: Int, database: String, user: String, processID: UInt32)
    case serverFailed(node: Int, database: String, user: String, reason: String)
    case listeningServerLost(database: String, reason: String)
    case switchoverBegan(from: Int, to: Int)
    /// With why it came to nothing, where it has.
    case switchoverEnded(from: Int, to: Int, failure: String?)
    case classCorrected(database: String, statement: String)

    /// A client as lines of the log name it.
    package struct Client: Sendable, Equatable {
        package var user: String
        package var database: String
        /// What it takes for its server's process; 0 before it is let in.
        package var processID: UInt32
        package var address: ClientAddress
    }
}
