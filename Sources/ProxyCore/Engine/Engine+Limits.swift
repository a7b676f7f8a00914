import Bytes

/// Limits over several pools: who gives way where one is reached.
extension Engine {
    /// The limit over several pools that is reached, if one is.
    func reachedLimit(_ pool: PoolPointer) -> Quota.Scope? {
        pools.quota.limit(ofServers: pool.pointee.database, pool.pointee.user, pool.pointee.options, all: servers.count)
    }

    /// Where clients wait and such a limit is reached, the server under it that has been free for the longest time
    /// gives way: nobody waits while one idles.
    func evictIdleServer(for pool: PoolPointer) {
        guard pool.pointee.waiting > 0, let limit = reachedLimit(pool) else { return }
        var oldest: ServerPointer?
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            // One is on its way out already: its place is had with the next tick.
            if server.pointee.phase == .closing { return }
            guard server.pointee.phase == .idle, counts(server, under: limit, with: pool) else { continue }
            if let found = oldest, found.pointee.since <= server.pointee.since { continue }
            oldest = server
        }
        if let oldest { retire(oldest) }
    }

    private func counts(_ server: ServerPointer, under limit: Quota.Scope, with pool: PoolPointer) -> Bool {
        let other = server.pointee.pool
        switch limit {
        case .process: return true
        case .database: return other.pointee.database == pool.pointee.database
        case .user: return other.pointee.user == pool.pointee.user
        }
    }
}
