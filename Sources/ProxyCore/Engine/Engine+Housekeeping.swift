import Bytes
import PostgresWire

/// What time brings: waits and idle times that have become too long, servers that are too old, pools that nobody uses.
extension Engine {
    /// Clients that have waited too long for a server are told; where servers may be opened, they are.
    func checkQueues(_ pool: PoolPointer) {
        guard pool.pointee.waiting > 0, !pool.pointee.isPaused else { return }
        let limit = pool.pointee.options.queryWaitTimeout
        for forRead in [false, true] {
            if let began = outageOf(pool, forRead: forRead) {
                checkWaitForPrimary(pool, since: began, forRead: forRead)
                continue
            }
            while let client = firstWaiting(pool, forRead: forRead), now - waitBegan(client, pool) >= limit {
                failWaiting(client, waitError(pool, forRead: forRead))
            }
        }
        if primary < 0 { checkReadsWithoutPrimary(pool) }
        if pool.pointee.waiting > 0 {
            evictIdleServer(for: pool)
            evictIdleServerOfGenerations(for: pool)
            serveQueues(pool)
        }
    }

    private func waitError(_ pool: PoolPointer, forRead: Bool) -> PostgresError {
        let nodes = forRead ? readNodes(pool).indexes : primary >= 0 ? [primary] : []
        let failure = nodes.compactMap { pool.pointee.nodes[$0].lastFailure }.first
        let detail: String
        if nodes.isEmpty {
            detail = "No replica takes reads now."
        } else if let failure {
            detail = "The last connection to a server failed: \(failure)"
        } else {
            detail = "All \(pool.pointee.options.size) servers of each node were in use."
        }
        return PostgresError(
            .error,
            .tooManyConnections,
            "no server became free within query_wait_timeout",
            detail: detail,
            hint:
                "Raise pool_size for database \"\(pool.pointee.database)\" or user \"\(pool.pointee.user)\", or keep transactions shorter."
        )
    }

    /// Ends a client's wait, for a server or what else its batch needs, with an error for that batch.
    func failWaiting(_ client: ClientPointer, _ error: PostgresError) {
        guard let pool = client.pointee.pool else { return }
        switch client.pointee.flow {
        case .waiting: leaveQueue(client, pool)
        case .claiming: endClaim(client)
        case .locating: client.pointee.consistency?.request = .none
        default: return
        }
        if client.pointee.phase == .welcoming {
            client.pointee.flow = .between
            refuse(client, error)
            return
        }
        client.pointee.flow = .refused
        extras(of: client).refusal = error
        turn.work.append(.goOn(client.pointee.handle))
    }

    func scanServers() {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            switch server.pointee.phase {
            case .connecting, .authenticating:
                if now - server.pointee.created > options.serverConnectTimeout {
                    if server.pointee.transport != .none {
                        actions.append(.close(server.pointee.transport, flush: false))
                    }
                    actions.append(.suspectNode(server.pointee.node))
                    serverFailed(server, reason: "no answer within server_connect_timeout", isRefusal: true)
                }
            case .idle:
                let limits = server.pointee.pool.pointee.options
                let isIdleTooLong =
                    limits.serverIdleTimeout > 0 && now - server.pointee.since > limits.serverIdleTimeout
                let isTooOld = limits.serverLifetime > 0 && now - server.pointee.created > limits.serverLifetime
                let total = server.pointee.pool.pointee.nodes[server.pointee.node].total
                let isNeeded = server.pointee.pool.pointee.clients > 0 || !server.pointee.pool.pointee.isSuperseded
                if isTooOld || (isIdleTooLong && total > limits.minimumSize) || !isNeeded || isOutdatedLogin(server) {
                    retire(server)
                }
            case .leaving:
                if now - server.pointee.since > options.serverConnectTimeout { abandon(server) }
            case .active, .parked, .draining, .listening, .closing: break
            }
        }
        for index in 0..<cancels.capacity {
            guard let handle = cancels.handle(at: index), let cancel = cancels[handle] else { continue }
            if now - cancel.pointee.since > options.serverConnectTimeout {
                if cancel.pointee.transport != .none { actions.append(.close(cancel.pointee.transport, flush: false)) }
                cancelEnded(cancel)
            }
        }
    }

    func scanClients() {
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle] else { continue }
            switch client.pointee.phase {
            case .startup, .authenticating:
                if now - client.pointee.since > options.clientLoginTimeout {
                    refuse(
                        client,
                        PostgresError(
                            .fatal,
                            .protocolViolation,
                            "canceling authentication due to timeout",
                            hint: "Raise client_login_timeout."
                        )
                    )
                }
            case .ready:
                if client.pointee.input != .open {
                    leaveIfDone(client)
                    guard clients[handle] != nil, client.pointee.phase == .ready else { continue }
                    probe(client)
                }
                checkIdleTimes(client)
                // Its last answer may have come from no server.
                if orders.isDraining, let client = clients[handle] { dismissIfIdle(client) }
                if let client = clients[handle], client.pointee.phase == .ready { checkStandstill(client) }
            case .console: checkStandstill(client)
            case .welcoming, .cancelling, .closing: break
            }
        }
        memory.unread.looked()
    }

    private func checkIdleTimes(_ client: ClientPointer) {
        guard client.pointee.outstanding == 0, client.pointee.flow == .between, let pool = client.pointee.pool else {
            return
        }
        let idle = now - client.pointee.since
        let limits = pool.pointee.options
        switch client.pointee.transaction {
        case .none:
            if limits.clientIdleTimeout > 0, idle > limits.clientIdleTimeout {
                refuse(
                    client,
                    PostgresError(
                        .fatal,
                        .idleSessionTimeout,
                        "terminating connection due to idle-session timeout",
                        hint: "Raise client_idle_timeout."
                    )
                )
            }
        case .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .failed, .failedEnding, .lost,
            .beginningToLead, .leading, .leadingReadOnly, .leadingFailed, .leadingFailedEnding:
            if limits.idleTransactionTimeout > 0, idle > limits.idleTransactionTimeout {
                refuse(
                    client,
                    PostgresError(
                        .fatal,
                        .idleInTransactionTimeout,
                        "terminating connection due to idle-in-transaction timeout",
                        hint: "Raise idle_transaction_timeout."
                    )
                )
            }
        }
    }

    /// Opens servers up to `min_pool_size`, on nodes that take statements.
    func keepMinimum(_ pool: PoolPointer) {
        let wanted = pool.pointee.options.minimumSize
        guard wanted > 0, pool.pointee.clients > 0, !pool.pointee.isSuperseded else { return }
        for node in roster.topology.nodes where roster.isUsable(node.index) {
            let nodePool = pool.pointee.nodes + node.index
            if nodePool.pointee.total < wanted, nodePool.pointee.connecting == 0, mayOpen(pool, node.index) {
                open(pool, node.index)
            }
        }
    }

    /// Forgets pools that have neither clients nor servers.
    func dropUnusedPools() {
        forEachPool { pool in
            guard pool.pointee.clients == 0 else { return }
            for index in 0..<pool.pointee.nodeCount where pool.pointee.nodes[index].total > 0 { return }
            if isListening(pool) { return }
            forgetWelcomes(pool)
            let database = pool.pointee.options.databaseOnServer
            pools.remove(pool)
            leaveCatalog(of: database)
        }
    }
}
