import Bytes

/// A connection that carries one CancelRequest to a node (PostgreSQL documentation, 55.2.8).
struct CancelSession: ~Copyable {
    let handle: Handle
    /// The server whose statement is to be cancelled; held back from other clients until the node has closed this
    /// connection, which it does after the signal has been sent.
    let server: Handle
    /// The key of the server, which may be gone by the time the connection stands.
    let processID: UInt32
    let key: [UInt8]
    let since: Microseconds
    /// The connections that have asked for it, none where the proxy itself has: they are closed when this one is, not
    /// before. Who has asked takes that for the sign that the signal has been sent.
    let requesters: [Handle]
    var transport = TransportID.none
    var output = ByteQueue()

    init(handle: Handle, server: Handle, processID: UInt32, key: [UInt8], since: Microseconds, requesters: [Handle]) {
        self.handle = handle
        self.server = server
        self.processID = processID
        self.key = key
        self.since = since
        self.requesters = requesters
    }

    var token: PeerToken { PeerToken(.canceller, handle) }
}
