import PostgresWire

/// Clients that asked for replication: each has a WAL sender of its own on the primary, for as long as both are there
/// (PostgreSQL documentation, 55.4).
///
/// It is opened with the client's own parameters, since a WAL sender without a database takes no SET, and is never
/// handed on.
extension Engine {
    /// Opens one for the client that has waited longest. One at a time, so that each knows whom it is for.
    func openReserved(_ pool: PoolPointer) {
        guard primary >= 0, mayOpen(pool, primary), let client = firstWaiting(pool, forRead: false),
            let server = servers[open(pool, primary)]
        else { return }
        server.pointee.extras.reservedFor = client.pointee.handle
        server.pointee.settings.become(profiles.settings(of: client.pointee.profile), profiles)
    }

    /// It has logged in: its client gets it, if that still waits.
    func offerReserved(_ server: ServerPointer) {
        guard let client = clients[server.pointee.extras.reservedFor], client.pointee.flow == .waiting else {
            retire(server)
            return
        }
        give(server, to: client)
    }

    /// What such a server is told when it is opened, beside user and database.
    func replicationParameters(_ server: ServerPointer) -> [StartupPacket.Parameter] {
        guard let mode = server.pointee.pool.pointee.replication.parameter else { return [] }
        return [.init(name: "replication", value: mode)]
            + profiles.settings(of: server.pointee.profile).map { .init(name: $0.name, value: $0.value) }
    }

    /// The session ends with its server.
    func loseReplication(_ client: ClientPointer, _ server: ServerPointer, _ why: String) {
        client.pointee.server = .none
        server.pointee.client = .none
        refuse(client, PostgresError(.fatal, .connectionFailure, why))
    }
}
