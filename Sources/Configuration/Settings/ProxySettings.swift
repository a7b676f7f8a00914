import ProxyTerms

/// What holds for the whole process. Sizes in bytes.
package struct ProxySettings: Sendable, Equatable {
    package let listen: ListenSettings
    /// Of the whole process; those of databases and users hold beside them.
    package let connectionLimits: ConnectionLimits

    package let authenticationMethod: AuthenticationMethod
    /// Path as the process can open it; nil only where `authenticationMethod` is `trust`.
    package let authFile: String?
    /// Who may use the admin console.
    package let adminUsers: [String]

    package let clientLoginTimeout: Duration
    /// Nil: no limit.
    package let clientMessageTimeout: Duration?
    /// Nil: no limit.
    package let clientWriteTimeout: Duration?
    package let serverConnectTimeout: Duration
    package let serverLoginRetry: Duration
    package let failoverWait: Duration
    /// Clients.
    package let failoverQueue: Int

    package let statementTextLimit: Int
    /// Of each worker.
    package let statementCacheMemory: Int
    package let maxCatalogs: Int
    /// Of the whole process.
    package let preparedStatementMemory: Int
    /// Of each client, in bytes.
    package let clientStatementNames: Int
    /// On each server.
    package let serverPreparedStatements: Int

    package let buffers: BufferSettings
    package let workers: Int
    package let ioMethod: IOMethod
    package let tcp: TCPSettings

    package let nodeCheckInterval: Duration
    package let nodeCheckTimeout: Duration
    package let nodeCheckFailures: Int
    package let nodeCheckWindow: Int
    package let nodeCheckSuccesses: Int
    /// Nil: none.
    package let onEvent: String?
    package let onEventTimeout: Duration
    package let discovery: DiscoverySettings
    package let failover: FailoverMode
    package let promoteDelay: Duration
    package let coordination: CoordinationSettings
    /// Nil: no limit.
    package let maxLag: Duration?
    /// Nil: no limit.
    package let maxLagBytes: Int?

    /// Where the proxy runs; empty: zones are not looked at.
    package let zone: String
    /// Nil: none.
    package let slowStart: Duration?

    package let logLevel: LogLevel
    package let logConnections: Bool
    package let logMemory: Int
    /// Nil: nothing is summed up.
    package let logRepeatInterval: Duration?

    init(_ layers: SettingLayers) {
        listen = ListenSettings(layers)
        connectionLimits = ConnectionLimits(layers)
        authFile = layers.optionalText(.authFile)
        adminUsers = layers.list(.adminUsers)
        // Without secrets of its own Howdah can lend nobody any: whoever is on this machine gets what the nodes give.
        let isOpen = !layers.isSet(.authType) && authFile == nil && listen.isThisMachineAlone
        authenticationMethod = isOpen ? .trust : layers.choice(.authType)
        clientLoginTimeout = layers.duration(.clientLoginTimeout)
        clientMessageTimeout = layers.optionalDuration(.clientMessageTimeout)
        clientWriteTimeout = layers.optionalDuration(.clientWriteTimeout)
        serverConnectTimeout = layers.duration(.serverConnectTimeout)
        serverLoginRetry = layers.duration(.serverLoginRetry)
        failoverWait = layers.duration(.failoverWait)
        failoverQueue = layers.integer(.failoverQueue)
        statementTextLimit = layers.size(.statementTextLimit)
        statementCacheMemory = layers.size(.statementCacheMemory)
        maxCatalogs = layers.integer(.maxCatalogs)
        preparedStatementMemory = layers.size(.preparedStatementMemory)
        clientStatementNames = layers.size(.clientStatementNames)
        serverPreparedStatements = layers.integer(.serverPreparedStatements)
        buffers = BufferSettings(layers)
        workers = layers.integer(.workers)
        ioMethod = layers.choice(.ioMethod)
        tcp = TCPSettings(layers)
        nodeCheckInterval = layers.duration(.nodeCheckInterval)
        nodeCheckTimeout = layers.duration(.nodeCheckTimeout)
        nodeCheckFailures = layers.integer(.nodeCheckFailures)
        nodeCheckWindow = layers.integer(.nodeCheckWindow)
        nodeCheckSuccesses = layers.integer(.nodeCheckSuccesses)
        onEvent = layers.optionalText(.onEvent)
        onEventTimeout = layers.duration(.onEventTimeout)
        discovery = DiscoverySettings(layers)
        failover = layers.choice(.failover)
        promoteDelay = layers.duration(.promoteDelay)
        coordination = CoordinationSettings(layers)
        maxLag = layers.optionalDuration(.maxLag)
        let lagBytes = layers.size(.maxLagBytes)
        maxLagBytes = lagBytes == 0 ? nil : lagBytes
        zone = layers.text(.zone)
        slowStart = layers.optionalDuration(.slowStart)
        logLevel = layers.choice(.logLevel)
        logConnections = layers.boolean(.logConnections)
        logMemory = layers.size(.logMemory)
        logRepeatInterval = layers.optionalDuration(.logRepeatInterval)
    }
}

/// What is done when the primary is lost.
package enum FailoverMode: String, CaseIterable, Sendable {
    case follow
    case promote
}

/// How event loops talk to the kernel.
package enum IOMethod: String, CaseIterable, Sendable {
    case auto
    case ioUring = "io_uring"
    case epoll
}

/// Options of TCP sockets towards clients and nodes; nil leaves the system's own value.
package struct TCPSettings: Sendable, Equatable {
    package let keepalivesIdle: Duration?
    package let keepalivesInterval: Duration?
    package let keepalivesCount: Int?
    package let userTimeout: Duration?

    init(_ layers: SettingLayers) {
        keepalivesIdle = layers.optionalDuration(.tcpKeepalivesIdle)
        keepalivesInterval = layers.optionalDuration(.tcpKeepalivesInterval)
        keepalivesCount = layers.limit(.tcpKeepalivesCount)
        userTimeout = layers.optionalDuration(.tcpUserTimeout)
    }
}
