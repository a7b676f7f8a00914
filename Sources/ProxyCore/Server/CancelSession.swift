import Bytes

/// A connection that carries one CancelRequest to a node (PostgreSQL documentation, 55.2.8).
struct CancelSession: ~Copyable {
    let handle: Handle
    /// The server whose statement is to be cancelled; held back from other clients until the node has closed this connection, which it does after
    /// the signal has been sent.
    let server: Handle
    var transport = TransportID.none
    var output = ByteQueue()
    let since: Microseconds

    var token: PeerToken { PeerToken(.canceller, handle) }
}
