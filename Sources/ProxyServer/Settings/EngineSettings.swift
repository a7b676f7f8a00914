import Configuration
import EventIO
import Glibc
import ProxyCore

/// The configuration in the words of the modules that act on it.
enum EngineSettings {
    static func engineOptions(_ proxy: ProxySettings, seed: UInt64) -> EngineOptions {
        var options = EngineOptions()
        options.maximumClients = proxy.connectionLimits.clients ?? .max
        options.maximumServers = proxy.connectionLimits.servers ?? 0
        options.clientLoginTimeout = proxy.clientLoginTimeout.wholeMicroseconds
        options.clientMessageTimeout = proxy.clientMessageTimeout?.wholeMicroseconds ?? 0
        options.clientWriteTimeout = proxy.clientWriteTimeout?.wholeMicroseconds ?? 0
        options.serverConnectTimeout = proxy.serverConnectTimeout.wholeMicroseconds
        options.serverLoginRetry = proxy.serverLoginRetry.wholeMicroseconds
        options.failoverWait = proxy.failoverWait.wholeMicroseconds
        options.failoverQueue = proxy.failoverQueue
        options.statementTextLimit = proxy.statementTextLimit
        options.clientBufferLimit = proxy.buffers.clientBufferLimit
        options.sendHighWater = proxy.buffers.sendHighWater
        options.notificationQueue = proxy.buffers.notificationQueue
        options.maximumMessageSize = proxy.buffers.maxMessageSize
        options.maximumStartupPacket = proxy.buffers.maxStartupPacket
        options.maximumPendingReplies = proxy.buffers.maxPendingReplies
        options.preparedStatementMemory = proxy.preparedStatementMemory
        options.clientStatementNames = proxy.clientStatementNames
        options.serverPreparedStatements = proxy.serverPreparedStatements
        options.statementCacheMemory = proxy.statementCacheMemory
        options.maximumCatalogs = proxy.maxCatalogs
        options.bufferMemory = proxy.buffers.bufferMemory
        options.zone = proxy.zone
        options.slowStart = proxy.slowStart?.wholeMicroseconds ?? 0
        options.adminUsers = proxy.adminUsers
        options.version = Version.text
        options.clockOffset = Self.clockOffset()
        options.seed = seed
        return options
    }

    private static func clockOffset() -> Microseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wall = Microseconds(time.tv_sec) * 1_000_000 + Microseconds(time.tv_nsec) / 1_000
        return wall - Microseconds(MonotonicClock.now())
    }

    static func loopOptions(_ proxy: ProxySettings) -> LoopOptions {
        var options = LoopOptions()
        switch proxy.ioMethod {
        case .auto: options.method = nil
        case .ioUring: options.method = .ioUring
        case .epoll: options.method = .epoll
        }
        options.receiveBufferSize = proxy.buffers.receiveBufferSize
        options.highWater = proxy.buffers.sendHighWater
        options.lowWater = proxy.buffers.sendLowWater
        options.keepalive.idle = Int32(clamping: proxy.tcp.keepalivesIdle?.wholeSecondsRoundedUp ?? 0)
        options.keepalive.interval = Int32(clamping: proxy.tcp.keepalivesInterval?.wholeSecondsRoundedUp ?? 0)
        options.keepalive.count = Int32(clamping: proxy.tcp.keepalivesCount ?? 0)
        options.keepalive.userTimeout = Int32(clamping: (proxy.tcp.userTimeout?.wholeMicroseconds ?? 0) / 1000)
        return options
    }

    static func poolOptions(_ configuration: Configuration, database: String, user: String) -> PoolOptions {
        let settings = configuration.poolSettings(database: database, user: user)
        let databaseSettings = configuration.database(named: database)
        let userSettings = configuration.user(named: user)
        var options = PoolOptions(databaseOnServer: databaseSettings.dbname)
        options.mode = settings.mode
        options.size = settings.size
        options.minimumSize = settings.minSize
        options.reserveSize = settings.reserveSize
        options.reserveTimeout = settings.reserveTimeout.wholeMicroseconds
        options.queryWaitTimeout = settings.queryWaitTimeout.wholeMicroseconds
        options.connectRamp = settings.serverConnectRamp
        options.serverLifetime = settings.serverLifetime?.wholeMicroseconds ?? 0
        options.serverIdleTimeout = settings.serverIdleTimeout?.wholeMicroseconds ?? 0
        options.clientIdleTimeout = settings.clientIdleTimeout?.wholeMicroseconds ?? 0
        options.idleTransactionTimeout = settings.idleTransactionTimeout?.wholeMicroseconds ?? 0
        options.split = settings.split
        options.readsOnPrimary = settings.readsOnPrimary
        options.route = settings.route
        options.foreignTablesOnReplicas = settings.foreignTables == .replica
        options.serverLocalViewsOnReplicas = settings.serverLocalViews == .replica
        options.readYourWrites = settings.readYourWrites
        options.transactionReads = settings.transactionReads
        options.pinnedReads = settings.pinnedReads
        options.freshnessWait = settings.freshnessWait.wholeMicroseconds
        options.balanceLevel = settings.balanceLevel
        options.preparedStatements = settings.preparedStatements
        options.prepareUnnamed = settings.prepareUnnamed
        options.maximumDatabaseClients = databaseSettings.connectionLimits.clients ?? 0
        options.maximumUserClients = userSettings.connectionLimits.clients ?? 0
        options.maximumDatabaseServers = databaseSettings.connectionLimits.servers ?? 0
        options.maximumUserServers = userSettings.connectionLimits.servers ?? 0
        return options
    }
}
