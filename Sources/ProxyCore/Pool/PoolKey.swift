/// What a pool is for.
struct PoolKey: Hashable {
    let database: String
    let user: String
    var replication = ReplicationMode.off
}
