import Bytes

/// Pools that take no new clients, since log-ins have changed since theirs: their clients keep what they came with, as
/// on connections of their own, while another pool of the same key serves those that come.
struct PoolGenerations {
    private var superseded: [PoolKey: [Handle]] = [:]

    mutating func supersede(_ key: PoolKey, _ pool: Handle) { superseded[key, default: []].append(pool) }

    /// The pool has gone.
    mutating func remove(_ key: PoolKey, _ pool: Handle) {
        superseded[key]?.removeAll { $0 == pool }
        if superseded[key]?.isEmpty == true { superseded[key] = nil }
    }

    /// The oldest first.
    func superseded(of key: PoolKey) -> [Handle] { superseded[key] ?? [] }

    var isEmpty: Bool { superseded.isEmpty }
}
