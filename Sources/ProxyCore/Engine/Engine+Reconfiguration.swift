import Bytes
import ProxyTerms

/// Settings that change while clients are there.
extension Engine {
    /// Puts other settings into effect, also for who is connected and for servers that are open: what a limit has
    /// become too low for is closed as it becomes free, and no statement or transaction is touched.
    ///
    /// What sessions count on for as long as they last (`pool_mode`, `prepared_statements`, the database on the
    /// servers) holds for clients that come from now on: who is connected keeps the pool that he came to.
    ///
    /// `EngineConfiguration.Fixed` stays as it was at the start.
    /// - Returns: what of that differs, and so waits for a restart.
    package func reconfigured(_ configuration: EngineConfiguration) -> [EngineConfiguration.Fixed] {
        defer { endTurn() }
        var next = configuration
        let kept = next.keepFixed(of: self.configuration)
        self.configuration = next.effective
        classifier.maximumTextBytes = Self.mostTextAtHand(options)
        statements.limit = options.preparedStatementMemory
        pools.quota.limitsHaveChanged(maximumServers: options.maximumServers)
        var pools: [PoolPointer] = []
        forEachPool { pools.append($0) }
        for pool in pools { reconfigure(pool) }
        carryOut(roster.reconfigure(zone: options.zone, slowStart: options.slowStart, now: now))
        shrink()
        return kept
    }

    /// What the rules say of a pool.
    func poolOptions(_ key: PoolKey) -> PoolOptions {
        var options = configuration.pools.options(database: key.database, user: key.user)
        if key.replication != .off {
            options.mode = .session
            options.minimumSize = 0
            options.connectRamp = 1
        }
        return options
    }

    private func reconfigure(_ pool: PoolPointer) {
        let before = pool.pointee.options
        var next = poolOptions(pool.pointee.key)
        if next.mode != before.mode || next.preparedStatements != before.preparedStatements
            || next.databaseOnServer != before.databaseOnServer
        {
            next.mode = before.mode
            next.preparedStatements = before.preparedStatements
            next.databaseOnServer = before.databaseOnServer
            supersede(pool)
        }
        pool.pointee.options = next
        if next.foreignTablesOnReplicas != before.foreignTablesOnReplicas
            || next.serverLocalViewsOnReplicas != before.serverLocalViewsOnReplicas
        {
            setCatalog(of: pool, pool.pointee.catalog)
        }
    }

    // MARK: RELOAD

    /// What SHOW CONFIG tells from now on.
    package func settingsListed(_ settings: [ListedSetting]) { orders.settings = settings }

    func beginReload() -> ConsoleOutcome {
        orders.reloads += 1
        actions.append(.reload(number: orders.reloads))
        return .waits(.reload(orders.reloads))
    }

    /// The answer to `.reload`.
    package func reloadEnded(number: UInt64, _ outcome: ReloadOutcome) {
        defer { endTurn() }
        finishConsoleWaits { wait in
            guard case .reload(number) = wait.subject else { return nil }
            switch outcome {
            case .applied(let notices): return ConsoleEnding(notices: notices)
            case .refused(let error): return ConsoleEnding(error: error)
            }
        }
    }

    // MARK: Limits that have been lowered

    /// Once a second while more may be open than is allowed: closes free servers; the others are when they become free
    /// (`isBeyondLimits()`).
    func shrink() {
        guard pools.quota.mayBeExceeded else { return }
        var isBeyond = false
        forEachPool { pool in
            for node in 0..<pool.pointee.nodeCount {
                while isBeyondLimits(pool, node) {
                    guard let free = pool.pointee.nodes[node].idle.oldest, let server = servers[free.server] else {
                        isBeyond = true
                        break
                    }
                    retire(server)
                }
            }
        }
        if !isBeyond { pools.quota.areKept() }
    }

    /// Whether a pool has more servers on a node than it may have now.
    func isBeyondLimits(_ pool: PoolPointer, _ node: Int) -> Bool {
        if pool.pointee.nodes[node].total == 0 { return false }
        return pool.pointee.isBeyondSize(on: node, totalOfAll: totalOfGenerations(pool, node))
            || pools.quota.isExceeded(pool.pointee.database, pool.pointee.user, pool.pointee.options)
    }
}
