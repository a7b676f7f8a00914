import Bytes
import PostgresWire
import StatementRouting

/// `pinned_reads = replica`: a pinned client runs a plain read, to which what it is pinned for does not matter, on a
/// replica. Its own server is parked meanwhile: it is the client's still, and what it says unasked waits until the read
/// is over. Whatever goes wrong on the replica before something of the reply has left, the client's own server has the
/// last word.
extension Engine {
    // MARK: Which reads

    /// Why a batch of a pinned client cannot run on a replica; nil where it can, if one is free.
    func pinnedReadObstacle(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) -> PinnedReadObstacle?
    {
        guard let record = client.pointee.pinRecord else { return nil }
        let pool = server.pointee.pool
        return router(client, pool).pinnedReadObstacle(
            plan,
            record,
            pinnedReads: pool.pointee.options.pinnedReads,
            textLimit: options.statementTextLimit,
            isOnPrimary: server.pointee.node == primary
        )
    }

    /// For EXPLAIN ROUTE: where a statement of a pinned client's would run.
    /// - Returns: the reason in words.
    func explainPinned(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ route: inout RouteRecord
    ) -> String {
        if let obstacle = pinnedReadObstacle(client, server, plan) { return "\(route.cause): \(obstacle)" }
        adoptGlobalWrites(client)
        if roster.replicas.contains(where: { isFresh($0, for: client, server.pointee.pool) }) {
            route.isRead = true
            route.cause = .pinnedRead
        } else {
            route.cause = !roster.replicas.isEmpty ? .notFresh : roster.hasLaggards ? .lagging : .noReplica
        }
        return "\(route.cause)"
    }

    // MARK: There

    /// Whether the client's server of the moment is a replica's, and its own is parked.
    @inline(__always)
    func readsElsewhere(_ client: ClientPointer) -> Bool {
        guard client.pointee.pin != nil, let record = client.pointee.pinRecord else { return false }
        return !record.reading.parked.isNone
    }

    /// A batch is about to be sent to a pinned client's own server: there will be no other try.
    func routeOfPinned(_ client: ClientPointer) -> RouteCause {
        if client.pointee.tries.isFirst { return .pin }
        client.pointee.tries.end()
        return .retried
    }

    /// Sends a pinned client's batch to a replica.
    /// - Returns: nil where it is to be sent to the client's own server.
    func readElsewhere(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress? {
        guard client.pointee.tries.isFirst, mayPark(client, server),
            pinnedReadObstacle(client, server, plan) == nil, let record = client.pointee.pinRecord
        else { return nil }
        guard let replica = takeReplica(client, server.pointee.pool) else {
            return awaitsReplay(client, record, server.pointee.pool) ? .stop : nil
        }
        record.reading = .away(parked: server.pointee.handle)
        server.pointee.phase = .parked
        assign(replica, to: client)
        server.pointee.pool.pointee.counters.reads &+= 1
        client.pointee.lastRoute = RouteRecord(isRead: true, cause: .pinnedRead, reason: plan.reason)
        return start(client, replica, plan, header, input, offset)
    }

    /// Whether the client's server owes nothing that could be the client's.
    private func mayPark(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        client.pointee.transaction == .none && client.pointee.outstanding == 0
            && server.pointee.conversation.status == .idle
            && (server.pointee.conversation.ledger.isEmpty || isOnlyAsked(server))
            && server.pointee.conversation.incoming.isWhole && !server.pointee.isBacklogged
            && !server.pointee.conversation.isCopyingIn
    }

    /// A free server of a replica that is fresh for the client, of several on the one with the least to do. The client
    /// has a server, so it waits for none: where there is none free, one is opened for the next time.
    private func takeReplica(_ client: ClientPointer, _ pool: PoolPointer) -> ServerPointer? {
        if roster.replicas.isEmpty { return nil }
        adoptGlobalWrites(client)
        let best = chooseReplica(client, pool) { _ in true }
        if best < 0 {
            askForSample(within: pool.pointee.options.freshnessWait)
            return nil
        }
        if pool.pointee.options.readsOnPrimary == .always, chooseNode(client, pool) == primary { return nil }
        if let server = takeIdle(pool, best, client.pointee.profile) { return server }
        let other = chooseReplica(client, pool) { $0 != best && !pool.pointee.nodes[$0].idle.isEmpty }
        if other >= 0 {
            openForShare(pool, best, beside: other)
            return takeIdle(pool, other, client.pointee.profile)
        }
        if pool.pointee.nodes[best].connecting == 0, mayOpen(pool, best) { open(pool, best) }
        return nil
    }

    /// A replica that is fresh for the client, rather of the proxy's own zone; -1 where there is none.
    private func chooseReplica(_ client: ClientPointer, _ pool: PoolPointer, where serves: (Int) -> Bool) -> Int {
        let draw = roster.draw()
        let near = roster.balance.choose(roster.replicaReaders.near, draw: draw) {
            isFresh($0, for: client, pool) && !isRefused(pool, $0) && serves($0)
        }
        if near >= 0 { return near }
        return roster.balance.choose(roster.replicaReaders.all, draw: draw) {
            isFresh($0, for: client, pool) && !isRefused(pool, $0) && serves($0)
        }
    }

    /// Whether a read waits on for a replica to replay what it must see: up to `freshness_wait`, like any other. A
    /// session that reads without a pause would never find one that has replayed what it has just read on the primary.
    private func awaitsReplay(_ client: ClientPointer, _ record: PinRecord, _ pool: PoolPointer) -> Bool {
        let limit = pool.pointee.options.freshnessWait
        guard limit > 0, !roster.replicas.contains(where: { isFresh($0, for: client, pool) }),
            mayBecomeFresh(for: client, within: limit), let until = record.reading.wait(now: now, limit: limit)
        else {
            record.reading = .atHome
            return false
        }
        freshnessDesk.waitsPinned(client.pointee.handle, until: until)
        return true
    }

    /// Positions have been reported, or the time of one of these has come: each looks again.
    func servePinnedWaits() {
        for client in freshnessDesk.takePinned() { turn.work.append(.goOn(client)) }
    }

    // MARK: And back

    /// A cycle of the read has ended: if that was all, the replica's server is given back.
    func endReadElsewhere(_ client: ClientPointer, _ server: ServerPointer) {
        guard server.pointee.conversation.status == .idle, server.pointee.conversation.ledger.isEmpty else { return }
        unpause(server)
        resume(client, .sinkFull)
        returnToPinned(client)
        server.pointee.client = .none
        becomeFree(server)
        if let pinned = servers[client.pointee.server] { askForPins(client, pinned) }
    }

    /// The client, which has let go of the replica's server or lost it, has its own again. What it has sent meanwhile
    /// is looked at when the event is over.
    /// - Returns: false where none is parked.
    @discardableResult
    func returnToPinned(_ client: ClientPointer) -> Bool {
        guard let record = client.pointee.pinRecord, let server = servers[record.reading.parked] else { return false }
        record.reading = .atHome
        server.pointee.phase = .active
        client.pointee.server = server.pointee.handle
        readUnparked(server)
        turn.work.append(.goOn(client.pointee.handle))
        return true
    }

    /// What the server has said while it was parked is read when the event is over, whoever has it then. Until that it
    /// is sent nothing of the client's.
    private func readUnparked(_ server: ServerPointer) {
        guard server.pointee.pauses.contains(.parked) else { return }
        turn.work.append(.replies(server.pointee.handle))
    }

    // MARK: Pinned to a replica

    /// Whether a session that keeps a replica's server, because something in a read-only transaction there has left
    /// state behind, now asks for what only the primary can do.
    func mustLeavePinned(_ client: ClientPointer, _ plan: BatchPlan) -> Bool {
        guard client.pointee.pin != nil, client.pointee.pin != .replication, client.pointee.transaction == .none else {
            return false
        }
        // What gives the state up runs where it is.
        if plan.effects.meets(.advisoryUnlock | .discard | .deallocate) { return false }
        return !plan.isRead || plan.leavesState || plan.controlsTransaction
    }

    /// The session loses what it has on the replica, and goes on without it. What it would not miss by itself it is
    /// told of, instead of the batch.
    func leavePinned(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        resume(client, .sinkFull)
        unpause(server)
        tellNext(client, ofLost: losePins(client), with: server, "it is a replica, and the session goes on to write")
        meetsOthers(client)
        server.pointee.needs(.discardAll)
        release(server, from: client)
        if let loss = takeLoss(client) {
            if plan.statementClass.transaction.begins { client.pointee.transaction = .lost }
            return refuseBatch(client, loss, header, input, offset)
        }
        return routeAndTake(client, plan, leads: false, header, input, offset)
    }

    // MARK: Ends

    /// A client that leaves while its server is parked.
    func leaveParked(_ client: ClientPointer) {
        guard let record = client.pointee.pinRecord, let server = servers[record.reading.parked] else { return }
        record.reading = .atHome
        server.pointee.phase = .active
        server.pointee.client = .none
        server.pointee.needs(.discardAll)
        readUnparked(server)
        becomeFree(server)
    }

    /// The connection of a parked server is gone, and with it all that the client was pinned for. The read goes on; the
    /// client is told with its next statement.
    func parkedServerLost(_ server: ServerPointer, _ why: String) {
        if let client = clients[server.pointee.client] {
            client.pointee.pinRecord?.reading = .atHome
            tellNext(client, ofLost: losePins(client), with: server, why)
        }
        let pool = server.pointee.pool
        drop(server)
        if pool.pointee.waiting > 0 { serveQueues(pool) }
    }
}

extension PinReason {
    /// Whether a plain read that names none of the session's own objects may have another answer because of it.
    var mattersToReads: Bool {
        switch self {
        case .temporaryObject, .advisoryLock, .holdCursor, .sequence: false
        case .sessionMode, .replication, .setting, .preparedBySQL, .listen, .seed, .library, .longStatement,
            .unnamedStatementTooLong, .notUnderstood:
            true
        }
    }
}
