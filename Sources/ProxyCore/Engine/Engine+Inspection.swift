/// What the engine holds, counted: for tests of its invariants.
extension Engine {
    package struct Inspection: Equatable {
        package var clients = 0
        package var servers = 0
        /// Servers that are free in their pools.
        package var idleServers = 0
        /// Servers that listen for a database's clients.
        package var listeningServers = 0
        package var cancels = 0
        package var waiting = 0
        /// Replies that servers owe.
        package var pendingReplies = 0
        /// References to interned statements: by clients' names and by replies to come.
        package var statementReferences = 0
        package var bytesInUse = 0

        /// Of an engine that holds nothing.
        package init() {}
    }

    package func inspect() -> Inspection {
        var found = Inspection()
        found.clients = clients.count
        found.servers = servers.count
        found.cancels = cancels.count
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            if server.pointee.phase == .idle { found.idleServers += 1 }
            if server.pointee.phase == .listening { found.listeningServers += 1 }
            found.pendingReplies += server.pointee.conversation.ledger.count
        }
        for listening in databases.listening.values where listening.inFlight != nil { found.pendingReplies += 1 }
        forEachPool { found.waiting += $0.pointee.waiting }
        found.statementReferences = statements.references
        found.bytesInUse = buffers.bytesInUse
        return found
    }

    /// What has been counted since the start, in pools that are there and in those that have been.
    /// - Parameter database: the name that clients give it; nil: of all.
    package func counters(of database: String? = nil) -> PoolCounters {
        var total = database.map { pools.totals[$0] } ?? pools.totals.all
        forEachPool { pool in
            if database == nil || pool.pointee.database == database { total += pool.pointee.counters }
        }
        return total
    }

    /// Every client that is there, with or without a connection.
    package var clientTokens: [PeerToken] {
        (0..<clients.capacity).compactMap { clients.handle(at: $0) }.map { PeerToken(.client, $0) }
    }
}
