import ProxyTerms

extension PoolOption {
    /// What a setting says of pools in such a section; nil where it says nothing of them.
    init?(_ name: SettingName, _ layers: SettingLayers, in scope: SettingScope) {
        switch name {
        case .poolMode: self = .mode(layers.choice(name))
        case .poolSize: self = .size(layers.integer(name))
        case .minPoolSize: self = .minimumSize(layers.integer(name))
        case .reservePoolSize: self = .reserveSize(layers.integer(name))
        case .reservePoolTimeout: self = .reserveTimeout(layers.microseconds(name))
        case .queryWaitTimeout: self = .queryWaitTimeout(layers.microseconds(name))
        case .serverConnectRamp: self = .connectRamp(layers.integer(name))
        case .serverLifetime: self = .serverLifetime(layers.microseconds(name))
        case .serverIdleTimeout: self = .serverIdleTimeout(layers.microseconds(name))
        case .clientIdleTimeout: self = .clientIdleTimeout(layers.microseconds(name))
        case .idleTransactionTimeout: self = .idleTransactionTimeout(layers.microseconds(name))
        case .split: self = .split(layers.boolean(name))
        case .readsOnPrimary: self = .readsOnPrimary(layers.choice(name))
        case .route: self = .route(layers.choice(name))
        case .readYourWrites: self = .readYourWrites(layers.choice(name))
        case .transactionReads: self = .transactionReads(layers.choice(name))
        case .pinnedReads: self = .pinnedReads(layers.choice(name))
        case .freshnessWait: self = .freshnessWait(layers.microseconds(name))
        case .balanceLevel: self = .balanceLevel(layers.choice(name))
        case .foreignTables: self = .foreignTablesOnReplicas(layers.choice(name) == ReadTarget.replica)
        case .serverLocalViews: self = .serverLocalViewsOnReplicas(layers.choice(name) == ReadTarget.replica)
        case .preparedStatements: self = .preparedStatements(layers.boolean(name))
        case .prepareUnnamed: self = .prepareUnnamed(layers.boolean(name))
        case .dbname: self = .databaseOnServer(layers.text(name))
        case .maxClientConnections:
            switch scope {
            case .database: self = .maximumDatabaseClients(layers.integer(name))
            case .user: self = .maximumUserClients(layers.integer(name))
            // The proxy's limits are of all its clients together.
            case .proxy, .node: return nil
            }
        case .maxServerConnections:
            switch scope {
            case .database: self = .maximumDatabaseServers(layers.integer(name))
            case .user: self = .maximumUserServers(layers.integer(name))
            case .proxy, .node: return nil
            }
        default: return nil
        }
    }
}

/// Where reads of a certain kind run.
package enum ReadTarget: String, CaseIterable, Sendable {
    case primary
    case replica
}
