/// What holds for one (database, user), resolved by `PoolRules`. Times are in microseconds.
package struct PoolOptions: Sendable, Equatable {
    package var mode = PoolMode.transaction
    /// Servers for each node.
    package var size = 20
    package var minimumSize = 0
    package var reserveSize = 0
    package var reserveTimeout: Int64 = 5_000_000
    package var queryWaitTimeout: Int64 = 120_000_000
    /// Servers that may be logging in at once, for each node.
    package var connectRamp = 4
    /// 0: no limit.
    package var serverLifetime: Int64 = 3_600_000_000
    package var serverIdleTimeout: Int64 = 600_000_000
    package var clientIdleTimeout: Int64 = 0
    package var idleTransactionTimeout: Int64 = 0
    package var split = true
    package var readsOnPrimary = ReadsOnPrimary.fallback
    package var route = RoutePreference.auto
    package var readYourWrites = ReadYourWrites.session
    package var transactionReads = TransactionReads.primary
    package var pinnedReads = PinnedReads.primary
    /// How long a read waits for a fresh replica before it goes to the primary.
    package var freshnessWait: Int64 = 5000
    package var balanceLevel = BalanceLevel.statement
    package var foreignTablesOnReplicas = false
    package var serverLocalViewsOnReplicas = false
    package var preparedStatements = true
    package var prepareUnnamed = true
    /// The database's name on the servers; in rules, empty where it is the name that clients ask for.
    package var databaseOnServer: String
    /// 0: no limit.
    package var maximumDatabaseClients = 0
    package var maximumUserClients = 0
    package var maximumDatabaseServers = 0
    package var maximumUserServers = 0

    package init(databaseOnServer: String = "") { self.databaseOnServer = databaseOnServer }

    /// What a layer says, and the defaults else.
    package init(_ layer: [PoolOption]) {
        self.init()
        for option in layer { option.apply(to: &self) }
    }
}
