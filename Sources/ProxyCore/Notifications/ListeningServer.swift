import Bytes

/// The one server of a database, on its primary, that listens for all the clients that do, and the clients that it
/// serves.
///
/// It belongs to no pool's count. Asked one thing at a time: a round ends with its ReadyForQuery, before which a server
/// sends every notification that was committed before (PostgreSQL documentation, NOTIFY), and whoever comes meanwhile
/// shares the next round.
final class ListeningServer {
    enum Connection {
        /// None is tried before this time.
        case closed(retryAt: Microseconds)
        case connecting(Handle)
        case open(Handle)
    }

    /// The database's name on the servers.
    let database: String
    var connection = Connection.closed(retryAt: 0)
    /// All that listen: the first one's pool says as whom to log in.
    private(set) var clients = HandleList()
    private var subscribers: [Channel: HandleList] = [:]
    /// What the server has been told to listen to.
    private var established: Set<Channel> = []
    /// Whether that may differ from what is listened to.
    private var isOutdated = false
    /// The round that has been asked for, since `roundBegan`.
    var inFlight: ListeningRound?
    var roundBegan: Microseconds = 0
    var next = ListeningRound()
    /// Whether this connection has ended a round yet.
    var hasAnswered = false
    /// A connection was lost while clients listened: they may have missed something, and are told once there is
    /// another.
    var isInterrupted = false
    /// Something notifies that no statement shows, a trigger for one: every write may.
    var hasHiddenNotifiers = false
    /// Why the last connection failed or ended.
    var lastFailure: String?
    /// Since when nobody listens.
    var idleSince: Microseconds = 0

    init(database: String) { self.database = database }

    var handle: Handle {
        switch connection {
        case .closed: .none
        case .connecting(let handle), .open(let handle): handle
        }
    }

    var isOpen: Bool { if case .open = connection { true } else { false } }

    // MARK: Who listens

    func listeners(of channel: Channel) -> HandleList { subscribers[channel] ?? HandleList() }

    /// The client is about to listen, for the first time.
    func add(_ client: Handle) { clients.append(client) }

    func add(_ client: Handle, to channel: Channel) {
        if subscribers[channel] == nil { isOutdated = true }
        subscribers[channel, default: HandleList()].append(client)
    }

    func remove(_ client: Handle, from channel: Channel) {
        subscribers[channel]?.remove(client)
        guard subscribers[channel]?.isEmpty == true else { return }
        subscribers[channel] = nil
        isOutdated = true
    }

    /// The client listens to nothing any more.
    func remove(_ client: Handle) {
        clients.remove(client)
    }

    // MARK: What the server is told

    /// A new connection listens to nothing.
    func forgetEstablished() {
        established.removeAll()
        isOutdated = true
    }

    /// The statements that bring the server where its clients want it; they are taken as done.
    func takeStatements() -> [String] {
        guard isOutdated else { return [] }
        isOutdated = false
        let gone = established.filter { subscribers[$0] == nil }.sorted()
        let new = subscribers.keys.filter { !established.contains($0) }.sorted()
        established.subtract(gone)
        established.formUnion(new)
        return gone.map { "UNLISTEN \($0.quoted)" } + new.map { "LISTEN \($0.quoted)" }
    }
}
