import Bytes

/// What is known of the memory that clients hold, of what they do not read, and what they share.
struct ClientMemory {
    var shares: MemoryShares
    var hosts = ClientHosts()
    /// Clients that are not read because too much of `buffer_memory` is in use.
    var slowed: [Handle] = []
    var unread = UnreadOutput<Handle>()
    /// The shell's: bytes that it has fetched for a connection and not sent yet.
    var unsentBytes: (TransportID) -> Int = { _ in 0 }

    /// - Parameter limit: in bytes (`buffer_memory`).
    init(limit: Int) { shares = MemoryShares(limit: limit) }
}
