/// Why a client keeps its server although no transaction is open.
package enum PinReason: UInt8, Sendable, BitwiseCopyable, CustomStringConvertible {
    case sessionMode
    case replication
    case setting
    case temporaryObject
    case advisoryLock
    case holdCursor
    case preparedBySQL
    case listen
    case sequence
    case seed
    case library
    case unnamedStatementTooLong
    case longStatement
    case notUnderstood

    /// Whether a session whose server is lost would go on without it and not notice: nothing that it says later fails
    /// for want of it.
    var isMissedUnseen: Bool {
        switch self {
        // In session mode also what functions and DO blocks have made stays, which nobody has looked at.
        case .sessionMode, .setting, .temporaryObject, .advisoryLock, .listen, .seed, .library, .notUnderstood: true
        // Each of these answers with an error.
        case .replication, .holdCursor, .preparedBySQL, .sequence, .unnamedStatementTooLong, .longStatement: false
        }
    }

    package var description: String {
        switch self {
        case .sessionMode: "pool_mode is session"
        case .replication: "it is a replication connection"
        case .setting: "a session setting was changed"
        case .temporaryObject: "a temporary object was created"
        case .advisoryLock: "a session-level advisory lock was taken"
        case .holdCursor: "a cursor WITH HOLD was declared"
        case .preparedBySQL: "PREPARE was run as SQL"
        case .listen: "LISTEN was run"
        case .sequence: "a sequence was used"
        case .seed: "setseed was called"
        case .library: "LOAD was run"
        case .unnamedStatementTooLong: "prepared_statements is off"
        case .longStatement: "a statement longer than client_buffer_limit is prepared there"
        case .notUnderstood: "a statement was not understood"
        }
    }
}
