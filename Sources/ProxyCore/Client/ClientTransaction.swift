/// The client's transaction, as the client sees it.
enum ClientTransaction: UInt8, BitwiseCopyable {
    case none
    /// BEGIN has been answered and will be sent with the first statement; no server is held.
    case begun
    /// As `begun`, and read-only: the first statement may go to a replica.
    case begunReadOnly
    /// As `begun`, at an isolation level that only the primary offers.
    case begunOnPrimary
    /// Open on the server that is held.
    case open
    /// Failed on the server that is held; until ROLLBACK everything is refused.
    case failed
    /// Its server was lost; until ROLLBACK the proxy refuses everything as a failed transaction would.
    case lost

    var isDeferred: Bool {
        switch self {
        case .begun, .begunReadOnly, .begunOnPrimary: true
        case .none, .open, .failed, .lost: false
        }
    }
}
