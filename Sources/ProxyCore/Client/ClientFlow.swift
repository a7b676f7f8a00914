/// Where in its conversation a client that is `ready` stands: what its next message means.
enum ClientFlow: UInt8, BitwiseCopyable {
    /// At a boundary: the next message begins a batch (a Query, or messages up to Sync).
    case between
    /// Its next batch has been looked at and waits for a server.
    case waiting
    /// The server for its next batch is there; the batch has not begun to be sent.
    case assigned
    /// Its next batch waited in vain and gets an error.
    case refused
    /// In a batch of the extended protocol whose Sync has not been sent.
    case batch
    /// In a batch that the proxy has refused: everything up to Sync is dropped.
    case skipping
}
