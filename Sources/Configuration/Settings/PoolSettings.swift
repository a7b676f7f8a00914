import ProxyTerms

/// What holds for the clients and servers of one (database, user): the user's section, else the database's, else
/// `[database *]`, else `[proxy]`. Nil is "never" for a time.
package struct PoolSettings: Sendable, Equatable {
    package let mode: PoolMode
    /// Servers on one node, in the whole process.
    package let size: Int
    /// At most `size`.
    package let minSize: Int
    package let reserveSize: Int
    package let reserveTimeout: Duration
    package let queryWaitTimeout: Duration
    /// Servers that may be logging in at once.
    package let serverConnectRamp: Int
    package let serverLifetime: Duration?
    package let serverIdleTimeout: Duration?
    package let clientIdleTimeout: Duration?
    package let idleTransactionTimeout: Duration?

    package let split: Bool
    package let readsOnPrimary: ReadsOnPrimary
    package let balanceLevel: BalanceLevel
    package let route: RoutePreference
    package let foreignTables: ReadTarget
    package let serverLocalViews: ReadTarget

    package let readYourWrites: ReadYourWrites
    package let transactionReads: TransactionReads
    package let pinnedReads: PinnedReads
    /// Zero: reads do not wait.
    package let freshnessWait: Duration

    package let preparedStatements: Bool
    package let prepareUnnamed: Bool

    init(_ layers: SettingLayers) {
        mode = layers.choice(.poolMode)
        size = layers.integer(.poolSize)
        minSize = layers.integer(.minPoolSize)
        reserveSize = layers.integer(.reservePoolSize)
        reserveTimeout = layers.duration(.reservePoolTimeout)
        queryWaitTimeout = layers.duration(.queryWaitTimeout)
        serverConnectRamp = layers.integer(.serverConnectRamp)
        serverLifetime = layers.optionalDuration(.serverLifetime)
        serverIdleTimeout = layers.optionalDuration(.serverIdleTimeout)
        clientIdleTimeout = layers.optionalDuration(.clientIdleTimeout)
        idleTransactionTimeout = layers.optionalDuration(.idleTransactionTimeout)
        split = layers.boolean(.split)
        readsOnPrimary = layers.choice(.readsOnPrimary)
        balanceLevel = layers.choice(.balanceLevel)
        route = layers.choice(.route)
        foreignTables = layers.choice(.foreignTables)
        serverLocalViews = layers.choice(.serverLocalViews)
        readYourWrites = layers.choice(.readYourWrites)
        transactionReads = layers.choice(.transactionReads)
        pinnedReads = layers.choice(.pinnedReads)
        freshnessWait = layers.duration(.freshnessWait)
        preparedStatements = layers.boolean(.preparedStatements)
        prepareUnnamed = layers.boolean(.prepareUnnamed)
    }
}

/// Where reads of a certain kind run.
package enum ReadTarget: String, CaseIterable, Sendable {
    case primary
    case replica
}
