import Bytes
import PostgresWire
import StatementRouting

/// Balance: which of the nodes that may run a read does.
extension Engine {
    // MARK: Who may

    /// The nodes that may run the pool's reads, in whatever zone; the primary among them by `reads_on_primary`.
    @inline(__always)
    func readNodes(_ pool: PoolPointer) -> NodeList {
        switch pool.pointee.options.readsOnPrimary {
        case .never: roster.replicaReaders.all
        case .always: roster.readersWithPrimary.all
        case .fallback: roster.replicas.isEmpty ? roster.readersWithPrimary.all : roster.replicaReaders.all
        }
    }

    /// Those of them that come first: in the proxy's own zone, if any is there.
    @inline(__always)
    func nearNodes(_ pool: PoolPointer) -> NodeList {
        switch pool.pointee.options.readsOnPrimary {
        case .never: roster.replicaReaders.near
        case .always: roster.readersWithPrimary.near
        case .fallback: roster.replicas.isEmpty ? roster.readersWithPrimary.near : roster.replicaReaders.near
        }
    }

    /// As `nearNodes`; all, where those refuse the pool's connections.
    func usableNodes(_ pool: PoolPointer) -> NodeList {
        let near = nearNodes(pool)
        let all = readNodes(pool)
        if near.count == all.count { return all }
        for place in 0..<near.count where !isRefused(pool, near[place]) { return near }
        return all
    }

    /// The pool has no servers on the node, and has lately failed to open one.
    func isRefused(_ pool: PoolPointer, _ node: Int) -> Bool { pool.pointee.nodes[node].isRefused(now: now) }

    // MARK: Clients to which any will do

    /// -1 where there is none.
    @inline(__always)
    func chooseReadNode(_ pool: PoolPointer) -> Int {
        let nodes = nearNodes(pool)
        if nodes.count <= 1 { return nodes.isEmpty ? -1 : nodes[0] }
        let draw = roster.draw()
        return roster.balance.choose(nodes, draw: draw) { _ in true }
    }

    /// The node that was chosen has no free server: another's serves, and one is opened for the next time.
    func takeFromAnyReplica(_ pool: PoolPointer, except tried: Int, _ profile: ProfileID) -> ServerPointer? {
        let nodes = usableNodes(pool)
        let draw = roster.draw()
        let node = roster.balance.choose(nodes, draw: draw) {
            $0 != tried && !pool.pointee.nodes[$0].idle.isEmpty && isQuickerThanWaiting($0, pool)
        }
        if node < 0 { return nil }
        if tried >= 0 { openForShare(pool, tried, beside: node) }
        return takeIdle(pool, node, profile)
    }

    /// Whether a read is over sooner on this node than if it waited for the next server of a quicker one. One that has
    /// waited for as long as a read takes here is not told to wait on.
    func isQuickerThanWaiting(_ node: Int, _ pool: PoolPointer) -> Bool {
        let nodes = nearNodes(pool)
        let own = roster.balance.latency(node)
        for place in 0..<nodes.count where nodes[place] != node {
            let active = pool.pointee.nodes[nodes[place]].active
            if active == 0 { continue }
            let rounds = 1 + Double(pool.pointee.readers.waiting + 1) / Double(active)
            guard own > roster.balance.latency(nodes[place]) * max(2, rounds) else { continue }
            guard let first = firstWaiting(pool, forRead: true) else { return false }
            return Double(now - first.pointee.since) >= own
        }
        return true
    }

    // MARK: Clients to which it matters which

    /// Whether a read of the client's cannot simply run anywhere.
    @inline(__always)
    func needsParticularNode(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        mustBeFresh(client, pool) || pool.pointee.options.balanceLevel == .session || client.pointee.tries.hasLosses
    }

    /// Where such a client's read is to run; -1 where no node is fresh for it. With `balance_level = session` the
    /// choice is kept.
    func chooseNode(_ client: ClientPointer, _ pool: PoolPointer) -> Int {
        let isSession = pool.pointee.options.balanceLevel == .session
        if isSession, keepsReplica(client, pool) { return Int(client.pointee.replica) }
        let near = usableNodes(pool)
        let draw = roster.draw()
        var node = roster.balance.choose(near, draw: draw) {
            isFresh($0, for: client, pool) && !isRefused(pool, $0)
        }
        if node < 0 {
            let draw = roster.draw()
            node = roster.balance.choose(readNodes(pool), draw: draw) { isFresh($0, for: client, pool) }
        }
        if isSession { client.pointee.replica = Int16(truncatingIfNeeded: node) }
        return node
    }

    /// Whether the replica to which the session keeps can run its next read.
    private func keepsReplica(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        let node = Int(client.pointee.replica)
        return node >= 0 && readNodes(pool).contains(node) && isFresh(node, for: client, pool)
            && !isRefused(pool, node)
    }

    /// A free server where such a client's read may run.
    func takeFreshServer(_ client: ClientPointer, _ pool: PoolPointer) -> ServerPointer? {
        forgiveLosses(client, pool)
        let chosen = chooseNode(client, pool)
        if chosen < 0 { return nil }
        if let server = takeIdle(pool, chosen, client.pointee.profile) { return server }
        if pool.pointee.options.balanceLevel == .session { return nil }
        let draw = roster.draw()
        let node = roster.balance.choose(usableNodes(pool), draw: draw) {
            $0 != chosen && !pool.pointee.nodes[$0].idle.isEmpty && isFresh($0, for: client, pool)
        }
        if node < 0 { return nil }
        openForShare(pool, chosen, beside: node)
        return takeIdle(pool, node, client.pointee.profile)
    }

    func openFreshServer(_ client: ClientPointer, _ pool: PoolPointer) {
        openFirstServers(pool)
        if pool.pointee.options.balanceLevel == .session {
            let node = chooseNode(client, pool)
            if node >= 0, mayOpen(pool, node) { open(pool, node) }
            return
        }
        let nodes = usableNodes(pool)
        if !openFreshServer(client, pool, nodes), nodes.count < readNodes(pool).count {
            openFreshServer(client, pool, readNodes(pool))
        }
    }

    /// Opens one on the node with the fewest servers.
    /// - Returns: whether any of the nodes is fresh for the client.
    @discardableResult
    private func openFreshServer(_ client: ClientPointer, _ pool: PoolPointer, _ nodes: NodeList) -> Bool {
        var isThere = false
        var best = -1
        for place in 0..<nodes.count {
            let node = nodes[place]
            guard isFresh(node, for: client, pool) else { continue }
            isThere = true
            guard isWanted(pool, node), mayOpen(pool, node) else { continue }
            if best < 0 || pool.pointee.nodes[node].total < pool.pointee.nodes[best].total { best = node }
        }
        if best >= 0 { open(pool, best) }
        return isThere
    }

    // MARK: Servers that have become free

    /// Whether a free server of a read node should run the next read of a client that waits.
    /// - Parameter anybody: whether it should run that of a client to which any node will do.
    func serves(_ node: Int, _ client: ClientPointer, _ pool: PoolPointer, anybody: Bool) -> Bool {
        if !needsParticularNode(client, pool) { return anybody }
        guard isFresh(node, for: client, pool) else { return false }
        if pool.pointee.options.balanceLevel == .session { return chooseNode(client, pool) == node }
        let near = usableNodes(pool)
        if near.contains(node) { return true }
        for place in 0..<near.count where isFresh(near[place], for: client, pool) { return false }
        return true
    }

    // MARK: Measuring

    /// The first bytes of the reply to a read have come.
    func noteFirstByte(_ server: ServerPointer) {
        server.pointee.isTimed = false
        // What comes unasked once the server is free again is no reply.
        guard server.pointee.phase == .active else { return }
        roster.noteRead(on: server.pointee.node, time: max(0, now - server.pointee.since))
    }

    // MARK: For people

    /// The weight as people read it: with what slow start leaves of it.
    func describeWeight(_ node: Int) -> String {
        let full = roster.topology.nodes[node].weight
        guard roster.balance.nodes[node].isStarting else { return "\(full)" }
        let part = roster.balance.nodes[node].weight / roster.balance.nodes[node].fullWeight
        return "\(Int(Double(full) * part)) of \(full)"
    }

    /// Smoothed time to the first byte of a read's reply; nil before enough have been seen.
    func describeLatency(_ node: Int) -> String? {
        guard roster.balance.nodes[node].isKnown else { return nil }
        let hundredths = Int(roster.balance.nodes[node].latency / 10)
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    }
}
