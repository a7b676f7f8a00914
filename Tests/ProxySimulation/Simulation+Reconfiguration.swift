import ProxyCore
import ProxyTerms

/// Settings that change while everything is under way.
extension Simulation {
    /// Gives settings other values that promise clients the same. Not those that say how much of a batch is looked at
    /// and kept for a second try: between its route and its sending they may come to something else, and what a replica
    /// has refused is then the client's error.
    func reconfigure() {
        guard var dice = changes else { return }
        var next = shell.engine.configuration
        next.options.serverPreparedStatements = dice.pick([1, 2, 500])
        next.options.preparedStatementMemory = dice.pick([1 << 20, 64 << 20])
        next.options.slowStart = dice.pick([0, 100_000, 10_000_000])
        next.options.zone = dice.pick(["", "a"])
        next.options.serverLoginRetry = dice.pick([20_000, 1_000_000])
        next.pools.proxy.size = 1 + dice.below(4)
        next.pools.proxy.reserveSize = dice.below(3)
        next.pools.proxy.reserveTimeout = dice.pick([0, 100_000])
        next.pools.proxy.minimumSize = dice.below(next.pools.proxy.size + 1)
        next.pools.proxy.connectRamp = 1 + dice.below(3)
        next.pools.proxy.serverLifetime = dice.pick([0, 100_000, 3_600_000_000])
        next.pools.proxy.serverIdleTimeout = dice.pick([0, 100_000, 600_000_000])
        next.pools.proxy.prepareUnnamed = dice.chance(50)
        next.pools.proxy.transactionReads = dice.pick([.primary, .replicaUntilWrite])
        next.pools.proxy.pinnedReads = dice.pick([.primary, .replica])
        next.pools.proxy.balanceLevel = dice.pick([.statement, .session])
        next.pools.proxy.freshnessWait = dice.pick([0, 1000, 100_000])
        next.pools.everyDatabase = dice.chance(30) ? [.size(2), .connectRamp(2)] : []
        next.pools.users = dice.chance(30) ? ["app": [.minimumSize(0)]] : [:]
        changes = dice
        shell.eventComes()
        _ = shell.engine.reconfigured(next)
        shell.verify()
        reconfigurations += 1
    }
}
