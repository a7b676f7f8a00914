import Bytes

/// Clients that wait for servers: in which order they get them.
extension Engine {
    // MARK: Waiting

    /// Puts the client into the pool's queue.
    func wait(_ client: ClientPointer, _ pool: PoolPointer, forRead: Bool) {
        client.pointee.flow = .waiting
        client.pointee.waitsForRead = forRead
        client.pointee.since = now
        if forRead {
            enqueue(client, &pool.pointee.readers)
        } else {
            enqueue(client, &pool.pointee.writers)
        }
    }

    private func enqueue(_ client: ClientPointer, _ queue: inout WaitQueue) {
        let isRead = client.pointee.waitsForRead
        queue.append(client.pointee.handle, since: client.pointee.since)
        if queue.isStale { queue.compact { isWaiting($0, read: isRead) } }
    }

    /// The client waits no longer: it has a server, or has given up.
    func leaveQueue(_ client: ClientPointer, _ pool: PoolPointer) {
        if client.pointee.waitsForRead { pool.pointee.readers.left() } else { pool.pointee.writers.left() }
    }

    /// The client waits for the primary from now on, for as long as it has waited.
    func waitToWrite(_ client: ClientPointer, _ pool: PoolPointer) {
        pool.pointee.readers.left()
        client.pointee.waitsForRead = false
        enqueue(client, &pool.pointee.writers)
    }

    /// Who has waited longest.
    func firstWaiting(_ pool: PoolPointer, forRead: Bool) -> ClientPointer? {
        let entry =
            forRead
            ? pool.pointee.readers.first { isWaiting($0, read: true) }
            : pool.pointee.writers.first { isWaiting($0, read: false) }
        return entry.flatMap { clients[$0.client] }
    }

    /// Whether the wait goes on that the entry stands for; the client may have left, and even have begun another.
    @inline(__always)
    func isWaiting(_ entry: WaitQueue.Entry, read: Bool) -> Bool { waiting(entry, read: read) != nil }

    /// The client of an entry, if that wait goes on.
    @inline(__always)
    private func waiting(_ entry: WaitQueue.Entry, read: Bool) -> ClientPointer? {
        guard let client = clients[entry.client], client.pointee.flow == .waiting,
            client.pointee.waitsForRead == read, client.pointee.since == entry.since
        else { return nil }
        return client
    }

    func waitingReader(_ pool: PoolPointer, _ index: Int) -> ClientPointer? {
        waiting(pool.pointee.readers[index], read: true)
    }

    /// Gives a server that has become free to a client that waits for one; it is gone on with when the event is over.
    func give(_ server: ServerPointer, to client: ClientPointer) {
        server.pointee.pool.pointee.nodes[server.pointee.node].isTaken()
        assign(server, to: client)
        turn.work.append(.served(client.pointee.handle))
    }

    // MARK: A server is free

    /// Hands a free server to a client that waits for one of its node, or to its pool.
    func offer(_ server: ServerPointer) {
        let pool = server.pointee.pool
        if pool.pointee.replication != .off { return offerReserved(server) }
        if pool.pointee.waiting > 0, !pool.pointee.isPaused, let client = nextServed(by: server, pool) {
            return give(server, to: client)
        }
        server.pointee.phase = .idle
        server.pointee.since = now
        pool.pointee.nodes[server.pointee.node].isFree(
            IdleServers.Entry(
                server: server.pointee.handle,
                profile: server.pointee.profile,
                since: now,
                isUnused: server.pointee.lastClient == 0
            )
        )
    }

    /// Of those who may be served by it the one that has waited longest, or one of the same queue that has its
    /// settings.
    private func nextServed(by server: ServerPointer, _ pool: PoolPointer) -> ClientPointer? {
        let (node, profile) = (server.pointee.node, server.pointee.profile)
        let writer = node == primary ? firstWaiting(pool, forRead: false) : nil
        let (reader, servesAnybody) = firstReader(pool, for: node)
        if let writer {
            let since = reader.flatMap { waitingReader(pool, $0)?.pointee.since }
            if since.map({ writer.pointee.since <= $0 }) ?? true {
                let place = pool.pointee.writers.fittest(0) {
                    waiting($0, read: false)?.pointee.profile == profile
                }
                return waiting(pool.pointee.writers[place], read: false)
            }
        }
        guard let reader else { return nil }
        let place = pool.pointee.readers.fittest(reader) {
            guard let client = waiting($0, read: true), client.pointee.profile == profile else { return false }
            return serves(node, client, pool, anybody: servesAnybody)
        }
        return waitingReader(pool, place)
    }

    /// The place of the longest waiting client whose read a free server of this node should run.
    /// - Returns: with it, whether the node may run the reads of those to whom it does not matter where.
    private func firstReader(_ pool: PoolPointer, for node: Int) -> (place: Int?, servesAnybody: Bool) {
        guard readNodes(pool).contains(node), firstWaiting(pool, forRead: true) != nil else { return (nil, false) }
        let servesAnybody = servesAnybody(node, pool)
        var passed = pool.pointee.nodes[node].passed
        passed.begin(roster.epoch, pool.pointee.readers.order, servesAnybody)
        let place = pool.pointee.readers.firstServed(&passed) {
            freshnessDesk.noteLook()
            guard let client = waiting($0, read: true) else { return false }
            return serves(node, client, pool, anybody: servesAnybody)
        }
        pool.pointee.nodes[node].passed = passed
        return (place, servesAnybody)
    }

    /// Whether the node may run reads of clients to which it does not matter where.
    func servesAnybody(_ node: Int, _ pool: PoolPointer) -> Bool {
        usableNodes(pool).contains(node) && isQuickerThanWaiting(node, pool)
    }

    // MARK: Servers are free

    /// Serves whoever waits with the servers that are free, and opens more for the others.
    func serveQueues(_ pool: PoolPointer) {
        // Of those who wait to read, each is looked at once.
        var place = pool.pointee.readers.place(of: 0)
        while pool.pointee.waiting > 0, !pool.pointee.isPaused {
            var served = false
            if let client = firstWaiting(pool, forRead: false) {
                if let server = takeServer(pool, forRead: false, profile: client.pointee.profile) {
                    serve(client, server)
                    served = true
                } else {
                    openServers(pool, forRead: false)
                }
            }
            if serveReader(pool, from: &place) { served = true }
            if !served { return }
        }
    }

    /// A free server has been taken for a client that waits; it is gone on with when the event is over.
    func serve(_ client: ClientPointer, _ server: ServerPointer) {
        assign(server, to: client)
        turn.work.append(.served(client.pointee.handle))
    }

    /// Serves one of those who wait to read.
    /// - Parameter place: where in the queue to begin; behind the one that was served, then.
    /// - Returns: whether one was served.
    func serveReader(_ pool: PoolPointer, from place: inout UInt64) -> Bool {
        guard firstWaiting(pool, forRead: true) != nil else { return false }
        // While one is served the entries of others may go, and those behind them move up.
        while let index = pool.pointee.readers.places(from: place).first {
            place = pool.pointee.readers.place(of: index) &+ 1
            freshnessDesk.noteLook()
            guard let client = waitingReader(pool, index) else { continue }
            if needsParticularNode(client, pool) {
                guard serveParticular(client, pool) else { continue }
                return true
            }
            guard let server = takeServer(pool, forRead: true, profile: client.pointee.profile) else {
                place &-= 1
                openServers(pool, forRead: true)
                return false
            }
            serve(client, server)
            return true
        }
        return false
    }

    /// - Returns: whether the client has got a server.
    private func serveParticular(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        if let server = takeFreshServer(client, pool) {
            serve(client, server)
            return true
        }
        if hasFreshNode(client, pool) {
            openFreshServer(client, pool)
        } else if !freshnessDesk.isWaiting(client.pointee.handle, since: client.pointee.since) {
            // The node that was fresh has gone since.
            awaitFreshness(client, pool)
        }
        guard client.pointee.flow == .assigned else { return false }
        turn.work.append(.served(client.pointee.handle))
        return true
    }
}
