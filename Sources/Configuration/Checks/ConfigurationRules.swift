import ProxyTerms

/// Rules between settings, each of which is right on its own.
struct ConfigurationRules {
    private let draft: ConfigurationDraft
    private let nodes: [NodeSettings]
    /// Where to report what stands nowhere.
    private let source: ConfigurationLocation
    private let proxy: ProxySettings
    /// What stays as it is until a restart, though another value has been read.
    private let kept: [SettingName: SettingValue]
    private var problems = ConfigurationProblems()

    init(
        draft: ConfigurationDraft,
        nodes: [NodeSettings],
        source: ConfigurationLocation,
        keeping kept: [SettingName: SettingValue] = [:]
    ) {
        self.kept = kept
        self.draft = draft
        self.nodes = nodes
        self.source = source
        proxy = ProxySettings(SettingLayers([draft.values(of: .proxy)]))
    }

    mutating func broken() -> ConfigurationProblems {
        checkNodes()
        checkListening()
        checkAuthentication()
        checkBuffers()
        checkPools()
        checkWatching()
        checkDiscovery()
        return problems
    }

    private mutating func checkNodes() {
        guard !nodes.isEmpty else {
            if proxy.discovery.mode == .patroni { return }
            problems.add(
                source,
                """
                there is no node to send statements to; give one in the file, as "[node NAME]" with a line \
                "host = db1.example.com", or on the command line, as --node 'host=db1.example.com port=5432'
                """
            )
            return
        }
        let readsOnPrimary = PoolRules([.proxy: draft.values(of: .proxy)]).proxy.readsOnPrimary
        if readsOnPrimary == .never, nodes.allSatisfy({ $0.weight == 0 }) {
            add([.readsOnPrimary], "reads_on_primary = never, yet every node has weight = 0: no node could take reads")
        }
    }

    private mutating func checkWatching() {
        require(proxy.nodeCheckFailures <= proxy.nodeCheckWindow, .nodeCheckFailures, "at most", .nodeCheckWindow)
        checkCoordination()
        if proxy.failover == .promote, nodes.count < 3, !nodes.isEmpty {
            add(
                [.failover],
                """
                failover = promote needs at least 3 nodes, for without the primary a majority must still be seen; there are \
                \(nodes.count). Add a replica (weight = 0 and nofailover = on if it is only to be counted), or set failover = follow
                """
            )
        }
    }

    private mutating func checkCoordination() {
        let coordination = proxy.coordination
        guard coordination.mode == .etcd else { return }
        if proxy.failover != .promote {
            add(
                [.coordination, .failover],
                "coordination = etcd is for proxies that promote; set failover = promote, or coordination = none"
            )
        }
        if coordination.urls.isEmpty {
            add(
                [.coordination],
                "coordination = etcd needs etcd_urls; set etcd_urls = http://etcd1.example.com:2379,http://etcd2.example.com:2379"
            )
        }
        for url in coordination.urls where !Self.isHTTP(url) {
            add(
                [.etcdURLs],
                "\(url.quotedForMessage) in etcd_urls is no URL; write it as http://etcd1.example.com:2379"
            )
        }
        if coordination.scope.isEmpty {
            add(
                [.coordination],
                "coordination = etcd needs etcd_scope, a name that all proxies of this PostgreSQL cluster share, and no others"
            )
        } else if coordination.scope.contains("/") {
            add([.etcdScope], "etcd_scope \(coordination.scope.quotedForMessage) must not contain a slash")
        }
    }

    private mutating func checkDiscovery() {
        let discovery = proxy.discovery
        if discovery.mode == .none { return }
        if proxy.failover == .promote {
            add(
                [.failover, .discover],
                """
                failover = promote counts the majority of the nodes that are given here, so it needs discover = none; with \
                discover = \(discovery.mode.rawValue) set failover = follow
                """
            )
        }
        if nodes.count > discovery.maxNodes {
            add(
                [.maxNodes],
                "max_nodes (\(discovery.maxNodes)) is below the number of nodes given here (\(nodes.count))"
            )
        }
        guard discovery.mode == .patroni else { return }
        if discovery.patroniURLs.isEmpty {
            add(
                [.patroniURLs, .discover],
                "discover = patroni needs patroni_urls; set patroni_urls = http://db1.example.com:8008"
            )
        }
        for url in discovery.patroniURLs where !Self.isHTTP(url) {
            add(
                [.patroniURLs],
                "\(url.quotedForMessage) in patroni_urls is no URL; write it as http://db1.example.com:8008"
            )
        }
    }

    private static func isHTTP(_ url: String) -> Bool {
        ["http://", "https://"].contains { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }
    }

    private mutating func checkListening() {
        let listen = proxy.listen
        if listen.addresses.isEmpty, listen.unixSocketDirectory == nil {
            add(
                [.listenAddresses, .unixSocketDirectory],
                "nothing to listen on; set listen_addresses or unix_socket_directory"
            )
        }
        for address in listen.addresses where address != "*" {
            guard !address.hasPrefix("/") else {
                add(
                    [.listenAddresses],
                    "\(address.quotedForMessage) is a path; a Unix-domain socket is set with unix_socket_directory"
                )
                continue
            }
            if let problem = HostRule.problem(address) {
                add([.listenAddresses], "the address \(address.quotedForMessage) in listen_addresses \(problem)")
            }
        }
        if let directory = listen.unixSocketDirectory, let problem = HostRule.socketDirectoryProblem(directory) {
            add([.unixSocketDirectory], "unix_socket_directory \(directory.quotedForMessage) \(problem)")
        }
    }

    private mutating func checkAuthentication() {
        guard proxy.authenticationMethod != .trust, proxy.authFile == nil else { return }
        let method = proxy.authenticationMethod.rawValue
        add(
            [.authType, .authFile],
            """
            auth_type = \(method) needs auth_file, for without it no client could log in; set auth_file = \
            userlist.txt, or auth_type = trust to ask for no proof
            """
        )
    }

    private mutating func checkBuffers() {
        let buffers = proxy.buffers
        require(buffers.sendLowWater < buffers.sendHighWater, .sendLowWater, "below", .sendHighWater)
        require(
            buffers.receiveBufferSize <= buffers.clientBufferLimit,
            .receiveBufferSize,
            "at most",
            .clientBufferLimit
        )
        require(buffers.maxStartupPacket <= buffers.clientBufferLimit, .maxStartupPacket, "at most", .clientBufferLimit)
        require(buffers.clientBufferLimit <= buffers.bufferMemory, .clientBufferLimit, "at most", .bufferMemory)
        require(buffers.sendHighWater <= buffers.bufferMemory, .sendHighWater, "at most", .bufferMemory)
    }

    private mutating func require(
        _ holds: Bool,
        _ left: SettingName,
        _ relation: String,
        _ right: SettingName
    ) {
        guard !holds else { return }
        let layers = SettingLayers([draft.values(of: .proxy)])
        add(
            [left, right],
            """
            \(left.rawValue) (\(layers.value(left).rendered)) must be \(relation) \
            \(right.rawValue) (\(layers.value(right).rendered))
            """
        )
    }

    // MARK: Pools

    /// Every way in which sections can lie over each other: the proxy alone, with each database, with each user, and
    /// with each pair of the two of which one gives the size and the other the minimum.
    private mutating func checkPools() {
        let any = ConfigurationSection.database(ConfigurationSection.anyName)
        let sized = draft.sections.filter { $0.value[.poolSize] != nil || $0.value[.minPoolSize] != nil }.keys
            .sorted { $0.description < $1.description }
        let databases = sized.filter { $0.scope == .database }
        let users = sized.filter { $0.scope == .user }
        guard checkPool([.proxy]) else { return }
        let soundDatabases = databases.filter { checkPool($0 == any ? [any, .proxy] : [$0, any, .proxy]) }
        for user in users where checkPool([user, .proxy]) {
            // One report a user is enough to find the contradiction.
            for database in soundDatabases {
                guard checkPool([user] + (database == any ? [any, .proxy] : [database, any, .proxy])) else { break }
            }
        }
    }

    private mutating func checkPool(_ sections: [ConfigurationSection]) -> Bool {
        let size = assigned(.poolSize, in: sections)
        let minimum = assigned(.minPoolSize, in: sections)
        guard minimum.value > size.value else { return true }
        problems.add(
            minimum.location ?? size.location ?? source,
            """
            min_pool_size (\(minimum.value)\(minimum.whence)) must be at most pool_size \
            (\(size.value)\(size.whence))
            """
        )
        return false
    }

    private func assigned(
        _ name: SettingName,
        in sections: [ConfigurationSection]
    ) -> (value: Int, location: ConfigurationLocation?, whence: String) {
        for section in sections {
            if let assigned = draft.sections[section]?[name], case .integer(let value) = assigned.value {
                return (value, assigned.location, " of \(section)")
            }
        }
        return (SettingLayers([]).integer(name), nil, ", the default")
    }

    // MARK: Reports

    /// Reports where the first of these settings that is set in `[proxy]` stands.
    private mutating func add(_ names: [SettingName], _ message: String) {
        let location = names.compactMap { draft.sections[.proxy]?[$0]?.location }.first
        let stays = names.compactMap { name in
            kept[name].map { "; \(name.rawValue) stays \($0.rendered.quotedForMessage) until a restart" }
        }
        problems.add(location ?? source, message + stays.joined())
    }
}
