import Bytes
import PostgresWire
import StatementRouting

/// DROP DATABASE, ALTER DATABASE … RENAME or SET TABLESPACE, CREATE DATABASE from a template: they fail with 55006
/// while anybody is connected to the database. What is nobody's, the proxy's own idle servers and the control plane's
/// connections, is closed first, and the statement sent when that is gone.
///
/// A client of the proxy that is connected to the database counts as on a connection of its own: then nothing is
/// closed, and the server refuses the statement in its own words.
extension Engine {
    /// - Returns: whether the batch must wait. Then its client's flow is `claiming`.
    func mustClaim(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Bool {
        // In a transaction it fails in any case.
        guard plan.effects.contains(.clusterCommand), plan.executes, client.pointee.transaction == .none, primary >= 0
        else { return false }
        if let claim = databases.claims[client.pointee.handle] { return claim.step != .granted }
        let wanted = claimedDatabases(client, plan, input, offset)
        if wanted.isEmpty { return false }
        var vacated: [String] = []
        for (database, isForced) in wanted {
            if isForced || !isUsed(database, byOthersThan: client) {
                vacate(database)
                actions.append(.vacateCatalog(database: database))
                vacated.append(database)
            } else {
                ensureConnection(to: database)
            }
        }
        var claim = DatabaseClaim(databases: wanted.map(\.database), watched: Set(vacated), now: now)
        let mustWait = !claim.check(isEmpty: !claim.databases.contains { isUnsettled($0) }, now: now)
        databases.claims[client.pointee.handle] = claim
        if mustWait { client.pointee.flow = .claiming }
        return mustWait
    }

    private func claimedDatabases(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        _ input: RawSpan,
        _ start: Int
    ) -> [(database: String, isForced: Bool)] {
        var found: [(String, Bool)] = []
        let end = plan.size > 0 ? min(start + plan.size, input.byteCount) : input.byteCount
        var offset = start
        while let header = Frame.whole(ofClient: input, at: offset, before: end) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            switch header.tag {
            case FrontendTag.query:
                if let text = queryText(header, input, offset) { found += claims(in: input.extracting(text), client) }
            case FrontendTag.parse:
                if let message = ParseMessage(body) { found += claims(in: body.extracting(message.text), client) }
            case FrontendTag.bind:
                if let message = BindMessage(body),
                    let id = statement(named: body.extracting(message.statement), of: client)
                {
                    found += claims(in: statements[id].pointee.text.bytes, client)
                }
            default: break
            }
            offset += header.size
        }
        return found
    }

    private func claims(in text: RawSpan, _ client: ClientPointer) -> [(String, Bool)] {
        (parse(text, client) ?? []).compactMap { parsed in
            guard case .cluster(.claimsDatabase(let database, let isForced)) = parsed.command else { return nil }
            return (database, isForced)
        }
    }

    private func isUsed(_ database: String, byOthersThan client: ClientPointer) -> Bool {
        var users = 0
        forEachPool { pool in
            let isThere = pool.pointee.options.databaseOnServer == database && pool.pointee.replication != .physical
            guard isThere else { return }
            users += pool.pointee.clients
            if client.pointee.pool == pool { users -= 1 }
        }
        return users > 0
    }

    // MARK: Closing

    private func forEachServer(of database: String, _ body: (ServerPointer) -> Void) {
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle],
                server.pointee.pool.pointee.options.databaseOnServer == database
            else { continue }
            body(server)
        }
    }

    /// On replicas too: a session there would be ended when they replay a DROP DATABASE.
    private func vacate(_ database: String) {
        if let listening = databases.listening[database], listening.clients.isEmpty {
            if let server = servers[listening.handle] {
                if server.pointee.phase == .listening { dismiss(server) } else { abandon(server) }
            }
            databases.listening[database] = nil
        }
        forEachServer(of: database) { server in
            switch server.pointee.phase {
            case .idle: dismiss(server)
            // Nobody waits for it.
            case .connecting, .authenticating: if server.pointee.pool.pointee.waiting == 0 { abandon(server) }
            case .active, .parked, .draining, .listening, .leaving, .closing: break
            }
        }
    }

    /// Says good-bye to a server and waits until it has closed the connection: only then has its session ended.
    private func dismiss(_ server: ServerPointer) {
        leavePool(server)
        server.pointee.phase = .leaving
        server.pointee.since = now
        var builder = MessageBuilder()
        builder.terminate()
        server.pointee.conversation.sendUncounted(builder, from: buffers)
        touch(server)
    }

    /// Clients are connected to the database, though perhaps with no server at this moment: one is opened, so that the
    /// node knows of them.
    private func ensureConnection(to database: String) {
        var isOccupied = false
        forEachServer(of: database) { server in
            if server.pointee.node == primary, server.pointee.phase != .closing, server.pointee.phase != .leaving {
                isOccupied = true
            }
        }
        if isOccupied { return }
        var user: PoolPointer?
        forEachPool { pool in
            if pool.pointee.options.databaseOnServer == database, pool.pointee.replication == .off,
                pool.pointee.clients > 0, mayOpen(pool, primary)
            {
                user = pool
            }
        }
        if let user { open(user, primary) }
    }

    /// Whether a connection to the database is on its way in or out: in neither case is it known what the node would
    /// say.
    private func isUnsettled(_ database: String) -> Bool {
        var isUnsettled = false
        forEachServer(of: database) { server in
            guard server.pointee.node == primary else { return }
            switch server.pointee.phase {
            case .leaving, .connecting, .authenticating: isUnsettled = true
            case .draining: isUnsettled = true
            case .idle, .active, .parked, .listening, .closing: break
            }
        }
        return isUnsettled
    }

    // MARK: Waiting

    /// The control plane has no connection to this database any more.
    package func catalogVacated(database: String) {
        defer { endTurn() }
        for handle in databases.claims.keys { databases.claims[handle]?.left(database) }
        checkClaims()
    }

    /// To be called when a server has come or gone, and as time passes.
    func checkClaims() {
        for handle in databases.claims.keys.sorted(by: { $0.index < $1.index }) {
            guard let client = clients[handle], var claim = databases.claims[handle] else { continue }
            switch claim.step {
            case .vacating:
                let isEmpty = !claim.databases.contains { isUnsettled($0) }
                guard claim.check(isEmpty: isEmpty, now: now) else { continue }
                databases.claims[handle] = claim
                client.pointee.flow = .between
                turn.work.append(.goOn(handle))
            case .granted:
                // Its batch is over, or has been refused before it was sent.
                if client.pointee.outstanding == 0, client.pointee.flow == .between { endClaim(client) }
            }
        }
    }

    /// The statement is over, or its client has gone.
    func endClaim(_ client: ClientPointer) {
        guard let claim = databases.claims.removeValue(forKey: client.pointee.handle) else { return }
        for database in claim.databases { actions.append(.releaseCatalog(database: database)) }
    }
}
