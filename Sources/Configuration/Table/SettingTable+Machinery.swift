extension SettingTable {
    static let buffers: [SettingDefinition] = [
        SettingDefinition(
            .receiveBufferSize,
            .buffers,
            proxyOnly,
            .size(4_096...(1 << 20)),
            default: "64kB",
            .restart,
            "Bytes read from a connection at once; a connection holds such a buffer only while it has bytes in it."
        ),
        SettingDefinition(
            .sendHighWater,
            .buffers,
            proxyOnly,
            .size(4_096...(1 << 30)),
            default: "256kB",
            .reload,
            "When this much waits to be sent to a connection, nothing more is read from the one that feeds it."
        ),
        SettingDefinition(
            .sendLowWater,
            .buffers,
            proxyOnly,
            .size(0...(1 << 30)),
            default: "64kB",
            .reload,
            "When no more than this still waits to be sent, reading goes on. Below send_high_water."
        ),
        SettingDefinition(
            .clientBufferLimit,
            .buffers,
            proxyOnly,
            .size(4_096...(1 << 30)),
            default: "1MB",
            .reload,
            "Bytes of its own messages held for a client that waits for a server; reading from it stops there."
        ),
        SettingDefinition(
            .notificationQueue,
            .buffers,
            proxyOnly,
            .size(16_384...(1 << 30)),
            default: "1MB",
            .reload,
            """
            Bytes of notifications held for a client that is in a transaction or does not read, and of the channels that it \
            listens to; beyond that it is disconnected with SQLSTATE 53400.
            """
        ),
        SettingDefinition(
            .bufferMemory,
            .buffers,
            proxyOnly,
            memory,
            default: "256MB",
            .restart,
            """
            Memory of the whole process for buffers. From three quarters on, clients that hold more than 64 kB and have no \
            server are not read on; if that does not help within 5 s, those that hold most are disconnected with SQLSTATE 53200.
            """
        ),
        SettingDefinition(
            .maxMessageSize,
            .buffers,
            proxyOnly,
            .size(65_536...(1 << 30)),
            default: "1GB",
            .reload,
            "Longest message of a client that has logged in; a longer one ends its connection with SQLSTATE 54000."
        ),
        SettingDefinition(
            .maxPendingReplies,
            .buffers,
            proxyOnly,
            .integer(16...10_000_000),
            default: "10000",
            .reload,
            "Replies that may be outstanding on one server; a pipeline longer than this is read as replies arrive."
        ),
    ]

    static let eventLoop: [SettingDefinition] = [
        SettingDefinition(
            .workers,
            .eventLoop,
            proxyOnly,
            .integer(1...1),
            default: "1",
            .restart,
            "Event loops, each a thread with clients and servers of its own. More than one is not to be had yet."
        ),
        SettingDefinition(
            .ioMethod,
            .eventLoop,
            proxyOnly,
            choice(IOMethod.self),
            default: "auto",
            .restart,
            "How the loops talk to the kernel. auto: io_uring where it is allowed, else epoll."
        ),
        SettingDefinition(
            .tcpKeepalivesIdle,
            .eventLoop,
            proxyOnly,
            keepaliveTime,
            default: "60s",
            .reload,
            "Silence on a TCP connection before the kernel probes it, in whole seconds. 0: the system's own value."
        ),
        SettingDefinition(
            .tcpKeepalivesInterval,
            .eventLoop,
            proxyOnly,
            keepaliveTime,
            default: "10s",
            .reload,
            "Time between two such probes, in whole seconds. 0: the system's own value."
        ),
        SettingDefinition(
            .tcpKeepalivesCount,
            .eventLoop,
            proxyOnly,
            .integer(0...127),
            default: "5",
            .reload,
            "Probes without an answer after which the connection is dead. 0: the system's own value."
        ),
        SettingDefinition(
            .tcpUserTimeout,
            .eventLoop,
            proxyOnly,
            .duration(unit: .milliseconds, .milliseconds(1)...longestTCPTimeout, zeroDisables: true),
            default: "0",
            .reload,
            "Time that sent bytes may stay without acknowledgement before the connection is dead. 0: the system's own."
        ),
    ]

    // The kernel's own limits (tcp(7)): 32767 seconds, and a signed 32-bit number of milliseconds.
    private static let keepaliveTime = SettingKind.duration(
        unit: .seconds,
        .seconds(1)...(.seconds(32_767)),
        zeroDisables: true
    )
    private static let longestTCPTimeout = Duration.milliseconds(Int32.max)

    static let monitoring: [SettingDefinition] = [
        SettingDefinition(
            .monitorUser,
            .monitoring,
            [.proxy, .node],
            .text,
            default: "postgres",
            .reload,
            "Role that Howdah itself logs in with to watch the nodes; LOGIN is all it needs."
        ),
        SettingDefinition(
            .monitorPassword,
            .monitoring,
            [.proxy, .node],
            .secret,
            default: "",
            .reload,
            "Its password. Empty: none is sent."
        ),
        SettingDefinition(
            .monitorDatabase,
            .monitoring,
            [.proxy, .node],
            .text,
            default: "postgres",
            .reload,
            "Database that it logs in to."
        ),
        SettingDefinition(
            .nodeCheckInterval,
            .monitoring,
            proxyOnly,
            .duration(unit: .seconds, .milliseconds(10)...(.seconds(3_600)), zeroDisables: false),
            default: "1s",
            .reload,
            "Time between two checks of a node's role."
        ),
        SettingDefinition(
            .nodeCheckTimeout,
            .monitoring,
            proxyOnly,
            .duration(unit: .seconds, .milliseconds(10)...(.seconds(3_600)), zeroDisables: false),
            default: "3s",
            .reload,
            "A check that has not been answered within this time has failed."
        ),
        SettingDefinition(
            .nodeCheckFailures,
            .monitoring,
            proxyOnly,
            .integer(1...32),
            default: "2",
            .reload,
            """
            So many failed checks among the last node_check_window make a node down. Where nothing listens, or the server \
            says that it takes no connections, one is enough.
            """
        ),
        SettingDefinition(
            .nodeCheckWindow,
            .monitoring,
            proxyOnly,
            .integer(1...32),
            default: "3",
            .reload,
            "Checks among which failures are counted. At least node_check_failures."
        ),
        SettingDefinition(
            .nodeCheckSuccesses,
            .monitoring,
            proxyOnly,
            .integer(1...32),
            default: "2",
            .reload,
            "So many answered checks in a row make a node that is down up again; they follow each other quickly."
        ),
        SettingDefinition(
            .onEvent,
            .monitoring,
            proxyOnly,
            .text,
            default: "",
            .reload,
            """
            Command that /bin/sh runs when a node goes up or down, is promoted, demoted, fenced or unfenced, lags or is fresh \
            again. HOWDAH_EVENT, HOWDAH_NODE, HOWDAH_HOST, HOWDAH_PORT, HOWDAH_ROLE and HOWDAH_REASON are set. Empty: none.
            """
        ),
        SettingDefinition(
            .onEventTimeout,
            .monitoring,
            proxyOnly,
            boundedWait,
            default: "30s",
            .reload,
            "The command is killed when it takes longer; one runs at a time."
        ),
    ]

    static let failover: [SettingDefinition] = [
        SettingDefinition(
            .failover,
            .failover,
            proxyOnly,
            choice(FailoverMode.self),
            default: "follow",
            .reload,
            """
            When the primary is lost. follow: go on with the one that somebody else promotes. promote: promote a replica, with nobody else \
            who promotes; several proxies need coordination.
            """
        ),
        SettingDefinition(
            .failoverWait,
            .failover,
            proxyOnly,
            boundedWait,
            default: "30s",
            .reload,
            """
            While there is no primary, statements for it wait this long for the next one, and then fail with SQLSTATE \
            57P03. query_wait_timeout counts from its coming.
            """
        ),
        SettingDefinition(
            .failoverQueue,
            .failover,
            proxyOnly,
            .integer(0...1_000_000),
            default: "10000",
            .reload,
            "Clients that may wait for a primary at once; others get SQLSTATE 57P03 at once."
        ),
        SettingDefinition(
            .promoteDelay,
            .failover,
            proxyOnly,
            boundedWait,
            default: "3s",
            .reload,
            "failover = promote: how long the primary must be down before a replica is promoted. Longer than its restart takes."
        ),
    ]

    static let nodes: [SettingDefinition] = [
        SettingDefinition(
            .host,
            .nodes,
            [.node],
            .text,
            default: "",
            .reload,
            example: "db1.example.com",
            "Host name or address of the node, or the absolute path of its Unix-domain socket directory."
        ),
        SettingDefinition(
            .port,
            .nodes,
            [.node],
            .integer(1...65_535),
            default: "5432",
            .reload,
            "Port of the node."
        ),
        SettingDefinition(
            .conninfo,
            .nodes,
            [.node],
            .conninfo,
            default: "",
            .reload,
            """
            Instead of host and port: a libpq connection string or URI. Several hosts in it are several nodes, NAME-1, \
            NAME-2 and so on; user, password and dbname in it are monitor_user, monitor_password and monitor_database.
            """
        ),
        SettingDefinition(
            .weight,
            .nodes,
            [.node],
            .integer(0...1_000),
            default: "100",
            .reload,
            "Share of the reads that the node gets in relation to the others. 0: none."
        ),
        SettingDefinition(
            .priority,
            .nodes,
            [.node],
            .integer(0...1_000),
            default: "100",
            .reload,
            "failover = promote: among replicas that have as much of the log, the one with the greatest priority is promoted."
        ),
        SettingDefinition(
            .nofailover,
            .nodes,
            [.node],
            .boolean,
            default: "off",
            .reload,
            "failover = promote: whether this node is never promoted."
        ),
    ]

    static let databases: [SettingDefinition] = [
        SettingDefinition(
            .dbname,
            .databases,
            [.database],
            .text,
            default: "",
            .reload,
            "Name of the database on the nodes. Empty: the name that the client asked for."
        )
    ]
}
