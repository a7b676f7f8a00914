import Bytes
import PostgresWire
import StatementRouting

/// Servers: who gets which, who waits, when one more is opened and when one is closed.
extension Engine {
    func pool(_ key: PoolKey) -> PoolPointer {
        if let pool = pools[key] { return pool }
        let poolOptions = poolOptions(key)
        let catalog = databases.catalogs[poolOptions.databaseOnServer]
        let pool = pools.insert(key) {
            Pool(
                handle: $0,
                key: key,
                options: poolOptions,
                nodeCount: roster.topology.nodes.count,
                catalog: catalog,
                epoch: databases.schemas.current(poolOptions.databaseOnServer)
            )
        }
        pool.pointee.isPaused = key.replication == .off && orders.paused.contains(key.database)
        if let listening = databases.listening[poolOptions.databaseOnServer], !listening.clients.isEmpty {
            pool.pointee.listening = listening
        }
        setCatalog(of: pool, catalog)
        pool.pointee.isCatalogOutdated = databases.catalogs.isOutdated(poolOptions.databaseOnServer)
        return pool
    }

    // MARK: Taking

    /// Gives the client a server now, or a place in the queue. In the first case its flow is `assigned`.
    func requestServer(_ client: ClientPointer, _ pool: PoolPointer, forRead: Bool) {
        if pool.pointee.isPaused { return wait(client, pool, forRead: forRead) }
        if let server = takeServer(pool, forRead: forRead, profile: client.pointee.profile) {
            assign(server, to: client)
            return
        }
        wait(client, pool, forRead: forRead)
        openServers(pool, forRead: forRead)
    }

    /// A free server, which is the caller's to assign; nil where there is none.
    @inline(__always)
    func takeServer(_ pool: PoolPointer, forRead: Bool, profile: ProfileID) -> ServerPointer? {
        let node = forRead ? chooseReadNode(pool) : primary
        if node >= 0, let warmest = pool.pointee.nodes[node].takeWarmest(profile) { return granted(warmest) }
        return takeOtherServer(pool, node, forRead: forRead, profile)
    }

    /// The server used last does not fit.
    private func takeOtherServer(_ pool: PoolPointer, _ node: Int, forRead: Bool, _ profile: ProfileID)
        -> ServerPointer?
    {
        if node < 0 || pool.pointee.nodes[node].idle.isEmpty {
            return forRead ? takeFromAnyReplica(pool, except: node, profile) : nil
        }
        if !forRead { return takeIdle(pool, node, profile) }
        let draw = roster.draw()
        let grant = pool.pointee.grant(from: node, profile, profiles, now: now, orFrom: nearNodes(pool)) {
            !roster.balance.keepsChoice(of: node, before: $0, idle: $1, draw: draw)
        }
        return carryOut(grant, pool)
    }

    /// A free server of this node, which is the caller's to assign; nil where it has none.
    func takeIdle(_ pool: PoolPointer, _ node: Int, _ profile: ProfileID) -> ServerPointer? {
        carryOut(pool.pointee.grant(from: node, profile, profiles, now: now), pool)
    }

    private func carryOut(_ grant: Grant, _ pool: PoolPointer) -> ServerPointer? {
        if let node = grant.opens, mayOpen(pool, node) { open(pool, node) }
        return grant.server.isNone ? nil : granted(grant.server)
    }

    @inline(__always)
    private func granted(_ handle: Handle) -> ServerPointer {
        guard let server = servers[handle] else { preconditionFailure("an idle server is not there") }
        return server
    }

    /// A node was chosen that has no free server, and another gives its own.
    func openForShare(_ pool: PoolPointer, _ node: Int, beside other: Int) {
        if pool.pointee.lacksItsShare(node, beside: other), mayOpen(pool, node) { open(pool, node) }
    }

    /// A server that has been taken for the client is the client's.
    func assign(_ server: ServerPointer, to client: ClientPointer) {
        let pool = server.pointee.pool
        server.pointee.phase = .active
        server.pointee.client = client.pointee.handle
        server.pointee.since = now
        server.pointee.isReplica = server.pointee.node != primary
        client.pointee.server = server.pointee.handle
        server.pointee.lastClient = client.pointee.processID
        server.pointee.isTimed = client.pointee.lastRoute.isRead
        roster.balance.began(on: server.pointee.node)
        pool.pointee.counters.serverAssignments &+= 1
        if client.pointee.flow == .waiting {
            leaveQueue(client, pool)
            pool.pointee.counters.waitTime &+= UInt64(max(0, now - client.pointee.since))
        }
        client.pointee.flow = .assigned
    }

    // MARK: Giving back

    /// The client lets go of its server, whose transaction is over and which owes it nothing.
    func release(_ server: ServerPointer, from client: ClientPointer) {
        client.pointee.server = .none
        server.pointee.client = .none
        becomeFree(server)
    }

    /// The server has no client: cleans it if it must be, and offers it to whoever waits.
    func becomeFree(_ server: ServerPointer) {
        let pool = server.pointee.pool
        let nodePool = pool.pointee.nodes + server.pointee.node
        if server.pointee.phase == .active {
            nodePool.pointee.drains()
            roster.balance.ended(on: server.pointee.node)
        }
        server.pointee.phase = .draining
        guard server.pointee.conversation.isQuiet else { return }
        // A signal that comes late hits nothing of the proxy's own.
        guard server.pointee.cancels == 0 else { return }
        if server.pointee.conversation.status != .idle {
            inject(server, "ROLLBACK", purpose: .rollback)
            return
        }
        if pool.pointee.replication == .off,
            let statement = server.pointee.cleanup.statement(prepared: server.pointee.conversation.statements.count)
        {
            inject(server, statement, purpose: .cleanup)
            return
        }
        if server.pointee.profile != .base, resetTimeouts(server) { return }
        guard server.pointee.fences == 0 else { return }
        if isMisplaced(server) || isTooOld(server) || pool.pointee.replication != .off
            || server.pointee.cleanup == .close || isOutdatedLogin(server)
            || pools.quota.mayBeExceeded && isBeyondLimits(pool, server.pointee.node)
        {
            retire(server)
            return
        }
        nodePool.pointee.isDrained()
        offer(server)
    }

    // MARK: Opening

    /// Opens as many servers as the queue wants and the limits allow; on no node more at once than clients wait for.
    func openServers(_ pool: PoolPointer, forRead: Bool) {
        if pool.pointee.replication != .off { return openReserved(pool) }
        if forRead {
            openFirstServers(pool)
            for _ in 0..<max(1, roster.replicas.count) {
                let nodes = usableNodes(pool)
                guard pool.pointee.connecting(on: nodes) < pool.pointee.readers.waiting,
                    let node = pool.pointee.nodeToOpen(
                        nodes,
                        weight: { roster.topology.nodes[$0].weight },
                        where: { isWanted(pool, $0) && mayOpen(pool, $0) }
                    )
                else { return }
                open(pool, node)
            }
        } else if primary >= 0, isWanted(pool, primary), mayOpen(pool, primary) {
            open(pool, primary)
        }
    }

    /// One on each node among which the pool's reads are shared, where it has none: else whoever comes while the second
    /// is being opened would read from the first alone.
    func openFirstServers(_ pool: PoolPointer) {
        let nodes = usableNodes(pool)
        for place in 0..<nodes.count where pool.pointee.nodes[nodes[place]].total == 0 && mayOpen(pool, nodes[place]) {
            open(pool, nodes[place])
        }
    }

    func isWanted(_ pool: PoolPointer, _ node: Int) -> Bool {
        pool.pointee.wantsMore(on: node, takesReads: readNodes(pool).contains(node), isPrimary: node == primary)
    }

    func mayOpen(_ pool: PoolPointer, _ node: Int) -> Bool {
        // Who has waited longest is looked up first: what asks holds the pool.
        let wait = pool.pointee.options.reserveSize > 0 ? longestWait(pool) : 0
        return pool.pointee.mayOpen(
            on: node,
            now: now,
            longestWait: wait,
            totalOfAll: totalOfGenerations(pool, node),
            isLimitReached: reachedLimit(pool) != nil
        )
    }

    private func longestWait(_ pool: PoolPointer) -> Microseconds {
        let writer = firstWaiting(pool, forRead: false)?.pointee.since ?? now
        let reader = firstWaiting(pool, forRead: true)?.pointee.since ?? now
        return now - min(writer, reader)
    }

    @discardableResult
    func open(_ pool: PoolPointer, _ node: Int) -> Handle {
        pool.pointee.nodes[node].opens()
        pools.quota.serverOpened(pool.pointee.database, pool.pointee.user)
        let handle = servers.insert { ServerSession(handle: $0, pool: pool, node: node, now: now, turn.clock) }
        actions.append(.connect(PeerToken(.server, handle), node: node))
        return handle
    }

    // MARK: Closing

    /// Closes a server that owes nobody anything, with Terminate.
    func retire(_ server: ServerPointer) {
        leavePool(server)
        var builder = MessageBuilder()
        builder.terminate()
        server.pointee.conversation.sendUncounted(builder, from: buffers)
        touch(server)
        actions.append(.close(server.pointee.transport, flush: true))
    }

    /// Closes a server at once, whatever it is doing.
    func abandon(_ server: ServerPointer) {
        if server.pointee.transport != .none { actions.append(.close(server.pointee.transport, flush: false)) }
        drop(server)
    }

    /// Forgets a server whose connection is gone.
    func drop(_ server: ServerPointer) {
        leavePool(server)
        if server.pointee.changesSchema { schemaChangeEnded(server) }
        remove(server)
    }

    /// Gives up the slot of a server that is out of its pool.
    func remove(_ server: ServerPointer) {
        if server.pointee.changesCatalog { catalogMayHaveChanged(server) }
        while let entry = server.pointee.conversation.takeEntry() { releaseStatements(of: entry) }
        endRequests(server.pointee.extras.cancelRequesters)
        server.pointee.conversation.clear(to: buffers)
        server.pointee.settings.end(profiles)
        processes.left(server.pointee.process, server.pointee.handle)
        servers.remove(server.pointee.handle)
    }

    /// Lets go of what a reply that will not come held on to.
    func releaseStatements(of entry: LedgerEntry) {
        if entry.kind == .parse { statements.release(entry.statement) }
        statements.release(entry.previous)
    }

    /// Takes a server out of its pool's counts.
    func leavePool(_ server: ServerPointer) {
        if server.pointee.extras.listening != nil {
            server.pointee.phase = .closing
            return
        }
        let pool = server.pointee.pool
        let stage: NodePool.Stage
        switch server.pointee.phase {
        case .connecting, .authenticating: stage = .connecting
        case .idle: stage = .idle
        case .active, .parked:
            stage = .active
            roster.balance.ended(on: server.pointee.node)
        case .draining: stage = .leaving
        case .listening, .leaving, .closing: return
        }
        pool.pointee.nodes[server.pointee.node].left(server.pointee.handle, from: stage)
        server.pointee.phase = .closing
        pools.quota.serverClosed(pool.pointee.database, pool.pointee.user)
    }

    /// Whether the node no longer is what the server was opened for: reads and writes must not go there by old
    /// acquaintance.
    private func isMisplaced(_ server: ServerPointer) -> Bool {
        !roster.isUsable(server.pointee.node) || server.pointee.pool.pointee.isPaused
            || server.pointee.pool.pointee.isDead
    }

    private func isTooOld(_ server: ServerPointer) -> Bool {
        let lifetime = server.pointee.pool.pointee.options.serverLifetime
        return lifetime > 0 && now - server.pointee.created > lifetime
    }

    /// Free servers on nodes that are down are closed at once; those in use when they come back.
    func retireMisplacedServers() {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            if server.pointee.phase == .idle, isMisplaced(server) { retire(server) }
        }
    }
}
