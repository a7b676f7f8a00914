/// Every setting there is. The raw value is its name in proxy.conf; `HOWDAH_` and the name in capitals is its name in
/// the environment.
package enum SettingName: String, CaseIterable, Sendable {
    // Listening and clients
    case listenAddresses = "listen_addresses"
    case listenPort = "listen_port"
    case unixSocketDirectory = "unix_socket_directory"
    case listenBacklog = "listen_backlog"
    case maxClientConnections = "max_client_connections"
    case clientLoginTimeout = "client_login_timeout"
    case clientMessageTimeout = "client_message_timeout"
    case clientWriteTimeout = "client_write_timeout"
    case clientIdleTimeout = "client_idle_timeout"
    case idleTransactionTimeout = "idle_transaction_timeout"
    case maxStartupPacket = "max_startup_packet"

    // Authentication
    case authType = "auth_type"
    case authFile = "auth_file"
    case adminUsers = "admin_users"

    // Pools
    case poolMode = "pool_mode"
    case poolSize = "pool_size"
    case minPoolSize = "min_pool_size"
    case reservePoolSize = "reserve_pool_size"
    case reservePoolTimeout = "reserve_pool_timeout"
    case queryWaitTimeout = "query_wait_timeout"
    case maxServerConnections = "max_server_connections"
    case serverConnectRamp = "server_connect_ramp"
    case serverConnectTimeout = "server_connect_timeout"
    case serverLoginRetry = "server_login_retry"
    case serverLifetime = "server_lifetime"
    case serverIdleTimeout = "server_idle_timeout"

    // Read routing
    case split = "split"
    case readsOnPrimary = "reads_on_primary"
    case balanceLevel = "balance_level"
    case slowStart = "slow_start"
    case zone = "zone"
    case route = "route"
    case foreignTables = "foreign_tables"
    case serverLocalViews = "server_local_views"
    case statementTextLimit = "statement_text_limit"
    case statementCacheMemory = "statement_cache_memory"
    case maxCatalogs = "max_catalogs"

    // Consistency
    case readYourWrites = "read_your_writes"
    case transactionReads = "transaction_reads"
    case pinnedReads = "pinned_reads"
    case freshnessWait = "freshness_wait"
    case maxLag = "max_lag"
    case maxLagBytes = "max_lag_bytes"

    // Prepared statements
    case preparedStatements = "prepared_statements"
    case prepareUnnamed = "prepare_unnamed"
    case preparedStatementMemory = "prepared_statement_memory"
    case clientStatementNames = "client_statement_names"
    case serverPreparedStatements = "server_prepared_statements"

    // Buffers and limits
    case receiveBufferSize = "receive_buffer_size"
    case sendHighWater = "send_high_water"
    case sendLowWater = "send_low_water"
    case clientBufferLimit = "client_buffer_limit"
    case notificationQueue = "notification_queue"
    case bufferMemory = "buffer_memory"
    case maxMessageSize = "max_message_size"
    case maxPendingReplies = "max_pending_replies"

    // Event loop and TCP
    case workers = "workers"
    case ioMethod = "io_method"
    case tcpKeepalivesIdle = "tcp_keepalives_idle"
    case tcpKeepalivesInterval = "tcp_keepalives_interval"
    case tcpKeepalivesCount = "tcp_keepalives_count"
    case tcpUserTimeout = "tcp_user_timeout"

    // Watching the nodes
    case monitorUser = "monitor_user"
    case monitorPassword = "monitor_password"
    case monitorDatabase = "monitor_database"
    case nodeCheckInterval = "node_check_interval"
    case nodeCheckTimeout = "node_check_timeout"
    case nodeCheckFailures = "node_check_failures"
    case nodeCheckWindow = "node_check_window"
    case nodeCheckSuccesses = "node_check_successes"
    case onEvent = "on_event"
    case onEventTimeout = "on_event_timeout"

    // Finding the nodes
    case discover = "discover"
    case discoverPort = "discover_port"
    case discoverForget = "discover_forget"
    case maxNodes = "max_nodes"
    case patroniURLs = "patroni_urls"
    case patroniCAFile = "patroni_ca_file"

    // Failover
    case failover = "failover"
    case failoverWait = "failover_wait"
    case failoverQueue = "failover_queue"
    case promoteDelay = "promote_delay"
    case coordination = "coordination"
    case etcdURLs = "etcd_urls"
    case etcdScope = "etcd_scope"
    case etcdPrefix = "etcd_prefix"
    case etcdTTL = "etcd_ttl"
    case etcdUser = "etcd_user"
    case etcdPassword = "etcd_password"
    case etcdCAFile = "etcd_ca_file"

    // Log
    case logLevel = "log_level"
    case logConnections = "log_connections"
    case logMemory = "log_memory"
    case logRepeatInterval = "log_repeat_interval"

    // Nodes and databases
    case host = "host"
    case port = "port"
    case conninfo = "conninfo"
    case weight = "weight"
    case priority = "priority"
    case nofailover = "nofailover"
    case dbname = "dbname"

    /// The variable that sets this setting of `[proxy]`.
    package var environmentVariable: String { "HOWDAH_" + rawValue.uppercased() }
}
