import Bytes
import PostgresWire

/// PAUSE and RESUME, DRAIN and UNDRAIN.
extension Engine {
    // MARK: PAUSE

    func pause(_ database: String?) -> ConsoleOutcome {
        if let database, !pools.serves(database) { return .failed(.noDatabase(database)) }
        orders.paused.pause(database)
        updatePauses()
        return runs(in: database) ? .waits(.pause(database: database)) : .done
    }

    func resume(_ database: String?) -> ConsoleOutcome {
        orders.paused.resume(database)
        updatePauses()
        return .done
    }

    private func updatePauses() {
        forEachPool { pool in
            let isPaused = orders.paused.contains(pool.pointee.database) && pool.pointee.replication == .off
            guard isPaused != pool.pointee.isPaused else { return }
            pool.pointee.isPaused = isPaused
            if !isPaused { goOn(pool) }
        }
        retireMisplacedServers()
    }

    private func goOn(_ pool: PoolPointer) {
        pool.pointee.resumedAt = now
        serveQueues(pool)
        openForWaiters(pool)
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle], client.pointee.pool == pool,
                client.pointee.pin != nil
            else { continue }
            turn.work.append(.goOn(handle))
        }
    }

    /// Whether clients of a database run anything, transactions that idle among it.
    func runs(in database: String?) -> Bool {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            let pool = server.pointee.pool
            if pool.pointee.isPaused, database == nil || pool.pointee.database == database, isBusy(server) {
                return true
            }
        }
        return false
    }

    /// Whether a pinned client's next batch must wait: what runs already ends.
    func waitsForResume(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        server.pointee.pool.pointee.isPaused && server.pointee.conversation.status == .idle
            && client.pointee.outstanding == 0
    }

    /// Whether a server runs something or stands in a transaction; one that a pinned client keeps idle does not.
    func isBusy(_ server: ServerPointer) -> Bool {
        switch server.pointee.phase {
        // What its client runs meanwhile runs on a replica.
        case .connecting, .authenticating, .idle, .parked, .listening, .leaving, .closing: false
        case .draining: true
        case .active:
            server.pointee.conversation.status != .idle || !server.pointee.conversation.ledger.isEmpty
                || clients[server.pointee.client].map { $0.pointee.outstanding > 0 || $0.pointee.flow.isInBatch }
                    ?? true
        }
    }

    // MARK: DRAIN

    func drainNode(_ name: String) -> ConsoleOutcome {
        guard let node = roster.node(named: name) else { return .failed(.noNode(name, roster.topology)) }
        carryOut(roster.drain(node, now: now))
        return .done
    }

    func undrainNode(_ name: String) -> ConsoleOutcome {
        guard let node = roster.node(named: name) else { return .failed(.noNode(name, roster.topology)) }
        carryOut(roster.undrain(node, now: now))
        return .done
    }
}

extension PostgresError {
    fileprivate static func noDatabase(_ name: String) -> PostgresError {
        PostgresError(
            .error,
            .invalidCatalogName,
            "no client has used database \"\(name)\"",
            hint: "PAUSE alone pauses all databases, also those that are used later."
        )
    }

    static func noNode(_ name: String, _ topology: Topology) -> PostgresError {
        PostgresError(
            .error,
            .undefinedObject,
            "there is no node \"\(name)\"",
            hint: "The nodes are: \(topology.members.map(\.name).joined(separator: ", "))."
        )
    }
}
