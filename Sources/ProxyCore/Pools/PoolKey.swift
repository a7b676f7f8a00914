/// What a pool is for.
struct PoolKey: Hashable {
    let database: String
    let user: String
    var replication = ReplicationMode.off
}

extension PoolKey: CustomStringConvertible {
    var description: String { "\(database)/\(user)" }
}
