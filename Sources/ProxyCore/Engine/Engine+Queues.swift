/// Clients that wait for servers: in which order they get them.
extension Engine {
    // MARK: Waiting

    /// Puts the client into the pool's queue.
    func wait(_ client: ClientPointer, _ pool: PoolPointer, forRead: Bool) {
        client.pointee.flow = .waiting
        client.pointee.waitsForRead = forRead
        client.pointee.passedOver = 0
        client.pointee.since = now
        pool.pointee.waiting += 1
        if forRead {
            enqueue(client, &pool.pointee.readers)
        } else {
            enqueue(client, &pool.pointee.writers)
        }
    }

    private func enqueue(_ client: ClientPointer, _ queue: inout WaitQueue) {
        queue.append(client.pointee.handle, since: now)
        if queue.isStale { queue.compact { isWaiting($0, read: client.pointee.waitsForRead) } }
    }

    /// The client waits no longer: it has a server, or has given up.
    func leaveQueue(_ client: ClientPointer, _ pool: PoolPointer) {
        pool.pointee.waiting -= 1
        if client.pointee.waitsForRead { pool.pointee.readers.left() } else { pool.pointee.writers.left() }
    }

    /// The first of a queue that still waits in it; those before it have left.
    func firstWaiting(_ queue: inout WaitQueue, read: Bool) -> ClientPointer? {
        while let entry = queue.first {
            if isWaiting(entry, read: read) { return clients[entry.client] }
            queue.removeFirst()
        }
        return nil
    }

    /// Whether the wait goes on that the entry stands for; the client may have left, and even have begun another.
    func isWaiting(_ entry: WaitQueue.Entry, read: Bool) -> Bool {
        guard let client = clients[entry.client] else { return false }
        return client.pointee.flow == .waiting && client.pointee.waitsForRead == read
            && client.pointee.since == entry.since
    }

    func waitingReader(_ pool: PoolPointer, _ index: Int) -> ClientPointer? {
        let entry = pool.pointee.readers[index]
        return isWaiting(entry, read: true) ? clients[entry.client] : nil
    }

    /// Gives a server to a client that waits for one; it is gone on with when the event is over.
    func grant(_ server: ServerPointer, to client: ClientPointer) {
        assign(server, to: client)
        turn.work.append(.served(client.pointee.handle))
    }

    // MARK: A server is free

    /// Hands a free server to a client that waits for one of its node, or to its pool.
    func offer(_ server: ServerPointer) {
        let pool = server.pointee.pool
        if pool.pointee.replication != .off { return offerReserved(server) }
        if pool.pointee.waiting > 0, !pool.pointee.isPaused, let first = nextWaiting(pool, for: server.pointee.node) {
            let client = fittest(first, server)
            grant(server, to: client)
            return
        }
        server.pointee.phase = .idle
        server.pointee.since = now
        pool.pointee.nodes[server.pointee.node].idle.append(server.pointee.handle)
    }

    /// The client that has waited longest of those that a server of this node may serve.
    private func nextWaiting(_ pool: PoolPointer, for node: Int) -> ClientPointer? {
        let writer = node == primary ? firstWaiting(&pool.pointee.writers, read: false) : nil
        let reader = firstReader(pool, for: node)
        guard let writer else { return reader }
        guard let reader else { return writer }
        return writer.pointee.since <= reader.pointee.since ? writer : reader
    }

    /// The longest waiting client whose read a free server of this node should run.
    func firstReader(_ pool: PoolPointer, for node: Int) -> ClientPointer? {
        guard readNodes(pool).contains(node), firstWaiting(&pool.pointee.readers, read: true) != nil else { return nil }
        let servesAnybody = servesAnybody(node, pool)
        // Who was passed over is not looked at again before something changes that decides it.
        var passed = pool.pointee.nodes[node].passed
        passed.begin(roster.epoch, pool.pointee.readers.order, servesAnybody)
        for index in pool.pointee.readers.places(from: passed.place) {
            freshnessDesk.noteLook()
            if let client = waitingReader(pool, index), serves(node, client, pool, anybody: servesAnybody) {
                passed.place = pool.pointee.readers.place(of: index)
                pool.pointee.nodes[node].passed = passed
                return client
            }
        }
        passed.place = pool.pointee.readers.place(of: pool.pointee.readers.count)
        pool.pointee.nodes[node].passed = passed
        return nil
    }

    /// Whether the node may run reads of clients to which it does not matter where.
    func servesAnybody(_ node: Int, _ pool: PoolPointer) -> Bool {
        usableNodes(pool).contains(node) && isQuickerThanWaiting(node, pool)
    }

    /// How often the client that has waited longest lets another go first.
    private static let mostPassedOver = 4
    /// How many of those behind it are looked at.
    private static let mostLookedAt = 32

    /// Of those who wait for such a server, one that has the server's settings already, if the first has not: where
    /// many share few servers, to change settings for each of them would cost the servers more than the statements do.
    /// The first lets others go before it a few times, so that nobody waits for ever.
    private func fittest(_ first: ClientPointer, _ server: ServerPointer) -> ClientPointer {
        let profile = server.pointee.profile
        if first.pointee.profile == profile || first.pointee.passedOver >= Self.mostPassedOver { return first }
        let (pool, node, isRead) = (server.pointee.pool, server.pointee.node, first.pointee.waitsForRead)
        let servesAnybody = isRead && servesAnybody(node, pool)
        let count = isRead ? pool.pointee.readers.count : pool.pointee.writers.count
        for index in 0..<min(count, Self.mostLookedAt) {
            let entry = isRead ? pool.pointee.readers[index] : pool.pointee.writers[index]
            guard let client = clients[entry.client], client.pointee.profile == profile,
                isWaiting(entry, read: isRead), !isRead || serves(node, client, pool, anybody: servesAnybody)
            else { continue }
            first.pointee.passedOver += 1
            return client
        }
        return first
    }

    // MARK: Servers are free

    /// Serves whoever waits with the servers that are free, and opens more for the others.
    func serveQueues(_ pool: PoolPointer) {
        // Of those who wait to read, each is looked at once.
        var place = pool.pointee.readers.place(of: 0)
        while pool.pointee.waiting > 0, !pool.pointee.isPaused {
            var served = false
            if let client = firstWaiting(&pool.pointee.writers, read: false) {
                if let server = takeServer(pool, forRead: false, profile: client.pointee.profile) {
                    grant(server, to: client)
                    served = true
                } else {
                    openServers(pool, forRead: false)
                }
            }
            if serveReader(pool, from: &place) { served = true }
            if !served { return }
        }
    }

    /// Serves one of those who wait to read.
    /// - Parameter place: where in the queue to begin; behind the one that was served, then.
    /// - Returns: whether one was served.
    func serveReader(_ pool: PoolPointer, from place: inout UInt64) -> Bool {
        guard firstWaiting(&pool.pointee.readers, read: true) != nil else { return false }
        // While one is served the entries of others may go, and those behind them move up.
        while let index = pool.pointee.readers.places(from: place).first {
            place = pool.pointee.readers.place(of: index) &+ 1
            freshnessDesk.noteLook()
            guard let client = waitingReader(pool, index) else { continue }
            if needsParticularNode(client, pool) {
                guard serve(client, pool) else { continue }
                return true
            }
            guard let server = takeServer(pool, forRead: true, profile: client.pointee.profile) else {
                place &-= 1
                openServers(pool, forRead: true)
                return false
            }
            grant(server, to: client)
            return true
        }
        return false
    }

    /// - Returns: whether the client has got a server.
    private func serve(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        if let server = takeFreshServer(client, pool) {
            assign(server, to: client)
        } else if hasFreshNode(client, pool) {
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
