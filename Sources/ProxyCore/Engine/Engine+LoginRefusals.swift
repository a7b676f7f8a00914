import Bytes
import PostgresWire

/// Log-ins that a server refuses: who is told so at once, and who waits on.
///
/// Whoever a server of the pool could still serve waits on, as does everybody while a node is only not ready. Where the
/// refusal concerns the user or the database themselves, nothing is to be waited for: clients get the server's own
/// words, as they would without a proxy. A client that logs in makes the proxy ask anew, so that what has been mended
/// holds for the next one.
extension Engine {
    /// The server has refused us before its first ReadyForQuery.
    func loginRefused(_ server: ServerPointer, _ body: RawSpan) {
        let error = PostgresError(.fatal, of: body)
        let verdict = LoginVerdict(body)
        if verdict != .nodesFault, refuseReserved(server, error) { return }
        switch verdict {
        case .forGood: refuse(server, forGood: error)
        case .reachedLimit(let limit):
            if evictOwnServer(for: server, limit) { return fail(server, error.message) }
            refuse(server, forGood: error)
        case .passing, .nodesFault:
            actions.append(.suspectNode(server.pointee.node))
            fail(server, error.message, isRefusal: verdict == .nodesFault)
        }
    }

    /// Nobody of the pool gets a server of this node until somebody mends something.
    func refuse(_ server: ServerPointer, forGood error: PostgresError) {
        let pool = server.pointee.pool
        let node = server.pointee.node
        if server.pointee.extras.listening != nil { return fail(server, error.message) }
        if refuseReserved(server, error) { return }
        pool.pointee.nodes[node].refusedLogin = error
        fail(server, error.message)
        if node == primary, pool.pointee.nodes[node].lacksServers { failAll(pool, forRead: false, error) }
        leaveRefusingNodes(pool)
    }

    /// What was opened with one client's own parameters, for nobody else, is refused to that client alone.
    private func refuseReserved(_ server: ServerPointer, _ error: PostgresError) -> Bool {
        guard let client = clients[server.pointee.extras.reservedFor] else { return false }
        let (pool, node) = (server.pointee.pool, server.pointee.node)
        refuse(client, error)
        fail(server, error.message)
        // It says nothing of others: who waits behind it need not pause.
        pool.pointee.nodes[node].retryAt = 0
        if pool.pointee.waiting > 0 { serveQueues(pool) }
        return true
    }

    /// - Returns: whether connections of the proxy's own count against the limit: a free one gives way, others will
    ///   end.
    private func evictOwnServer(for refused: ServerPointer, _ limit: LoginVerdict.ConnectionLimit) -> Bool {
        let pool = refused.pointee.pool
        var isOurs = false
        var oldest: ServerPointer?
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle], server != refused,
                server.pointee.node == refused.pointee.node
            else { continue }
            let other = server.pointee.pool
            switch limit {
            case .role: guard other.pointee.user == pool.pointee.user else { continue }
            case .database:
                guard other.pointee.options.databaseOnServer == pool.pointee.options.databaseOnServer else { continue }
            }
            switch server.pointee.phase {
            // Whether they are let in is not known yet.
            case .connecting, .authenticating: continue
            case .active, .parked, .draining, .listening, .leaving, .closing: isOurs = true
            case .idle:
                isOurs = true
                if let found = oldest, found.pointee.since <= server.pointee.since { continue }
                oldest = server
            }
        }
        if let oldest { retire(oldest) }
        return isOurs
    }

    // MARK: Who waits

    private func isRefusedLately(_ pool: PoolPointer, _ node: Int) -> Bool {
        pool.pointee.nodes[node].isRefusedLately(now: now)
    }

    /// A client logs in: what has been refused before may have been mended since.
    func askAnew(_ pool: PoolPointer) {
        guard primary >= 0, pool.pointee.nodes[primary].lacksServers, pool.pointee.nodes[primary].connecting == 0 else {
            return
        }
        pool.pointee.nodes[primary].retryAt = 0
    }

    /// A client that has logged in has begun to wait: the error, where the node has just refused the pool for good.
    func refusalOfLogin(_ client: ClientPointer, _ pool: PoolPointer) -> PostgresError? {
        guard client.pointee.flow == .waiting, !client.pointee.waitsForRead, primary >= 0,
            isRefusedLately(pool, primary), var error = pool.pointee.nodes[primary].refusedLogin
        else { return nil }
        error.severity = .error
        return error
    }

    /// Whether every node that takes the pool's reads has just refused it for good.
    func refusesReads(_ pool: PoolPointer) -> Bool {
        let nodes = readNodes(pool)
        for place in 0..<nodes.count where !isRefusedLately(pool, nodes[place]) { return false }
        return !nodes.isEmpty
    }

    /// Reads that wait for nodes which refuse the pool turn to the primary, where that may be, or fail. A replica may
    /// not have replayed yet what lets them in.
    func leaveRefusingNodes(_ pool: PoolPointer) {
        guard pool.pointee.readers.waiting > 0, refusesReads(pool) else { return }
        let nodes = readNodes(pool)
        guard let error = pool.pointee.nodes[nodes[0]].refusedLogin else { return }
        let mayTurn =
            pool.pointee.options.readsOnPrimary != .never && primary >= 0 && !nodes.contains(primary)
            && !isRefusedLately(pool, primary)
        guard mayTurn else { return failAll(pool, forRead: true, error) }
        while let client = firstWaiting(pool, forRead: true) {
            turnToPrimary(client, pool, .notLetIn)
            if client.pointee.flow == .assigned { turn.work.append(.served(client.pointee.handle)) }
        }
    }

    private func failAll(_ pool: PoolPointer, forRead: Bool, _ error: PostgresError) {
        var error = error
        error.severity = .error
        while let client = firstWaiting(pool, forRead: forRead) { failWaiting(client, error) }
    }
}
