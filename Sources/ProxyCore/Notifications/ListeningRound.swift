import Bytes

/// Who waits for one answer of the listening server: all that was committed before the question has been heard when it
/// comes.
struct ListeningRound {
    /// Clients whose ReadyForQuery, or whose new channels, wait for it.
    var clients: [Handle] = []
    /// Servers on which a transaction that may have notified has ended: they are handed to nobody else meanwhile, so
    /// that it is known whose it was.
    var servers: [Handle] = []

    var isEmpty: Bool { clients.isEmpty && servers.isEmpty }

    mutating func add(_ other: ListeningRound) {
        clients += other.clients
        servers += other.servers
    }
}
