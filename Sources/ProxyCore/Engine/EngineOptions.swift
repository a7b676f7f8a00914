/// The limits and times that hold for the whole engine.
package struct EngineOptions: Sendable, Equatable {
    /// `max_client_connections`
    package var maximumClients = 10_000
    /// `max_server_connections` of the whole process; 0: no limit.
    package var maximumServers = 0
    /// `client_login_timeout`
    package var clientLoginTimeout: Microseconds = 60_000_000
    /// `client_message_timeout`: how long nothing more may come of a message that has begun to; 0: no limit.
    package var clientMessageTimeout: Microseconds = 60_000_000
    /// `client_write_timeout`: how long a client may read nothing of what waits for it; 0: no limit.
    package var clientWriteTimeout: Microseconds = 120_000_000
    /// `server_connect_timeout`
    package var serverConnectTimeout: Microseconds = 15_000_000
    /// `server_login_retry`: the pause after a failed connection before the next to the same node.
    package var serverLoginRetry: Microseconds = 1_000_000
    /// `failover_wait`: how long a client waits for a primary.
    package var failoverWait: Microseconds = 30_000_000
    /// `failover_queue`: clients that may wait for a primary, over all pools.
    package var failoverQueue = 10_000
    /// `statement_text_limit`: bytes of a statement's text that is shared, or whose commands are read.
    package var statementTextLimit = 64 << 10
    /// `client_buffer_limit`: bytes held for one client that waits for a server or for the rest of a batch.
    package var clientBufferLimit = 1 << 20
    /// `send_high_water`: unsent bytes of one connection beyond which nothing more is read from what feeds it.
    package var sendHighWater = 256 << 10
    /// `notification_queue`: bytes of notifications held for one client, and of the channels it listens to.
    package var notificationQueue = 1 << 20
    /// `max_message_size`
    package var maximumMessageSize = (1 << 30) + 5
    /// `max_startup_packet`
    package var maximumStartupPacket = 10_000
    /// `max_pending_replies`: replies that one server may owe before its client is read no further.
    package var maximumPendingReplies = 4096
    /// `prepared_statement_memory`
    package var preparedStatementMemory = 64 << 20
    /// `client_statement_names`: bytes of one client's names for prepared statements.
    package var clientStatementNames = 1 << 20
    /// `server_prepared_statements`
    package var serverPreparedStatements = 500
    /// `statement_cache_memory`
    package var statementCacheMemory = 16 << 20
    /// `buffer_memory`
    package var bufferMemory = 256 << 20
    /// `max_catalogs`: databases whose catalog facts are kept.
    package var maximumCatalogs = 1000
    /// `zone`: where the proxy runs; empty: reads know no zones.
    package var zone = ""
    /// `slow_start`: the time in which a node that begins to take reads comes to its full weight; 0: at once.
    package var slowStart: Microseconds = 10_000_000
    /// `admin_users`: who may use the admin console.
    package var adminUsers: [String] = []

    package init() {}
}
