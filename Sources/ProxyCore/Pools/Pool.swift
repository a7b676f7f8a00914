import Bytes
import ProxyTerms
import StatementRouting

typealias PoolPointer = UnsafeMutablePointer<Pool>

/// What the clients of one (database, user) share: servers on each node, and the queues in front of them.
struct Pool: ~Copyable {
    /// One for each slot of the topology.
    // First, for ThreadSanitizer: see `ServerSession`.
    private(set) var nodes: UnsafeMutablePointer<NodePool>
    let handle: Handle
    let database: String
    let user: String
    let replication: ReplicationMode
    var options: PoolOptions
    private(set) var nodeCount: Int
    /// Clients whose next batch must run on the primary.
    var writers = WaitQueue()
    /// Clients whose next batch any replica can run.
    var readers = WaitQueue()
    /// PAUSE: clients get nothing new to run.
    var isPaused = false
    /// When RESUME ended that.
    var resumedAt: Microseconds = 0
    var clients = 0
    /// Log-ins have changed since its servers': new clients get another pool.
    var isSuperseded = false
    /// There are, or were, other pools of its key.
    var hasGenerations = false
    /// The role of its servers' sessions is gone: none of them serves.
    var isDead = false
    /// By the settings that a start-up packet has: what such a client begins with.
    var welcomes: [ProfileID: Welcome] = [:]
    var catalog: DatabaseCatalog
    /// A change of the catalog has passed that `catalog` has not seen.
    var isCatalogOutdated = false
    /// Of a transaction that does not say it, in a session that sets none; nil: it is not known.
    var isolation: TransactionOptions.Isolation?
    /// How texts of sessions without settings of their own are to be understood.
    var context: ClassificationContext
    /// The same for sessions with settings that make a difference.
    var contexts: [ContextKey: SessionContext] = [:]
    var contextStamp: UInt32 = 1
    /// Of its database (`SchemaEpochs`).
    var epoch: UInt32
    /// A client has asked for currval or lastval outside the transaction that used the sequence: from then on whoever
    /// may have used one keeps its server.
    var asksForSequences = false
    /// The listening server of its database, while anybody listens.
    var listening: ListeningServer?
    var counters = PoolCounters()

    init(handle: Handle, key: PoolKey, options: PoolOptions, nodeCount: Int, catalog: DatabaseCatalog, epoch: UInt32) {
        self.handle = handle
        database = key.database
        user = key.user
        replication = key.replication
        self.options = options
        self.nodeCount = nodeCount
        nodes = .allocate(capacity: nodeCount)
        for index in 0..<nodeCount { (nodes + index).initialize(to: NodePool()) }
        self.catalog = catalog
        self.epoch = epoch
        context = ClassificationContext(facts: catalog.facts, searchPath: nil)
    }

    /// Nodes have joined: to be called while nothing points into `nodes`.
    mutating func grow(to count: Int) {
        guard count > nodeCount else { return }
        let grown = UnsafeMutablePointer<NodePool>.allocate(capacity: count)
        grown.moveInitialize(from: nodes, count: nodeCount)
        for index in nodeCount..<count { (grown + index).initialize(to: NodePool()) }
        nodes.deallocate()
        nodes = grown
        nodeCount = count
    }

    /// Clients that wait for a server.
    var waiting: Int { writers.waiting + readers.waiting }

    var key: PoolKey { PoolKey(database: database, user: user, replication: replication) }

    deinit {
        nodes.deinitialize(count: nodeCount)
        nodes.deallocate()
    }
}

/// What a pool is for.
struct PoolKey: Hashable {
    let database: String
    let user: String
    var replication = ReplicationMode.off
}

extension PoolKey: CustomStringConvertible {
    var description: String { "\(database)/\(user)" }
}

/// What a new client is told of its session, and what its session's settings are.
struct Welcome {
    /// ParameterStatus messages.
    let parameters: [UInt8]
    /// The start-up packet's settings as the servers understand them. Holds a reference.
    let profile: ProfileID
}
