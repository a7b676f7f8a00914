import Authentication
import Bytes
import PostgresWire

/// What a server connection needs rarely: log-in, and what it reported of itself.
final class ServerExtras {
    var authenticator: ServerAuthenticator?
    /// What there is to log in with is being looked up: it has been sent nothing yet.
    var awaitsCredential = false
    /// ParameterStatus values in the order in which they were first reported.
    var parameters: [(name: String, value: String)] = []
    var cancelKey: [UInt8] = []
    /// Connections with further cancel requests for it: one is brought to it at a time.
    var cancelRequesters: [Handle] = []
    /// The message of the last FATAL error.
    var lastError: String?
    /// The replication client that it was opened for.
    var reservedFor = Handle.none
    /// What statements in the transaction under way change in log-ins, and the databases that they need to themselves.
    var loginChange: LoginChange?
    var claimed: [(database: String, isForced: Bool)] = []
    /// A client's name that was given to an empty statement to provoke "already exists".
    var decoy: [UInt8]?
    var ahead = SentAhead.nothing

    /// The client's own names under which it has statements, so that the client finds them in pg_prepared_statements.
    var shown: [[UInt8]] = []
    /// The beginning of the last statement that was not understood.
    var unknownStatement = ""
    /// What the server has answered when it was asked for the client's pins.
    var evidence: Int?

    /// Why it could not be brought there.
    var settingsError: PostgresError?
    /// A cancel request of its client's waits until what the proxy has put in front is done.
    var holdsCancel = false

    /// What the batch under way resets that came with its client's start-up packet.
    var startReset = StartReset()
    var preparing: PreparingBySQL?
    /// Where the text of the last Query that was not sent as it came differs from the client's.
    var exchanged: [ExchangedPlace] = []
    /// Of a server that listens for a database's clients and belongs to no pool's count.
    var listening: ListeningServer?

    /// How many parameters a server may report. PostgreSQL has about fifteen, and extensions may add theirs.
    static let parameterLimit = 200

    /// PostgreSQL's, from what the server has reported; 0 where it has not.
    var majorVersion: Int {
        let version = parameters.first { $0.name == "server_version" }?.value ?? ""
        return Int(version.prefix { $0 >= "0" && $0 <= "9" }) ?? 0
    }

    /// - Returns: false for one too many.
    func setParameter(_ name: String, _ value: String) -> Bool {
        if let index = parameters.firstIndex(where: { $0.name == name }) {
            parameters[index].value = value
        } else if parameters.count < Self.parameterLimit {
            parameters.append((name, value))
        } else {
            return false
        }
        return true
    }
}
