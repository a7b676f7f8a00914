import ProxyTerms

extension SettingTable {
    static let pools: [SettingDefinition] = [
        SettingDefinition(
            .poolMode,
            .pools,
            perPool,
            choice(PoolMode.self),
            default: "transaction",
            .reload,
            """
            When a client gives its server back: session: when it disconnects; transaction: at the end of each \
            transaction; statement: after each statement, with transactions of several statements refused.
            """
        ),
        SettingDefinition(
            .poolSize,
            .pools,
            perPool,
            .integer(1...100_000),
            default: "20",
            .reload,
            "Servers of one pool, that is of one (database, user) on one node, in the whole process."
        ),
        SettingDefinition(
            .minPoolSize,
            .pools,
            perPool,
            .integer(0...100_000),
            default: "0",
            .reload,
            "Servers that a pool keeps open while it has clients, even if they idle."
        ),
        SettingDefinition(
            .reservePoolSize,
            .pools,
            perPool,
            .integer(0...100_000),
            default: "0",
            .reload,
            "Servers beyond pool_size that a pool may open for clients that have waited for reserve_pool_timeout."
        ),
        SettingDefinition(
            .reservePoolTimeout,
            .pools,
            perPool,
            .duration(unit: .seconds, .zero...longestTime, zeroDisables: false),
            default: "5s",
            .reload,
            "How long a client waits for a server before the pool turns to its reserve."
        ),
        SettingDefinition(
            .queryWaitTimeout,
            .pools,
            perPool,
            boundedWait,
            default: "120s",
            .reload,
            "A statement that has waited for a server for this time fails with SQLSTATE 53300."
        ),
        SettingDefinition(
            .maxServerConnections,
            .pools,
            perPool,
            .integer(0...1_000_000),
            default: "0",
            .reload,
            """
            Servers open at once, on all nodes together. In [proxy]: of all pools. In [database] or [user]: of that database or \
            user, where the default is 0. 0: no limit but those of the pools.
            """
        ),
        SettingDefinition(
            .serverConnectRamp,
            .pools,
            perPool,
            .integer(1...1_000),
            default: "4",
            .reload,
            "Servers of one pool that may be logging in at once, so that a burst of clients is not a burst of forks."
        ),
        SettingDefinition(
            .serverConnectTimeout,
            .pools,
            proxyOnly,
            boundedWait,
            default: "15s",
            .reload,
            "A server that has not been connected and logged in within this time is given up."
        ),
        SettingDefinition(
            .serverLoginRetry,
            .pools,
            proxyOnly,
            boundedWait,
            default: "1s",
            .reload,
            "After a server could not be opened, how long its pool waits before it tries again."
        ),
        SettingDefinition(
            .serverLifetime,
            .pools,
            perPool,
            optionalTime,
            default: "1h",
            .reload,
            "A server older than this is closed when it is next idle. 0: never."
        ),
        SettingDefinition(
            .serverIdleTimeout,
            .pools,
            perPool,
            optionalTime,
            default: "10min",
            .reload,
            "A server that has idled this long is closed, down to min_pool_size. 0: never."
        ),
    ]

    static let routing: [SettingDefinition] = [
        SettingDefinition(
            .split,
            .routing,
            perPool,
            .boolean,
            default: "on",
            .reload,
            "Send what only reads to replicas. off: everything goes to the primary."
        ),
        SettingDefinition(
            .readsOnPrimary,
            .routing,
            perPool,
            choice(ReadsOnPrimary.self),
            default: "fallback",
            .reload,
            """
            Whether reads run on the primary. fallback: they do when no replica can take them; never: they wait for a \
            replica; always: the primary shares them as one more node.
            """
        ),
        SettingDefinition(
            .balanceLevel,
            .routing,
            perPool,
            choice(BalanceLevel.self),
            default: "statement",
            .reload,
            """
            When a client's reads choose among the replicas anew. statement and transaction: with each statement outside \
            a transaction and at the beginning of each transaction, which then stays on its node; session: once, and \
            again only when that replica cannot be used.
            """
        ),
        SettingDefinition(
            .slowStart,
            .routing,
            proxyOnly,
            optionalTime,
            default: "10s",
            .reload,
            "A node that begins to take reads, or does so again, comes to its full weight within this time. 0: at once."
        ),
        SettingDefinition(
            .zone,
            .routing,
            [.proxy, .node],
            .text,
            default: "",
            .reload,
            """
            In [proxy]: where Howdah runs, a name of your own. Its reads stay in that zone while a replica there is up \
            and fresh, and go to other zones else. In [node]: where the node runs, if it is not where Howdah does. \
            Empty: zones make no difference.
            """
        ),
        SettingDefinition(
            .route,
            .routing,
            perPool,
            choice(RoutePreference.self),
            default: "auto",
            .reload,
            "What howdah.route is at the start of a session: auto decides by statement; primary or replica tell where."
        ),
        SettingDefinition(
            .foreignTables,
            .routing,
            perPool,
            choice(ReadTarget.self),
            default: "primary",
            .reload,
            "Where statements that read foreign tables run."
        ),
        SettingDefinition(
            .serverLocalViews,
            .routing,
            perPool,
            choice(ReadTarget.self),
            default: "primary",
            .reload,
            "Where statements that read views of one server's own state run, such as pg_stat_activity and pg_locks."
        ),
        SettingDefinition(
            .statementTextLimit,
            .routing,
            proxyOnly,
            .size(1_024...(16 << 20)),
            default: "64kB",
            .reload,
            """
            Statements longer than this are not shared among clients, and are passed on while they come where they \
            begin with INSERT, UPDATE, DELETE or MERGE; SET or PREPARE in one keeps its client on the server.
            """
        ),
        SettingDefinition(
            .statementCacheMemory,
            .routing,
            proxyOnly,
            memory,
            default: "16MB",
            .restart,
            "Memory of each worker for what is known of statements seen before."
        ),
        SettingDefinition(
            .maxCatalogs,
            .routing,
            proxyOnly,
            .integer(1...1_000_000),
            default: "1000",
            .restart,
            """
            Databases whose catalogs are read for routing, those that a client uses; in further ones whatever calls a function \
            that is not PostgreSQL's own runs on the primary.
            """
        ),
    ]

    static let consistency: [SettingDefinition] = [
        SettingDefinition(
            .readYourWrites,
            .consistency,
            perPool,
            choice(ReadYourWrites.self),
            default: "session",
            .reload,
            """
            Which writes a read on a replica must see. session: those of its own session, and what that has read since; \
            global: all that have passed through Howdah; eventual: none in particular. A session may change it with SET \
            howdah.read_your_writes.
            """
        ),
        SettingDefinition(
            .freshnessWait,
            .consistency,
            perPool,
            .duration(unit: .milliseconds, .zero...(.seconds(3_600)), zeroDisables: false),
            default: "5ms",
            .reload,
            "How long such a read waits for a replica to replay what it must see, before it runs on the primary."
        ),
        SettingDefinition(
            .transactionReads,
            .consistency,
            perPool,
            choice(TransactionReads.self),
            default: "primary",
            .reload,
            """
            Where a transaction's leading reads run. primary: with the rest of it; replica_until_write: at READ \
            COMMITTED on a replica, until the first statement that is no plain read moves the transaction to the \
            primary. A session may change it with SET howdah.transaction_reads.
            """
        ),
        SettingDefinition(
            .pinnedReads,
            .consistency,
            perPool,
            choice(PinnedReads.self),
            default: "primary",
            .reload,
            """
            Where the reads of a pinned session run. primary: on the server that it keeps; replica: on a replica, where \
            what the session is pinned for does not matter to them and a replica has a server free.
            """
        ),
        SettingDefinition(
            .maxLag,
            .consistency,
            proxyOnly,
            optionalTime,
            default: "10s",
            .reload,
            """
            A replica that lags further behind than this gets no reads until it lags half as far; none left: reads run \
            on the primary. 0: no limit.
            """
        ),
        SettingDefinition(
            .maxLagBytes,
            .consistency,
            proxyOnly,
            .size(0...(1 << 50)),
            default: "0",
            .reload,
            "The same, in bytes of the write-ahead log. 0: no limit."
        ),
    ]

    static let preparedStatements: [SettingDefinition] = [
        SettingDefinition(
            .preparedStatements,
            .preparedStatements,
            perPool,
            .boolean,
            default: "on",
            .reload,
            """
            Carry prepared statements of the protocol from server to server. off: they live on the server that a \
            client happens to hold, which is right only with pool_mode = session.
            """
        ),
        SettingDefinition(
            .prepareUnnamed,
            .preparedStatements,
            perPool,
            .boolean,
            default: "on",
            .reload,
            "Share unnamed statements that recur as prepared ones, so that servers parse and plan them less often."
        ),
        SettingDefinition(
            .preparedStatementMemory,
            .preparedStatements,
            proxyOnly,
            memory,
            default: "64MB",
            .reload,
            "Memory of the whole process for the texts of prepared statements."
        ),
        SettingDefinition(
            .clientStatementNames,
            .preparedStatements,
            proxyOnly,
            .size(4_096...(1 << 30)),
            default: "1MB",
            .reload,
            """
            Bytes of the names that one client may have for prepared statements; beyond it SQLSTATE 53400. All clients' names count \
            against prepared_statement_memory.
            """
        ),
        SettingDefinition(
            .serverPreparedStatements,
            .preparedStatements,
            proxyOnly,
            .integer(1...100_000),
            default: "500",
            .reload,
            "Prepared statements kept on one server; beyond it the least recently used one is closed."
        ),
    ]
}
