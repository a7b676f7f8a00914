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

    /// A free server, marked active, or nil.
    @inline(__always)
    func takeServer(_ pool: PoolPointer, forRead: Bool, profile: ProfileID) -> ServerPointer? {
        let node = forRead ? chooseReadNode(pool) : primary
        if node >= 0 {
            if let server = takeWarmest(pool, node, profile) { return server }
            if !pool.pointee.nodes[node].idle.isEmpty {
                return takeBySettings(pool, node, profile, mayGoElsewhere: forRead)
            }
        }
        return forRead ? takeFromAnyReplica(pool, except: node, profile) : nil
    }

    /// A node was chosen that has no free server, and another with so many servers gave its own: the one that was
    /// chosen gets its share from the next time on.
    func openIfFewer(_ pool: PoolPointer, _ node: Int, than total: Int) {
        if pool.pointee.nodes[node].connecting == 0, pool.pointee.nodes[node].total < total, mayOpen(pool, node) {
            open(pool, node)
        }
    }

    /// A free server of this node; nil where it has none.
    func takeIdle(_ pool: PoolPointer, _ node: Int, _ profile: ProfileID) -> ServerPointer? {
        if let server = takeWarmest(pool, node, profile) { return server }
        if pool.pointee.nodes[node].idle.isEmpty { return nil }
        return takeBySettings(pool, node, profile, mayGoElsewhere: false)
    }

    /// The server used last, if it has the session's settings.
    @inline(__always)
    private func takeWarmest(_ pool: PoolPointer, _ node: Int, _ profile: ProfileID) -> ServerPointer? {
        let nodePool = pool.pointee.nodes + node
        guard let last = nodePool.pointee.idle.last else { return nil }
        guard let warmest = servers[last] else { preconditionFailure("an idle server is not there") }
        guard warmest.pointee.profile == profile else { return nil }
        nodePool.pointee.idle.removeLast()
        return warmest
    }

    /// How many idle servers of a node are looked at for one that has a session's settings.
    private static let mostLookedAt = 64

    /// Prefers a server that has the session's settings already: to bring one to others costs it more than a read by
    /// key. Then one that nobody has had. Then, where the read may go elsewhere, another node's that has the settings,
    /// unless the choice counts for more (`ReadBalance.keepsChoice`). Then one that has none of anybody's, then one
    /// whose settings are least likely to be asked for again.
    private func takeBySettings(
        _ pool: PoolPointer,
        _ node: Int,
        _ profile: ProfileID,
        mayGoElsewhere: Bool
    ) -> ServerPointer? {
        if let server = takeFitting(pool, node, profile) ?? takeUnused(pool, node) { return server }
        if mayGoElsewhere, let server = takeElsewhere(pool, instead: node, profile) { return server }
        if let clean = takeFitting(pool, node, .base) { return clean }
        // With many settings to change, another server within pool_size is worth its while: there is one for each then.
        if pool.pointee.nodes[node].connecting == 0, profiles.settings(of: profile).count >= Self.manySettings,
            mayOpen(pool, node)
        {
            open(pool, node)
        }
        return takeToChange(pool, node)
    }

    /// A server of another read node that has the session's settings.
    private func takeElsewhere(_ pool: PoolPointer, instead node: Int, _ profile: ProfileID) -> ServerPointer? {
        guard let oldest = servers[pool.pointee.nodes[node].idle[0]] else {
            preconditionFailure("an idle server is not there")
        }
        let idle = now - oldest.pointee.since
        let nodes = nearNodes(pool)
        let draw = roster.draw()
        for place in 0..<nodes.count where nodes[place] != node {
            if roster.balance.keepsChoice(of: node, before: nodes[place], idle: idle, draw: draw) { continue }
            guard let server = takeFitting(pool, nodes[place], profile) else { continue }
            openIfFewer(pool, node, than: pool.pointee.nodes[nodes[place]].total)
            return server
        }
        return nil
    }

    /// An idle server that has served nobody yet: there is nobody who could come back to its settings.
    private func takeUnused(_ pool: PoolPointer, _ node: Int) -> ServerPointer? {
        let nodePool = pool.pointee.nodes + node
        // It lies where it was put when it was opened: those that have been used since lie behind it.
        for index in 0..<min(nodePool.pointee.idle.count, Self.mostLookedAt) {
            guard let server = servers[nodePool.pointee.idle[index]], server.pointee.lastClient == 0,
                server.pointee.profile == .base
            else { continue }
            nodePool.pointee.idle.remove(at: index)
            return server
        }
        return nil
    }

    /// So long after its last use a server's settings are taken not to be asked for again at once, in microseconds.
    private static let soon: Microseconds = 20_000

    /// A server to be brought to other settings: the one that has idled longest, if nobody seems to come back to it.
    /// Else the one used last: where sessions come back by turns and are more than the servers, the longest idle is
    /// always the one that is wanted next.
    private func takeToChange(_ pool: PoolPointer, _ node: Int) -> ServerPointer? {
        let nodePool = pool.pointee.nodes + node
        guard let oldest = servers[nodePool.pointee.idle[0]] else { preconditionFailure("an idle server is not there") }
        if now - oldest.pointee.since < Self.soon { return servers[nodePool.pointee.idle.removeLast()] }
        nodePool.pointee.idle.remove(at: 0)
        return oldest
    }

    /// The idle server used last of those that have these settings.
    private func takeFitting(_ pool: PoolPointer, _ node: Int, _ profile: ProfileID) -> ServerPointer? {
        let nodePool = pool.pointee.nodes + node
        let count = nodePool.pointee.idle.count
        for index in (max(0, count - Self.mostLookedAt)..<count).reversed() {
            guard let server = servers[nodePool.pointee.idle[index]], server.pointee.profile == profile else {
                continue
            }
            nodePool.pointee.idle.remove(at: index)
            return server
        }
        return nil
    }

    func assign(_ server: ServerPointer, to client: ClientPointer) {
        let pool = server.pointee.pool
        let nodePool = pool.pointee.nodes + server.pointee.node
        server.pointee.phase = .active
        server.pointee.client = client.pointee.handle
        server.pointee.since = now
        server.pointee.isReplica = server.pointee.node != primary
        client.pointee.server = server.pointee.handle
        server.pointee.lastClient = client.pointee.processID
        nodePool.pointee.active &+= 1
        nodePool.pointee.assignments &+= 1
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
            nodePool.pointee.active &-= 1
            nodePool.pointee.leaving += 1
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
        nodePool.pointee.leaving -= 1
        offer(server)
    }

    // MARK: Opening

    /// Opens as many servers as the queue wants and the limits allow; on no node more at once than clients wait for.
    func openServers(_ pool: PoolPointer, forRead: Bool) {
        if pool.pointee.replication != .off { return openReserved(pool) }
        if forRead {
            openFirstServers(pool)
            for _ in 0..<max(1, roster.replicas.count) {
                if connecting(pool, forRead: true) >= waitingReaders(pool) { return }
                guard let node = bestNodeToOpen(pool) else { return }
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

    /// Whether more clients wait for a server of the node than are being opened there. A node that is slow to answer
    /// does not keep another from being tried.
    func isWanted(_ pool: PoolPointer, _ node: Int) -> Bool {
        let mayRead = readNodes(pool).contains(node) && pool.pointee.nodes[node].idle.isEmpty
        var wanted = mayRead ? waitingReaders(pool) : 0
        if node == primary { wanted += pool.pointee.writers.waiting }
        return pool.pointee.nodes[node].connecting < wanted
    }

    private func waitingReaders(_ pool: PoolPointer) -> Int { pool.pointee.readers.waiting }

    private func connecting(_ pool: PoolPointer, forRead: Bool) -> Int {
        let nodes = usableNodes(pool)
        return (0..<nodes.count).reduce(0) { $0 + pool.pointee.nodes[nodes[$1]].connecting }
    }

    /// The read node with the fewest servers for its weight, of those that may have one more.
    private func bestNodeToOpen(_ pool: PoolPointer) -> Int? {
        let nodes = usableNodes(pool)
        var best: Int?
        for place in 0..<nodes.count where isWanted(pool, nodes[place]) && mayOpen(pool, nodes[place]) {
            let node = nodes[place]
            guard let other = best else {
                best = node
                continue
            }
            let share = (pool.pointee.nodes[node].total + 1) * max(1, roster.topology.nodes[other].weight)
            if share < (pool.pointee.nodes[other].total + 1) * max(1, roster.topology.nodes[node].weight) {
                best = node
            }
        }
        return best
    }

    func mayOpen(_ pool: PoolPointer, _ node: Int) -> Bool {
        let nodePool = pool.pointee.nodes + node
        let limits = pool.pointee.options
        guard !pool.pointee.isPaused, now >= nodePool.pointee.retryAt, nodePool.pointee.connecting < limits.connectRamp
        else { return false }
        var size = limits.size
        if limits.reserveSize > 0, longestWait(pool) >= limits.reserveTimeout { size += limits.reserveSize }
        guard nodePool.pointee.total < size, !pool.pointee.isDead else { return false }
        if pool.pointee.hasGenerations, totalOfGenerations(pool, node) >= size { return false }
        return reachedLimit(pool) == nil
    }

    private func longestWait(_ pool: PoolPointer) -> Microseconds {
        let writer = firstWaiting(&pool.pointee.writers, read: false)?.pointee.since ?? now
        let reader = firstWaiting(&pool.pointee.readers, read: true)?.pointee.since ?? now
        return now - min(writer, reader)
    }

    @discardableResult
    func open(_ pool: PoolPointer, _ node: Int) -> Handle {
        pool.pointee.nodes[node].connecting += 1
        pools.quota.serverOpened(pool.pointee.database, pool.pointee.user)
        let handle = servers.insert { ServerSession(handle: $0, pool: pool, node: node, now: now) }
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
        let nodePool = pool.pointee.nodes + server.pointee.node
        switch server.pointee.phase {
        case .connecting, .authenticating: nodePool.pointee.connecting -= 1
        case .idle: nodePool.pointee.idle.removeAll { $0 == server.pointee.handle }
        case .active, .parked:
            nodePool.pointee.active -= 1
            roster.balance.ended(on: server.pointee.node)
        case .draining: nodePool.pointee.leaving -= 1
        case .listening, .leaving, .closing: return
        }
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
