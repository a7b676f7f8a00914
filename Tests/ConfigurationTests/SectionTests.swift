import ProxyTerms
import Testing

@testable import Configuration

/// How sections lie over each other, and what they may not say together.
@Suite struct SectionTests {
    @Test func theMostSpecificSectionWins() throws {
        let text = """
            [proxy]
            pool_size = 1
            [database *]
            pool_size = 2
            [database app]
            pool_size = 3
            [user alice]
            pool_size = 4
            """
        let configuration = try load(text)
        let sizes = [("other", "bob"), ("app", "bob"), ("app", "alice"), ("other", "alice")].map {
            configuration.pools.options(database: $0, user: $1).size
        }
        #expect(sizes == [2, 3, 4, 4])
    }

    @Test func anEmptyNameOnTheServersIsTheClientsOwn() throws {
        let pools = try load("[database app]\ndbname = store\n[database shop]\ndbname = ''").pools
        #expect(
            ["app", "shop", "other"].map { pools.options(database: $0, user: "u").databaseOnServer }
                == ["store", "shop", "other"]
        )
    }

    @Test(arguments: SettingTable.names(in: .user))
    func everySettingOfUsersIsOneOfPools(name: SettingName) {
        #expect(PoolOption(name, SettingLayers([]), in: .user) != nil)
        #expect(PoolOption(name, SettingLayers([]), in: .database) != nil)
    }

    @Test func limitsOfDatabasesAndUsersAreTheirOwn() throws {
        let configuration = try load(
            """
            [proxy]
            max_client_connections = 100
            [database *]
            max_client_connections = 50
            [database app]
            max_server_connections = 5
            [user alice]
            max_client_connections = 3
            """
        )
        #expect(configuration.proxy.connectionLimits.clients == 100)
        #expect(configuration.proxy.connectionLimits.servers == nil)
        let alice = configuration.pools.options(database: "app", user: "alice")
        #expect(alice.maximumDatabaseClients == 50)
        #expect(alice.maximumDatabaseServers == 5)
        #expect(alice.databaseOnServer == "app")
        #expect(alice.maximumUserClients == 3)
        #expect(configuration.pools.options(database: "app", user: "bob").maximumUserClients == 0)
    }

    @Test func nodesOfSections() throws {
        let nodes = try load(
            """
            [proxy]
            monitor_user = watcher
            [node one]
            host = a
            port = 1
            weight = 0
            monitor_user = other
            [node two]
            conninfo = 'host=b,/run/pg password=''x y'''
            """,
            nodes: []
        ).nodes
        #expect(nodes.map(\.name) == ["one", "two-1", "two-2"])
        #expect(nodes.map(\.port) == [1, 5432, 5432])
        #expect(nodes.map(\.weight) == [0, 100, 100])
        #expect(nodes.map(\.monitorUser) == ["other", "watcher", "watcher"])
        #expect(nodes.map(\.isUnixSocket) == [false, false, true])
        #expect(nodes[0].monitorPassword == nil)
        #expect(nodes[1].monitorPassword?.reveal() == "x y")
    }

    @Test(arguments: [
        ("[node a]", "proxy.conf:1:1: [node a] says not where the node is; set host, or conninfo"),
        ("[node a]\nhost = x y", "proxy.conf:2:8: the host \"x y\" holds a character that no host name or address has"),
        (
            "[node a]\nconninfo = host=x nonsense",
            """
            proxy.conf:2:12: this connection string cannot be used: expected keyword=value at character 8; a \
            value with blanks needs quotes
            """
        ),
        (
            "[node a]\nport = 1\nconninfo = host=x",
            "proxy.conf:2:8: \"port\" is given beside conninfo in [node a]; keep one of the two"
        ),
        (
            "[node a]\nconninfo = host=x user=u\nmonitor_user = v",
            "proxy.conf:3:16: \"monitor_user\" is given beside conninfo in [node a]; keep one of the two"
        ),
        ("[node a]\nhost = x\n[node b]\nhost = x", "proxy.conf:3:1: x:5432 is a node already, as \"a\""),
        ("[node a-1]\nhost = x\n[node a]\nconninfo = host=y,z", "proxy.conf:3:1: a node has the name \"a-1\" already"),
    ])
    func tellsProblemsOfNodes(text: String, expected: String) throws {
        #expect(try problems(text, nodes: []) == [expected])
    }

    @Test(arguments: [
        ("min_pool_size = 21", "2:17: min_pool_size (21 of [proxy]) must be at most pool_size (20, the default)"),
        (
            "min_pool_size = 5\n[database app]\npool_size = 4",
            "2:17: min_pool_size (5 of [proxy]) must be at most pool_size (4 of [database app])"
        ),
        (
            "[user u]\nmin_pool_size = 30",
            "3:17: min_pool_size (30 of [user u]) must be at most pool_size (20, the default)"
        ),
        (
            "[user u]\npool_size = 3\n[database d]\nmin_pool_size = 4",
            "5:17: min_pool_size (4 of [database d]) must be at most pool_size (3 of [user u])"
        ),
        ("send_low_water = 256kB", "2:18: send_low_water (256kB) must be below send_high_water (256kB)"),
        (
            "receive_buffer_size = 1MB\nclient_buffer_limit = 512kB",
            "2:23: receive_buffer_size (1MB) must be at most client_buffer_limit (512kB)"
        ),
        (
            "max_startup_packet = 64kB\nclient_buffer_limit = 32kB\nreceive_buffer_size = 4kB",
            "2:22: max_startup_packet (64kB) must be at most client_buffer_limit (32kB)"
        ),
        (
            "buffer_memory = 1MB\nclient_buffer_limit = 2MB",
            "3:23: client_buffer_limit (2MB) must be at most buffer_memory (1MB)"
        ),
        (
            "buffer_memory = 1MB\nsend_high_water = 2MB",
            "3:19: send_high_water (2MB) must be at most buffer_memory (1MB)"
        ),
        ("listen_addresses = ''", "2:20: nothing to listen on; set listen_addresses or unix_socket_directory"),
        ("listen_addresses = /tmp", "2:20: \"/tmp\" is a path; a Unix-domain socket is set with unix_socket_directory"),
        (
            "listen_addresses = a b",
            "2:20: the address \"a b\" in listen_addresses holds a character that no host name or address has"
        ),
        ("unix_socket_directory = tmp", "2:25: unix_socket_directory \"tmp\" is no absolute path"),
        (
            "unix_socket_directory = /\(String(repeating: "x", count: 92))",
            """
            2:25: unix_socket_directory "/\(String(repeating: "x", count: 59))…" is longer than the 92 bytes \
            that a socket's directory can have
            """
        ),
    ])
    func tellsContradictions(settings: String, expected: String) throws {
        #expect(try problems("[proxy]\n" + settings) == ["proxy.conf:" + expected])
    }

    @Test func readsThatMayNotUseThePrimaryNeedANode() throws {
        let found = try problems("[proxy]\nreads_on_primary = never", nodes: ["host=a weight=0"])
        #expect(found.first?.hasPrefix("proxy.conf:2:20: reads_on_primary = never, yet every node") == true)
        #expect(try problems("[proxy]\nreads_on_primary = never", nodes: ["host=a weight=0", "host=b"]).isEmpty)
    }

    @Test func promotionNeedsAMajority() throws {
        let text = "[proxy]\nfailover = promote"
        #expect(try problems(text, nodes: ["host=a", "host=b", "host=c"]).isEmpty)
        let few = try problems(text, nodes: ["host=a", "host=b"])
        #expect(few.first?.hasPrefix("proxy.conf:2:12: failover = promote needs at least 3 nodes") == true, "\(few)")
    }

    @Test func coordinationNeedsToKnowWhereAndOfWhat() throws {
        func found(_ settings: String) throws -> [String] {
            try problems("[proxy]\n" + settings, nodes: ["host=a", "host=b", "host=c"]).map { String($0.prefix(50)) }
        }
        let whole = "failover = promote\ncoordination = etcd\netcd_urls = http://a:2379,https://b\netcd_scope = main"
        #expect(try found(whole).isEmpty)
        #expect(try found(whole + "\netcd_ttl = 2s").count == 1)
        #expect(try found("coordination = etcd").count == 3)
        #expect(try found("coordination = etcd").allSatisfy { $0.hasPrefix("proxy.conf:2:16: coordination = etcd") })
        let wrong = "failover = promote\ncoordination = etcd\netcd_urls = a:2379\netcd_scope = a/b"
        let both = try found(wrong)
        #expect(both.count == 2)
        #expect(both.contains { $0.hasPrefix("proxy.conf:4:13: \"a:2379\" in etcd_urls is") }, "\(both)")
        #expect(both.contains { $0.hasPrefix("proxy.conf:5:14: etcd_scope \"a/b\" must not") }, "\(both)")
    }

    @Test func moreFailuresThanChecksAreNoVerdict() throws {
        #expect(try problems("[proxy]\nnode_check_failures = 3").isEmpty)
        let found = try problems("[proxy]\nnode_check_failures = 4")
        #expect(found == ["proxy.conf:2:23: node_check_failures (4) must be at most node_check_window (3)"])
    }

    @Test func noNodeShowsBothWaysToGiveOne() throws {
        let expected = """
            there is no node to send statements to; give one in the file, as "[node NAME]" with a line \
            "host = db1.example.com", or on the command line, as --node 'host=db1.example.com port=5432'
            """
        #expect(problems(environment: trusting, nodes: []) == ["configuration: " + expected])
        #expect(try problems("[proxy]", nodes: []) == ["proxy.conf: " + expected])
        #expect(
            problems(environment: trusting.merging(["HOWDAH_NODES": " ; "]) { $1 }, nodes: []) == [
                "configuration: " + expected
            ]
        )
    }

    @Test func proofNeedsAuthFile() throws {
        for method in AuthenticationMethod.allCases where method != .trust {
            let found = try problems("[proxy]\nauth_type = \(method.rawValue)", environment: [:])
            #expect(found.count == 1)
            #expect(found[0].hasPrefix("proxy.conf:2:13: auth_type = \(method.rawValue) needs auth_file"))
        }
        let remote = ["HOWDAH_LISTEN_ADDRESSES": "*"]
        #expect(problems(environment: remote, nodes: ["host=a"]).count == 1)
    }

    /// Who is on this machine gets what the nodes give: Howdah has no secret to lend.
    @Test func thisMachineAloneNeedsNoProof() throws {
        #expect(try load("", environment: [:], nodes: ["host=a"]).proxy.authenticationMethod == .trust)
    }
}
