/// One thing that a section of the settings says of pools, with its value: what a layer of `PoolRules` is made of.
package enum PoolOption: Sendable, Equatable {
    case mode(PoolMode)
    case size(Int)
    case minimumSize(Int)
    case reserveSize(Int)
    case reserveTimeout(Int64)
    case queryWaitTimeout(Int64)
    case connectRamp(Int)
    case serverLifetime(Int64)
    case serverIdleTimeout(Int64)
    case clientIdleTimeout(Int64)
    case idleTransactionTimeout(Int64)
    case split(Bool)
    case readsOnPrimary(ReadsOnPrimary)
    case route(RoutePreference)
    case readYourWrites(ReadYourWrites)
    case transactionReads(TransactionReads)
    case pinnedReads(PinnedReads)
    case freshnessWait(Int64)
    case balanceLevel(BalanceLevel)
    case foreignTablesOnReplicas(Bool)
    case serverLocalViewsOnReplicas(Bool)
    case preparedStatements(Bool)
    case prepareUnnamed(Bool)
    case databaseOnServer(String)
    case maximumDatabaseClients(Int)
    case maximumUserClients(Int)
    case maximumDatabaseServers(Int)
    case maximumUserServers(Int)

    func apply(to options: inout PoolOptions) {
        switch self {
        case .mode(let mode): options.mode = mode
        case .size(let count): options.size = count
        case .minimumSize(let count): options.minimumSize = count
        case .reserveSize(let count): options.reserveSize = count
        case .reserveTimeout(let time): options.reserveTimeout = time
        case .queryWaitTimeout(let time): options.queryWaitTimeout = time
        case .connectRamp(let count): options.connectRamp = count
        case .serverLifetime(let time): options.serverLifetime = time
        case .serverIdleTimeout(let time): options.serverIdleTimeout = time
        case .clientIdleTimeout(let time): options.clientIdleTimeout = time
        case .idleTransactionTimeout(let time): options.idleTransactionTimeout = time
        case .split(let isOn): options.split = isOn
        case .readsOnPrimary(let when): options.readsOnPrimary = when
        case .route(let preference): options.route = preference
        case .readYourWrites(let mode): options.readYourWrites = mode
        case .transactionReads(let place): options.transactionReads = place
        case .pinnedReads(let place): options.pinnedReads = place
        case .freshnessWait(let time): options.freshnessWait = time
        case .balanceLevel(let level): options.balanceLevel = level
        case .foreignTablesOnReplicas(let isOn): options.foreignTablesOnReplicas = isOn
        case .serverLocalViewsOnReplicas(let isOn): options.serverLocalViewsOnReplicas = isOn
        case .preparedStatements(let isOn): options.preparedStatements = isOn
        case .prepareUnnamed(let isOn): options.prepareUnnamed = isOn
        case .databaseOnServer(let name): options.databaseOnServer = name
        case .maximumDatabaseClients(let count): options.maximumDatabaseClients = count
        case .maximumUserClients(let count): options.maximumUserClients = count
        case .maximumDatabaseServers(let count): options.maximumDatabaseServers = count
        case .maximumUserServers(let count): options.maximumUserServers = count
        }
    }
}
