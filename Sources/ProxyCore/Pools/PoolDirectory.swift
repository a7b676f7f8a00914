import Bytes

/// All pools, which of them takes new clients of a (database, user), and what several of them share: limits, and what
/// log-ins go by.
///
/// A pool that has been superseded takes none: its clients keep what they came with, as on connections of their own,
/// while another pool of the same key serves those that come.
struct PoolDirectory {
    let all = Slab<Pool>()
    var quota: Quota
    var logins = LoginDesk()
    private(set) var totals = CounterTotals()
    private var current: [PoolKey: Handle] = [:]
    /// The oldest first.
    private var superseded: [PoolKey: [Handle]] = [:]

    /// - Parameter maximumServers: `max_server_connections`; 0: none.
    init(maximumServers: Int) { quota = Quota(maximumServers: maximumServers) }

    var count: Int { all.count }

    /// The pool that takes new clients.
    subscript(key: PoolKey) -> PoolPointer? { current[key].flatMap { all[$0] } }

    /// Makes the pool that takes new clients of this key from now on.
    mutating func insert(_ key: PoolKey, _ make: (Handle) -> Pool) -> PoolPointer {
        let handle = all.insert(make)
        current[key] = handle
        guard let pool = all[handle] else { preconditionFailure("a new pool is not there") }
        pool.pointee.hasGenerations = superseded[key] != nil
        return pool
    }

    /// The pool takes no new clients any more.
    /// - Returns: false where it took none before.
    mutating func supersede(_ pool: PoolPointer) -> Bool {
        if pool.pointee.isSuperseded { return false }
        pool.pointee.isSuperseded = true
        pool.pointee.hasGenerations = true
        let (key, handle) = (pool.pointee.key, pool.pointee.handle)
        if current[key] == handle { current[key] = nil }
        superseded[key, default: []].append(handle)
        return true
    }

    /// The pool has neither clients nor servers.
    mutating func remove(_ pool: PoolPointer) {
        let (key, handle) = (pool.pointee.key, pool.pointee.handle)
        if current[key] == handle { current[key] = nil }
        superseded[key]?.removeAll { $0 == handle }
        if superseded[key]?.isEmpty == true { superseded[key] = nil }
        totals.add(pool.pointee.counters, of: key.database)
        all.remove(handle)
    }

    /// All pools of a key, the oldest first.
    func generations(of key: PoolKey) -> [PoolPointer] {
        ((superseded[key] ?? []) + [current[key] ?? .none]).compactMap { all[$0] }
    }

    /// Whether a pool takes new clients of the database.
    func serves(_ database: String) -> Bool { current.keys.contains { $0.database == database } }
}
