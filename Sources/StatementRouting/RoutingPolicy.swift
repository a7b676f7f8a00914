/// The settings that change a class.
package struct RoutingPolicy: Sendable, Equatable, BitwiseCopyable {
    /// Whether a foreign table may be read through a replica. Default: no.
    package var foreignTablesOnReplica: Bool
    /// Whether views of server-local state (pg_stat_*, pg_locks …) may be read on a replica. Default: no.
    package var serverLocalViewsOnReplica: Bool

    package init(foreignTablesOnReplica: Bool = false, serverLocalViewsOnReplica: Bool = false) {
        self.foreignTablesOnReplica = foreignTablesOnReplica
        self.serverLocalViewsOnReplica = serverLocalViewsOnReplica
    }
}
