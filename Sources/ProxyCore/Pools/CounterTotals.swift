/// What pools that are there no more have counted: what is counted outlives them.
struct CounterTotals {
    /// Databases that are told apart. Clients may make up names, so what further ones have counted is in `all` alone.
    static let mostDatabases = 1000

    private(set) var all = PoolCounters()
    private var byDatabase: [String: PoolCounters] = [:]

    init() {}

    /// By the name that clients give the database.
    subscript(database: String) -> PoolCounters { byDatabase[database] ?? PoolCounters() }

    mutating func add(_ counters: PoolCounters, of database: String) {
        all += counters
        guard byDatabase[database] != nil || byDatabase.count < Self.mostDatabases else { return }
        byDatabase[database, default: PoolCounters()] += counters
    }
}
