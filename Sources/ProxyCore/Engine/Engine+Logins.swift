import Bytes
import PostgresWire
import StatementRouting

/// Log-ins that have changed (ALTER ROLE or DATABASE … SET, NOLOGIN, a password, a role made anew, CONNECT revoked):
/// clients that come from then on get servers that have logged in since.
///
/// Who is connected keeps what he came with, as on a connection of his own: his pool is superseded, which takes no new
/// clients, and goes with the last of its own.
extension Engine {
    /// From the control plane, which has seen it on the primary.
    package func loginsChanged(_ change: LoginChange) {
        defer { endTurn() }
        pools.logins.changed(coveredBy: samples.next)
        var concerned: [PoolPointer] = []
        forEachPool { pool in
            if pool.pointee.replication == .off,
                change.concerns(role: pool.pointee.user, database: pool.pointee.options.databaseOnServer)
            {
                concerned.append(pool)
            }
        }
        for pool in concerned { supersede(pool) }
    }

    /// New clients get another pool; this one goes with the last of its own.
    func supersede(_ pool: PoolPointer) {
        guard pools.supersede(pool) else { return }
        forgetWelcomes(pool)
        // A server of replication is opened for one client.
        if pool.pointee.replication != .off { return }
        // Whoever is just logging in is a new client.
        var newcomers: [ClientPointer] = []
        forEachClient(of: pool) { client in
            if client.pointee.phase == .welcoming, client.pointee.flow == .waiting { newcomers.append(client) }
        }
        for client in newcomers {
            moveToCurrentPool(client)
            if let current = client.pointee.pool { requestServerForWelcome(client, current) }
        }
        retireSpare(pool)
    }

    private func forEachClient(of pool: PoolPointer, _ body: (ClientPointer) -> Void) {
        for index in 0..<clients.capacity {
            if let handle = clients.handle(at: index), let client = clients[handle], client.pointee.pool == pool {
                body(client)
            }
        }
    }

    /// A superseded pool keeps no more free servers than it has clients.
    func retireSpare(_ pool: PoolPointer) {
        for node in 0..<pool.pointee.nodeCount {
            while pool.pointee.nodes[node].idle.count > (pool.pointee.isDead ? 0 : pool.pointee.clients),
                let oldest = pool.pointee.nodes[node].idle.oldest, let server = servers[oldest.server]
            {
                retire(server)
            }
        }
    }

    /// The client, which holds no server, goes on as one that logs in now.
    func moveToCurrentPool(_ client: ClientPointer) {
        guard let old = client.pointee.pool else { return }
        if client.pointee.flow == .waiting {
            leaveQueue(client, old)
            client.pointee.flow = .between
        }
        let new = pool(old.pointee.key)
        if new == old { return }
        old.pointee.clients -= 1
        new.pointee.clients += 1
        client.pointee.pool = new
        client.pointee.context = context(for: profiles.settings(of: client.pointee.profile), new)
    }

    // MARK: Statements that change them

    /// A statement about roles or databases is about to be sent.
    func noteClusterCommand(_ text: RawSpan, _ client: ClientPointer, _ server: ServerPointer) {
        let extras = server.pointee.extras
        for parsed in parse(text, client) ?? [] {
            guard case .cluster(let command) = parsed.command else { continue }
            var change = extras.loginChange ?? LoginChange(roles: [], databases: [])
            switch command {
            case .changesLogins(let roles, let databases):
                let isOfAll = roles.isEmpty && databases.isEmpty
                change.add(isOfAll ? .all : LoginChange(roles: Set(roles), databases: Set(databases)))
            case .claimsDatabase(let database, let isForced):
                change.add(LoginChange(roles: [], databases: [database]))
                extras.claimed.append((database, isForced))
            }
            extras.loginChange = change
        }
        server.pointee.changesLogins = extras.loginChange != nil
    }

    /// The transaction in which it stood is over.
    /// - Parameter hasFailed: its last cycle has.
    func loginsMayHaveChanged(_ server: ServerPointer, hasFailed: Bool) {
        server.pointee.changesLogins = false
        let extras = server.pointee.extras
        guard let change = extras.loginChange else { return }
        let claimed = extras.claimed
        extras.loginChange = nil
        extras.claimed = []
        // What was committed all the same is seen on the primary soon.
        if hasFailed { return }
        for claim in claimed {
            if databases.catalogs.remove(claim.database) { actions.append(.catalogUnwanted(database: claim.database)) }
            if claim.isForced { endClients(of: claim.database) }
        }
        loginsChanged(change)
    }

    /// The database has been dropped, and everybody with it who was connected.
    private func endClients(of database: String) {
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle], let pool = client.pointee.pool,
                pool.pointee.options.databaseOnServer == database
            else { continue }
            refuse(client, .terminated)
        }
    }

    // MARK: What servers say

    /// Whether an error says that the role is not there any more that the server's session belongs to.
    static func isOfDeadLogin(_ state: SQLState, _ body: RawSpan) -> Bool {
        switch state {
        case .undefinedObject: ErrorFields.isRaised(by: "GetUserNameFromId", in: body)
        // In a parallel worker, or where a session's own role is looked up.
        case .invalidAuthorization, .internalError: ErrorFields.isRaised(by: "InitializeSessionUserId", in: body)
        default: false
        }
    }

    /// The role has been dropped since the pool's servers logged in: none of them serves anybody any more.
    func loginIsDead(_ pool: PoolPointer) {
        pool.pointee.isDead = true
        loginsChanged(LoginChange(roles: [pool.pointee.user], databases: []))
        retireSpare(pool)
    }

    /// Something was denied that may have been allowed, or the other way round, had the server logged in now.
    func doubtLogins() {
        if pools.logins.doubt(at: now) { actions.append(.suspectLogins) }
    }

    // MARK: Servers of several generations

    /// Servers of all pools of this key on a node: together they keep to `pool_size`.
    func totalOfGenerations(_ pool: PoolPointer, _ node: Int) -> Int {
        pools.generations(of: pool.pointee.key).reduce(0) { $0 + $1.pointee.nodes[node].total }
    }

    /// Clients of the pool wait, and other pools of its key hold what they might have: a free server there gives way.
    func evictIdleServerOfGenerations(for pool: PoolPointer) {
        guard pool.pointee.hasGenerations, pool.pointee.waiting > 0 else { return }
        for node in 0..<pool.pointee.nodeCount
        where totalOfGenerations(pool, node) >= pool.pointee.options.size && pool.pointee.nodes[node].connecting == 0 {
            for other in pools.generations(of: pool.pointee.key) where other != pool {
                guard let idle = other.pointee.nodes[node].idle.oldest, let server = servers[idle.server] else {
                    continue
                }
                retire(server)
                break
            }
        }
    }

    // MARK: Replicas that are behind

    /// A server of a replica has logged in that may not have replayed the last change: it is replaced once it has.
    func noteLogin(_ server: ServerPointer) {
        server.pointee.isLoginDoubtful =
            server.pointee.node != primary && roster.freshness[server.pointee.node].covered < pools.logins.lastChange
    }

    /// Whether its replica has replayed what it lacked when the server logged in.
    func isOutdatedLogin(_ server: ServerPointer) -> Bool {
        server.pointee.isLoginDoubtful && roster.freshness[server.pointee.node].covered >= pools.logins.lastChange
    }
}
