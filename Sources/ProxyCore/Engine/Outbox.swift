import Bytes

/// Who has bytes for the shell to fetch, and who goes on when they have been fetched.
struct Outbox: ~Copyable {
    /// Sessions with bytes to send.
    var touched = RingQueue<PeerToken>()
    /// Clients whose next messages wait until the answers before them have been fetched.
    var answering: [Handle] = []

    init() {}
}
