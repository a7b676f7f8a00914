/// Where in its conversation a client that is `ready` stands: what its next message means.
enum ClientFlow: UInt8, BitwiseCopyable {
    /// At a boundary: the next message begins a batch (a Query, or messages up to Sync).
    case between
    /// Its next batch has been looked at and waits for a server.
    case waiting
    /// Its next batch needs a database to itself: what the proxy has there is being closed.
    case claiming
    /// Its next batch asks for the primary's position, which is being looked up.
    case locating
    /// The server for its next batch is there; the batch has not begun to be sent.
    case assigned
    /// The server for its next batch is there and is being brought to the session's settings, or to its BEGIN: the
    /// batch is sent when that has succeeded.
    case settling
    /// Its next batch waited in vain and gets an error.
    case refused
    /// In a batch of the extended protocol that has only parsed, described and closed so far: a Flush may end it.
    case preparing
    /// It has asked for the replies to such a batch: it is at a boundary again when they are there.
    case flushing
    /// In a batch of the extended protocol whose Sync has not been sent.
    case batch
    /// In a batch that the proxy has refused: everything up to Sync is dropped.
    case skipping
    /// Its transaction is over, and its ReadyForQuery waits for the listening server.
    case catchingUp

    /// Which flows may follow. Back to a boundary leads a way from everywhere: an error, a lost server, a client that
    /// leaves.
    func mayBecome(_ next: ClientFlow) -> Bool {
        if next == .between { return true }
        return switch self {
        // A Sync that a copying server has ignored leaves its client at a boundary which is none.
        case .between: next != .flushing
        case .waiting: next == .assigned || next == .refused
        case .claiming, .locating: next == .refused
        case .assigned: next == .settling || next == .preparing || next == .skipping
        case .settling: next == .assigned || next == .refused
        case .refused: next == .skipping
        case .preparing: next == .batch || next == .flushing || next == .skipping
        case .flushing: next == .skipping
        case .batch: next == .batch || next == .skipping
        case .skipping, .catchingUp: false
        }
    }

    /// Whether nothing of a batch has been sent whose end has not.
    var isAtEnd: Bool { self == .between || self == .skipping || self == .catchingUp }

    /// Whether messages of a batch have been sent to a server, and not its Sync.
    var isInBatch: Bool {
        switch self {
        case .preparing, .flushing, .batch: true
        case .between, .waiting, .claiming, .locating, .assigned, .settling, .refused, .skipping, .catchingUp: false
        }
    }
}
