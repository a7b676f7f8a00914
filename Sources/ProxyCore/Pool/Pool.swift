import Bytes
import StatementRouting

/// What the clients of one (database, user) share: servers on each node, and the queues in front of them.
struct Pool: ~Copyable {
    let handle: Handle
    let database: String
    let user: String
    let replication: ReplicationMode
    var options: PoolOptions
    /// One for each node of the topology.
    let nodes: UnsafeMutablePointer<NodePool>
    let nodeCount: Int
    /// Clients whose next batch must run on the primary.
    var writers = WaitQueue()
    /// Clients whose next batch any replica can run.
    var readers = WaitQueue()
    var waiting = 0
    /// PAUSE: clients get nothing new to run.
    var isPaused = false
    /// When RESUME ended that.
    var resumedAt: Microseconds = 0
    var clients = 0
    /// What a new client is told of its session, by the settings that it starts with.
    var welcomes: [ProfileID: [UInt8]] = [:]
    var catalog: DatabaseCatalog
    /// How texts of sessions without settings of their own are to be understood.
    var context: ClassificationContext
    /// The same for sessions with settings that make a difference.
    var contexts: [ContextKey: SessionContext] = [:]
    var contextStamp: UInt32 = 1
    /// A client has asked for currval or lastval outside the transaction that used the sequence: from then on whoever may have used one keeps its server.
    var asksForSequences = false
    /// The listening server of its database, while anybody listens.
    var listening: ListeningServer?
    var counters = PoolCounters()

    init(handle: Handle, key: PoolKey, options: PoolOptions, nodeCount: Int, catalog: DatabaseCatalog) {
        self.handle = handle
        database = key.database
        user = key.user
        replication = key.replication
        self.options = options
        self.nodeCount = nodeCount
        nodes = .allocate(capacity: nodeCount)
        for index in 0..<nodeCount { (nodes + index).initialize(to: NodePool()) }
        self.catalog = catalog
        context = ClassificationContext(facts: catalog.facts, searchPath: nil)
    }

    var key: PoolKey { PoolKey(database: database, user: user, replication: replication) }

    deinit {
        nodes.deinitialize(count: nodeCount)
        nodes.deallocate()
    }
}
