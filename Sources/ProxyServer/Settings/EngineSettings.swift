import Configuration
import EventIO
import Glibc
import MonotonicTime
import ProxyCore

/// The configuration in the words of the modules that act on it.
enum EngineSettings {
    static func engineConfiguration(_ configuration: Configuration) -> EngineConfiguration {
        EngineConfiguration(
            options: engineOptions(configuration.proxy),
            pools: configuration.pools,
            authenticationMethod: configuration.proxy.authenticationMethod
        )
    }

    private static func engineOptions(_ proxy: ProxySettings) -> EngineOptions {
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
        return options
    }

    /// The wall clock (since 1970) less the monotonic one.
    static func clockOffset() -> Microseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wall = Microseconds(time.tv_sec) * 1_000_000 + Microseconds(time.tv_nsec) / 1_000
        return wall - Microseconds(MonotonicClock.now)
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
}
