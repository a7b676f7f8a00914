import ProxyTerms

extension SettingTable {
    static let connections: [SettingDefinition] = [
        SettingDefinition(
            .listenAddresses,
            .connections,
            proxyOnly,
            .list,
            default: "localhost",
            .restart,
            """
            Host names or addresses to listen on, separated by commas. * is every address, IPv4 and IPv6; empty: on \
            no address, only on the Unix-domain socket.
            """
        ),
        SettingDefinition(
            .listenPort,
            .connections,
            proxyOnly,
            .integer(0...65_535),
            default: "6432",
            .restart,
            "Port to listen on; also the number in the name of the Unix-domain socket. 0 takes any free port."
        ),
        SettingDefinition(
            .unixSocketDirectory,
            .connections,
            proxyOnly,
            .text,
            default: "",
            .restart,
            "Absolute path of the directory for the Unix-domain socket .s.PGSQL.<listen_port>. Empty: no such socket."
        ),
        SettingDefinition(
            .listenBacklog,
            .connections,
            proxyOnly,
            .integer(1...65_535),
            default: "4096",
            .restart,
            "Connections that the kernel holds for each listening socket until they are accepted."
        ),
        SettingDefinition(
            .maxClientConnections,
            .connections,
            perPool,
            .integer(0...1_000_000),
            default: "10000",
            .reload,
            """
            Clients connected at once; one more is refused with SQLSTATE 53300. In [proxy]: all clients. In [database] \
            or [user]: those of that database or user, where the default is 0. 0: no limit of its own.
            """
        ),
        SettingDefinition(
            .clientLoginTimeout,
            .connections,
            proxyOnly,
            boundedWait,
            default: "60s",
            .reload,
            "A client that has not logged in within this time after it connected is disconnected."
        ),
        SettingDefinition(
            .clientMessageTimeout,
            .connections,
            proxyOnly,
            optionalTime,
            default: "60s",
            .reload,
            """
            A client that has sent a part of a message, and nothing more of it for this time, is disconnected with SQLSTATE \
            57P05. 0: never.
            """
        ),
        SettingDefinition(
            .clientWriteTimeout,
            .connections,
            proxyOnly,
            optionalTime,
            default: "2min",
            .reload,
            """
            A client that has read nothing of what waits to be sent to it for this time is disconnected with SQLSTATE \
            57P05. 0: never.
            """
        ),
        SettingDefinition(
            .clientIdleTimeout,
            .connections,
            perPool,
            optionalTime,
            default: "0",
            .reload,
            "A client that has sent nothing outside a transaction for this time is disconnected. 0: never."
        ),
        SettingDefinition(
            .idleTransactionTimeout,
            .connections,
            perPool,
            optionalTime,
            default: "0",
            .reload,
            """
            A client that holds a transaction open and sends nothing for this time is disconnected and the transaction \
            rolled back. 0: never.
            """
        ),
        SettingDefinition(
            .maxStartupPacket,
            .connections,
            proxyOnly,
            .size(512...65_536),
            default: "10kB",
            .reload,
            "Longest start-up packet and longest message of a client before it has logged in."
        ),
    ]

    static let authentication: [SettingDefinition] = [
        SettingDefinition(
            .authType,
            .authentication,
            proxyOnly,
            choice(AuthenticationMethod.self),
            default: "scram-sha-256",
            .reload,
            """
            How clients prove who they are. trust: no proof asked. md5: MD5 password, or SCRAM where auth_file has a \
            SCRAM secret. scram-sha-256: SCRAM only. All but trust need auth_file. Where neither auth_type nor auth_file \
            is set and listen_addresses is this machine alone, clients are trusted: servers that ask for a password \
            then refuse them all the same, for Howdah has none to give.
            """
        ),
        SettingDefinition(
            .authFile,
            .authentication,
            proxyOnly,
            .text,
            default: "",
            .reload,
            example: "userlist.txt",
            """
            File of users and secrets, one "user" "secret" a line, as PgBouncer's userlist.txt. A relative path counts \
            from the directory of proxy.conf.
            """
        ),
        SettingDefinition(
            .adminUsers,
            .authentication,
            proxyOnly,
            .list,
            default: "",
            .reload,
            """
            Users who may use the admin console, which a client reaches as the database howdah or pgbouncer; they log \
            in like anybody else. It shows all clients' users, databases and statements. Empty: nobody.
            """
        ),
    ]

    static let log: [SettingDefinition] = [
        SettingDefinition(
            .logLevel,
            .log,
            proxyOnly,
            choice(LogLevel.self),
            default: "info",
            .reload,
            "Least severe messages that are logged."
        ),
        SettingDefinition(
            .logConnections,
            .log,
            proxyOnly,
            .boolean,
            default: "off",
            .reload,
            "Log each login of a client and its disconnection."
        ),
        SettingDefinition(
            .logMemory,
            .log,
            proxyOnly,
            .size(16_384...(1 << 30)),
            default: "1MB",
            .reload,
            "Bytes of lines that wait to be written; nobody waits for whoever reads them. Beyond that lines are dropped, and their number is told."
        ),
        SettingDefinition(
            .logRepeatInterval,
            .log,
            proxyOnly,
            .duration(unit: .seconds, .seconds(1)...(.seconds(3_600)), zeroDisables: true),
            default: "10s",
            .reload,
            "Of warnings and errors that come again within this time only the first is written, and then their number. 0: all are written."
        ),
    ]
}
