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
}
