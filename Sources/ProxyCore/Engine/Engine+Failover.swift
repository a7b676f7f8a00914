import Bytes
import PostgresWire

/// A primary that is lost, refuses, or has given up its role: who waits for the next one, for how long, and what
/// becomes of what was running.
extension Engine {
    // MARK: The primary's coming and going

    /// The control plane has said which node is the primary, or the console has.
    func primaryMayHaveChanged(from before: Int) {
        if primary < 0 || primary == before { return }
        // What was refused before says nothing of the node in its new role.
        forEachPool { $0.pointee.nodes[primary].isAnotherNode(now: now) }
        closeWritersElsewhere()
    }

    /// There is another primary: what a former one still runs must not be acknowledged. Who has only a read there, of
    /// which nothing has left, runs it elsewhere; anybody else is told.
    private func closeWritersElsewhere() {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle], server.pointee.phase == .active,
                !server.pointee.isReplica, server.pointee.node != primary
            else { continue }
            if server.pointee.transport != .none {
                actions.append(.close(server.pointee.transport, flush: false))
            }
            serverVanished(server, reason: "the node is not the primary any more")
        }
    }

    /// Opens servers for those who have waited for the primary, as many at once as may log in at once.
    func openForWaiters(_ pool: PoolPointer) {
        guard primary >= 0, pool.pointee.replication == .off else { return }
        while pool.pointee.writers.waiting > pool.pointee.nodes[primary].connecting, mayOpen(pool, primary) {
            open(pool, primary)
        }
    }

    // MARK: Waiting for a primary

    /// Since when there has been no primary for this pool's writes; nil where there is one. A node that does not let
    /// the proxy in is none, unless servers that were opened before go on.
    func outageBegan(_ pool: PoolPointer) -> Microseconds? {
        guard primary >= 0 else { return roster.outage?.since ?? now }
        return pool.pointee.nodes[primary].outage?.since
    }

    /// Whether clients in this queue wait for a primary, and since when they have had to.
    func outageOf(_ pool: PoolPointer, forRead: Bool) -> Microseconds? {
        if forRead {
            let candidates = readNodes(pool)
            guard candidates.isEmpty || candidates.count == 1 && candidates[0] == primary else { return nil }
        }
        return outageBegan(pool)
    }

    /// From when on the client's wait for a free server counts: what it waited for a primary does not.
    func waitBegan(_ client: ClientPointer, _ pool: PoolPointer) -> Microseconds {
        let began = max(client.pointee.since, pool.pointee.resumedAt)
        return primary < 0 ? began : max(began, pool.pointee.nodes[primary].usableSince)
    }

    /// Clients have waited for a primary as long as they may. One that comes and goes does not make them wait for ever.
    func checkWaitForPrimary(_ pool: PoolPointer, since began: Microseconds, forRead: Bool) {
        let limit = options.failoverWait
        while let client = firstWaiting(pool, forRead: forRead) {
            let start = max(client.pointee.since, pool.pointee.resumedAt)
            let isOver =
                now - max(start, began) >= limit || now - start >= limit + pool.pointee.options.queryWaitTimeout
            guard isOver else { return }
            failWaiting(client, noPrimaryError(pool, since: began, forRead: forRead))
        }
    }

    /// Without a primary: reads for which no replica has replayed enough have waited for one as long as they may.
    func checkReadsWithoutPrimary(_ pool: PoolPointer) {
        guard primary < 0, pool.pointee.options.readsOnPrimary != .never, let began = outageBegan(pool) else { return }
        let readers = (0..<pool.pointee.readers.count).compactMap { waitingReader(pool, $0)?.pointee.handle }
        for handle in readers {
            guard let client = clients[handle], needsParticularNode(client, pool), !hasFreshNode(client, pool) else {
                continue
            }
            let start = max(client.pointee.since, pool.pointee.resumedAt, began)
            guard now - start >= options.failoverWait else { continue }
            failWaiting(client, noPrimaryError(pool, since: began, forRead: false))
        }
    }

    /// A client has just begun to wait in the queue: the error where too many wait for a primary already.
    func refusalOfWait(_ client: ClientPointer, _ pool: PoolPointer) -> PostgresError? {
        guard !client.pointee.waitsForRead, let began = outageBegan(pool) else { return nil }
        var waiting = 0
        forEachPool { waiting += $0.pointee.writers.waiting }
        if waiting <= options.failoverQueue { return nil }
        var error = noPrimaryError(pool, since: began, forRead: false)
        error.hint = "\(options.failoverQueue) clients wait for a primary already: failover_queue sets how many may."
        return error
    }

    private func noPrimaryError(_ pool: PoolPointer, since began: Microseconds, forRead: Bool) -> PostgresError {
        PostgresError(
            .error,
            .cannotConnectNow,
            forRead ? "no node takes reads" : "no primary takes writes",
            detail: outageDetail(pool, since: began),
            hint: "Howdah waited for a primary for failover_wait. SHOW NODES on the admin console tells of the nodes."
        )
    }

    /// What is known of the lost primary, and what is waited for.
    private func outageDetail(_ pool: PoolPointer, since began: Microseconds) -> String {
        let time = Timestamp.text(began + environment.clockOffset)
        if primary >= 0 {
            let name = roster.topology.nodes[primary].name
            let reason = pool.pointee.nodes[primary].refusal?.reason ?? "it does not answer"
            return "Node \(name), the primary, has let nobody in since \(time): \(reason)."
        }
        if let switchover = roster.switchover {
            return "SWITCHOVER from node \(roster.topology.nodes[switchover.from].name) began at \(time)."
        }
        let rivals = roster.topology.nodes.filter { $0.state == .up(.primary) }
        if let only = rivals.first, rivals.count == 1 {
            return "Node \(only.name), the primary, has been drained since \(time): UNDRAIN \(only.name) ends that."
        }
        if rivals.count > 1 {
            let names = rivals.map(\.name).joined(separator: ", ")
            return "Several nodes have said since \(time) that they are the primary: \(names). None is written to."
        }
        guard let lost = roster.outage?.node, lost >= 0 else {
            if let node = roster.topology.nodes.first(where: { $0.saidRole == .primary }), let why = node.state.reason {
                return "Node \(node.name) says that it is the primary, and gets no statements: \(why)."
            }
            return "None of the nodes is a primary; one is waited for since \(time)."
        }
        let node = roster.topology.nodes[lost]
        let why = node.state.reason ?? "it is a \(node.state.role) now"
        return "Node \(node.name), the primary, was lost at \(time): \(why). "
            + "Another node's promotion, or its return, is waited for."
    }

    // MARK: What servers tell of their nodes

    /// Whether the node which is taken for the primary has told this server that it is a standby (`in_hot_standby`,
    /// PostgreSQL 14 and later): it has been demoted, and whoever says that it is the primary has not looked since.
    func isDemoted(_ server: ServerPointer) -> Bool {
        server.pointee.node == primary && server.pointee.pool.pointee.replication == .off
            && server.pointee.extras.parameters.contains { $0.name == "in_hot_standby" && $0.value == "on" }
    }

    /// A server says that its node has been promoted since it was taken as a replica's: what has run there counts as
    /// run on the primary.
    func wasPromoted(_ server: ServerPointer) {
        server.pointee.isReplica = false
        clients[server.pointee.client]?.pointee.freshness.track = .writing
    }
}
