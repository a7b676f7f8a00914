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
    package let serverConnectTimeout: Duration
    package let serverLoginRetry: Duration

    package let statementTextLimit: Int
    /// Of each worker.
    package let statementCacheMemory: Int
    /// Of the whole process.
    package let preparedStatementMemory: Int
    /// On each server.
    package let serverPreparedStatements: Int

    package let buffers: BufferSettings
    package let workers: Int
    package let ioMethod: IOMethod
    package let tcp: TCPSettings

    package let nodeCheckInterval: Duration
    package let nodeCheckTimeout: Duration
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

    init(_ layers: SettingLayers) {
        listen = ListenSettings(layers)
        connectionLimits = ConnectionLimits(layers)
        authFile = layers.optionalText(.authFile)
        adminUsers = layers.list(.adminUsers)
        // Without secrets of its own Howdah can lend nobody any: whoever is on this machine gets what the nodes give.
        let isOpen = !layers.isSet(.authType) && authFile == nil && listen.isThisMachineAlone
        authenticationMethod = isOpen ? .trust : layers.choice(.authType)
        clientLoginTimeout = layers.duration(.clientLoginTimeout)
        serverConnectTimeout = layers.duration(.serverConnectTimeout)
        serverLoginRetry = layers.duration(.serverLoginRetry)
        statementTextLimit = layers.size(.statementTextLimit)
        statementCacheMemory = layers.size(.statementCacheMemory)
        preparedStatementMemory = layers.size(.preparedStatementMemory)
        serverPreparedStatements = layers.integer(.serverPreparedStatements)
        buffers = BufferSettings(layers)
        workers = layers.integer(.workers)
        ioMethod = layers.choice(.ioMethod)
        tcp = TCPSettings(layers)
        nodeCheckInterval = layers.duration(.nodeCheckInterval)
        nodeCheckTimeout = layers.duration(.nodeCheckTimeout)
        maxLag = layers.optionalDuration(.maxLag)
        let lagBytes = layers.size(.maxLagBytes)
        maxLagBytes = lagBytes == 0 ? nil : lagBytes
        zone = layers.text(.zone)
        slowStart = layers.optionalDuration(.slowStart)
        logLevel = layers.choice(.logLevel)
        logConnections = layers.boolean(.logConnections)
    }
}
