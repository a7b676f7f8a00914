/// How far a server connection has come, and who has it.
enum ServerPhase: UInt8, BitwiseCopyable {
    case connecting
    case authenticating
    /// In its pool, free for anyone.
    case idle
    /// Held by a client.
    case active
    /// Held by a client whose read runs on a replica meanwhile.
    case parked
    /// Its client has let go; replies that nobody wants any more, or a clean-up, are still to come.
    case draining
    /// Listens for the clients of a database, and does nothing else.
    case listening
    /// Out of its pool and told good-bye; that it closes the connection is waited for.
    case leaving
    case closing

    /// Which phases may follow.
    func mayBecome(_ next: ServerPhase) -> Bool {
        switch self {
        case .connecting: next == .authenticating || next == .closing
        // A WAL sender that has been opened for a client is the client's at once.
        case .authenticating: next == .idle || next == .listening || next == .closing
        case .idle: next == .idle || next == .active || next == .closing
        case .active: next == .draining || next == .parked || next == .closing
        case .parked: next == .active || next == .closing
        case .draining: next == .draining || next == .idle || next == .active || next == .closing
        case .listening: next == .closing
        case .closing: next == .leaving || next == .closing
        case .leaving: next == .closing
        }
    }
}
