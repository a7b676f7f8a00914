import Bytes

/// Limits over several pools: of the whole process, of a database and of a user.
extension Engine {
    /// A limit that keeps a pool from opening another server.
    enum ServerLimit {
        case process
        case database
        case user
    }

    /// The limit over several pools that is reached, if one is.
    func reachedLimit(_ pool: PoolPointer) -> ServerLimit? {
        let limits = pool.pointee.options
        if options.maximumServers > 0, servers.count >= options.maximumServers { return .process }
        if limits.maximumDatabaseServers > 0,
            databaseServers[pool.pointee.database] ?? 0 >= limits.maximumDatabaseServers
        {
            return .database
        }
        if limits.maximumUserServers > 0, userServers[pool.pointee.user] ?? 0 >= limits.maximumUserServers {
            return .user
        }
        return nil
    }

    /// Where clients wait and such a limit is reached, the server under it that has been free for the longest time gives way: nobody waits while one idles.
    func makeWay(for pool: PoolPointer) {
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

    private func counts(_ server: ServerPointer, under limit: ServerLimit, with pool: PoolPointer) -> Bool {
        let other = server.pointee.pool
        switch limit {
        case .process: return true
        case .database: return other.pointee.database == pool.pointee.database
        case .user: return other.pointee.user == pool.pointee.user
        }
    }

    /// One less of a database's or a user's; a name that counts nothing is forgotten, or names that clients make up would add up.
    func uncount(_ name: String, in counts: inout [String: Int]) {
        guard let count = counts[name] else { return }
        counts[name] = count > 1 ? count - 1 : nil
    }
}
