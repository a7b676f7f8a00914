@testable import ProxyCore
import ProxySimulation
import ProxyTerms
import StatementRouting
import Testing

/// Settings that change while clients are there: each of them is changed and seen in effect, or named as fixed.
struct ReconfigurationTests {
    /// One setting: how it is at first, and what shows that another value is in effect.
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        var nodes = 2
        var options: @Sendable (inout EngineOptions) -> Void = { _ in }
        var pool: @Sendable (inout PoolOptions) -> Void = { _ in }
        let script: @Sendable (Conversation) -> Void

        var testDescription: String { name }
    }

    @Test("What is changed is in effect", arguments: ofProxy + ofPools + ofRules)
    func isInEffect(row: Row) {
        converse(nodes: row.nodes, options: row.options, pool: row.pool) { row.script($0) }
    }

    @Test("Every setting has its row, or is one of those that are fixed")
    func everySetting() {
        func labels(_ value: Any) -> Set<String> { Set(Mirror(reflecting: value).children.compactMap(\.label)) }
        let fixed = Set(EngineConfiguration.Fixed.allCases.map(\.rawValue))
        let ofProxy = Self.ofProxy.map(\.name)
        #expect(labels(EngineOptions()) == fixed.union(ofProxy))
        #expect(fixed.isDisjoint(with: ofProxy))
        #expect(labels(PoolOptions()) == Set(Self.ofPools.map(\.name)))
        let rules = labels(EngineConfiguration()).union(labels(PoolRules()))
        #expect(rules.subtracting(["options", "pools", "proxy"]) == Set(Self.ofRules.map(\.name)))
    }

    @Test("What is fixed stays as it was, and is named", arguments: EngineConfiguration.Fixed.allCases)
    func isFixed(setting: EngineConfiguration.Fixed) {
        converse { talk in
            let before = talk.engine.configuration
            let named = talk.reconfigure {
                switch setting {
                case .bufferMemory: $0.options.bufferMemory += 1
                case .maximumCatalogs: $0.options.maximumCatalogs += 1
                case .statementCacheMemory: $0.options.statementCacheMemory += 1
                }
            }
            #expect(named == [setting])
            #expect(talk.engine.configuration == before)
        }
    }

    // MARK: Of the whole engine

    private static let ofProxy: [Row] = [
        Row(name: "maximumClients") { talk in
            let first = talk.client()
            talk.reconfigure { $0.options.maximumClients = 1 }
            talk.client().getsError("Fatal 53300 sorry, too many clients already")
            #expect(!first.isClosed)
        },
        Row(name: "maximumServers", nodes: 1) { talk in
            let writers = talk.writers(3)
            talk.reconfigure { $0.options.maximumServers = 1 }
            talk.finish(writers)
            #expect(talk.openServers().count == 1)
        },
        Row(name: "clientLoginTimeout") { talk in
            let client = talk.connect()
            talk.reconfigure { $0.options.clientLoginTimeout = 1_000_000 }
            talk.pass(seconds: 2.2)
            client.getsError("Fatal 08P01 canceling authentication due to timeout")
        },
        Row(name: "clientMessageTimeout") { talk in
            let client = talk.client()
            client.sends(bytes: [UInt8(ascii: "Q"), 0, 0])
            talk.reconfigure { $0.options.clientMessageTimeout = 2_000_000 }
            talk.pass(seconds: 5)
            client.getsError("Fatal 57P05 terminating connection due to client_message_timeout")
        },
        Row(name: "clientWriteTimeout") { talk in
            let client = talk.client()
            client.reads = false
            client.sends("Query SELECT 1")
            talk.server(on: 1).answers("1")
            talk.reconfigure { $0.options.clientWriteTimeout = 1_000_000 }
            talk.pass(seconds: 4)
            client.readsAgain()
            #expect(client.received.last == "Fatal 57P05 terminating connection due to client_write_timeout")
        },
        Row(name: "serverConnectTimeout") { talk in
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.reconfigure { $0.options.serverConnectTimeout = 1_000_000 }
            talk.pass(seconds: 2.2)
            #expect(talk.shell.suspects == [1])
        },
        Row(name: "serverLoginRetry", options: { $0.serverLoginRetry = 60_000_000 }) { talk in
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.reconfigure { $0.options.serverLoginRetry = 500_000 }
            talk.refuseConnections(to: 1)
            talk.acceptsConnections = true
            talk.pass(seconds: 0.8)
            talk.server(on: 1).gets("Query SELECT 1")
        },
        Row(name: "failoverWait") { talk in
            let client = talk.client()
            talk.topologyBecomes(.unknown(reason: "down"), .up(.replica))
            client.sends("Query UPDATE t SET x = 1")
            talk.reconfigure { $0.options.failoverWait = 1_000_000 }
            talk.pass(seconds: 1.2)
            client.getsError("Error 57P03 no primary takes writes", ready: "I")
        },
        Row(name: "failoverQueue") { talk in
            let client = talk.client()
            talk.topologyBecomes(.unknown(reason: "down"), .up(.replica))
            talk.reconfigure { $0.options.failoverQueue = 0 }
            client.sends("Query UPDATE t SET x = 1")
            client.getsError("Error 57P03 no primary takes writes", ready: "I")
        },
        Row(name: "statementTextLimit") { talk in
            let client = talk.client()
            let text = "INSERT INTO t VALUES ('" + String(repeating: "x", count: 500) + "')"
            talk.reconfigure { $0.options.statementTextLimit = 100 }
            // It is not gathered any more.
            client.sends(bytes: Array(WireMessage(frontend: "Query " + text).bytes[..<200]))
            #expect(talk.engine.inspect().idleServers == 0)
            client.sends(bytes: Array(WireMessage(frontend: "Query " + text).bytes[200...]))
            talk.server(on: 0).gets("Query " + text)
            talk.server(on: 0).completes("INSERT 0 1")
        },
        Row(name: "clientBufferLimit") { talk in
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.reconfigure { $0.options.clientBufferLimit = 1000 }
            client.sends("Query SELECT '" + String(repeating: "x", count: 2000) + "'")
            #expect(client.link.isPaused)
            #expect(talk.engine.classifier.maximumTextBytes == 2000)
            #expect(talk.engine.options.statementTextLimit == 1000)
        },
        Row(name: "sendHighWater") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.sendHighWater = 100 }
            let questions = Array(repeating: WireMessage(frontend: "Query SHOW howdah.route").bytes, count: 10)
            client.link.toEngine += questions.joined()
            talk.shell.deliver(client.link, .max)
            // The rest waits until the first answers have been fetched.
            #expect(!talk.engine.turn.answering.isEmpty)
            talk.settle()
            #expect(client.received.count { $0 == "Ready I" } == 10)
        },
        Row(name: "notificationQueue") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.notificationQueue = 4096 }
            client.sends("Query " + (0..<40).map { "LISTEN c\($0)" }.joined(separator: ";"))
            for _ in 0..<40 { talk.server(on: 0).sends("Complete LISTEN") }
            client.forget()
            talk.server(on: 0).sends("Ready I")
            client.getsError("Fatal 53400 too many notifications wait for this client")
        },
        Row(name: "maximumMessageSize") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.maximumMessageSize = 100 }
            client.sends("Query SELECT '" + String(repeating: "x", count: 200) + "'")
            #expect(client.received.last?.hasPrefix("Fatal 54000") == true)
        },
        Row(name: "maximumStartupPacket") { talk in
            talk.reconfigure { $0.options.maximumStartupPacket = 20 }
            #expect(talk.client().received.last?.hasPrefix("Fatal 08P01") == true)
        },
        Row(name: "maximumPendingReplies") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.maximumPendingReplies = 4 }
            let words = (0..<6).flatMap { ["Parse : UPDATE t SET x = \($0)", "Bind <- ()", "Execute"] } + ["Sync"]
            client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
            #expect(talk.server(on: 0).received.count < words.count)
        },
        Row(name: "preparedStatementMemory") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.preparedStatementMemory = 1 }
            client.sends("Parse s: SELECT 1", "Sync")
            talk.provoked()
            #expect(client.received.first?.hasPrefix("Error 53200") == true)
        },
        Row(name: "clientStatementNames") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.clientStatementNames = 1 }
            client.sends("Parse s: SELECT 1", "Sync")
            talk.provoked()
            #expect(client.received.first?.hasPrefix("Error 53400") == true)
        },
        Row(name: "serverPreparedStatements") { talk in
            let client = talk.client()
            talk.reconfigure { $0.options.serverPreparedStatements = 2 }
            for number in 0..<30 { client.sends("Parse s\(number): UPDATE t SET x = \(number)") }
            #expect(talk.server(on: 0).received.count { $0.hasPrefix("Parse howdah_") } == 20)
        },
        Row(name: "zone", nodes: 3) { talk in
            var topology = talk.engine.topology
            topology.nodes = topology.nodes.map {
                Node(
                    index: $0.index,
                    name: $0.name,
                    address: $0.address,
                    weight: 1,
                    zone: "zone\($0.index)",
                    state: $0.state
                )
            }
            talk.engine.topologyChanged(topology)
            talk.reconfigure { $0.options.zone = "zone2" }
            #expect(talk.reads(by: talk.client(), 10) == [2: 10])
        },
        Row(name: "slowStart", options: { $0.slowStart = 0 }) { talk in
            talk.reconfigure { $0.options.slowStart = 60_000_000 }
            talk.topologyBecomes(.up(.primary), .unknown(reason: "down"))
            talk.topologyBecomes(.up(.primary), .up(.replica))
            #expect(talk.engine.roster.balance.nodes[1].isStarting)
        },
        Row(name: "adminUsers") { talk in
            talk.reconfigure { $0.options.adminUsers = ["root"] }
            let admin = talk.client(user: "root", database: "howdah")
            admin.sends("Query SHOW VERSION")
            #expect(admin.received.last == "Ready I")
        },
    ]

    // MARK: Of pools

    private static let ofPools: [Row] = [
        Row(name: "mode", nodes: 1) { talk in
            let before = talk.client()
            talk.reconfigure { $0.pools.proxy.mode = .session }
            let after = talk.client()
            #expect(talk.keepsServer(after))
            // Who was there before counts on what he came to.
            #expect(!talk.keepsServer(before))
        },
        Row(name: "size", nodes: 1, pool: { $0.size = 1 }) { talk in
            let writers = talk.writers(3)
            talk.reconfigure { $0.pools.proxy.size = 3 }
            #expect(talk.openServers().count == 3)
            talk.reconfigure { $0.pools.proxy.size = 2 }
            #expect(talk.openServers().count == 3)
            talk.finish(writers)
            #expect(talk.openServers().count == 2)
        },
        Row(name: "minimumSize") { talk in
            _ = talk.client()
            talk.reconfigure { $0.pools.proxy.minimumSize = 2 }
            talk.pass(seconds: 2.2)
            #expect(talk.openServers(on: 0).count == 2)
        },
        Row(
            name: "reserveSize",
            nodes: 1,
            pool: {
                $0.size = 1
                $0.reserveTimeout = 0
            }
        ) { talk in
            let writers = talk.writers(3)
            talk.reconfigure { $0.pools.proxy.reserveSize = 1 }
            #expect(talk.openServers().count == 2)
            talk.reconfigure { $0.pools.proxy.reserveSize = 0 }
            talk.finish(writers)
            #expect(talk.openServers().count == 1)
        },
        Row(
            name: "reserveTimeout",
            nodes: 1,
            pool: {
                $0.size = 1
                $0.reserveSize = 1
                $0.reserveTimeout = 60_000_000
            }
        ) { talk in
            _ = talk.writers(2)
            talk.pass(seconds: 0.5)
            talk.reconfigure { $0.pools.proxy.reserveTimeout = 100_000 }
            #expect(talk.openServers().count == 2)
        },
        Row(name: "queryWaitTimeout", nodes: 1, pool: { $0.size = 1 }) { talk in
            let writers = talk.writers(2)
            talk.reconfigure { $0.pools.proxy.queryWaitTimeout = 1_000_000 }
            talk.pass(seconds: 1.2)
            writers[1].getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
        },
        Row(name: "connectRamp", nodes: 1, pool: { $0.connectRamp = 1 }) { talk in
            _ = talk.client()
            talk.acceptsConnections = false
            _ = talk.writers(4)
            #expect(talk.openServers().count == 2)
            talk.reconfigure { $0.pools.proxy.connectRamp = 2 }
            #expect(talk.openServers().count == 3)
        },
        Row(name: "serverLifetime", nodes: 1) { talk in
            _ = talk.client()
            talk.reconfigure { $0.pools.proxy.serverLifetime = 1_000_000 }
            talk.pass(seconds: 2.2)
            #expect(talk.openServers().isEmpty)
        },
        Row(name: "serverIdleTimeout", nodes: 1) { talk in
            _ = talk.client()
            talk.reconfigure { $0.pools.proxy.serverIdleTimeout = 1_000_000 }
            talk.pass(seconds: 2.2)
            #expect(talk.openServers().isEmpty)
        },
        Row(name: "clientIdleTimeout") { talk in
            let client = talk.client()
            talk.reconfigure { $0.pools.proxy.clientIdleTimeout = 1_000_000 }
            talk.pass(seconds: 2.2)
            client.getsError("Fatal 57P05 terminating connection due to idle-session timeout")
        },
        Row(name: "idleTransactionTimeout") { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.forget()
            talk.reconfigure { $0.pools.proxy.idleTransactionTimeout = 1_000_000 }
            talk.pass(seconds: 2.2)
            client.getsError("Fatal 25P03 terminating connection due to idle-in-transaction timeout")
        },
        Row(name: "split") { talk in
            let client = talk.client()
            talk.reconfigure { $0.pools.proxy.split = false }
            #expect(talk.reads(by: client, 3) == [0: 3])
        },
        Row(name: "readsOnPrimary") { talk in
            let client = talk.client()
            talk.topologyBecomes(.up(.primary), .unknown(reason: "down"))
            #expect(talk.reads(by: client, 1) == [0: 1])
            talk.reconfigure { $0.pools.proxy.readsOnPrimary = .never }
            client.sends("Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
        },
        Row(name: "route") { talk in
            let client = talk.client()
            let chooser = talk.client()
            chooser.sends("Query SET howdah.route = 'replica'")
            chooser.forget()
            talk.reconfigure { $0.pools.proxy.route = .primary }
            #expect(talk.reads(by: client, 1) == [0: 1])
            // What a session has said itself comes first, until it takes it back.
            #expect(talk.reads(by: chooser, 1) == [1: 1])
            chooser.sends("Query RESET howdah.route")
            chooser.forget()
            #expect(talk.reads(by: chooser, 1) == [0: 1])
        },
        Row(name: "readYourWrites") { talk in
            let client = talk.client()
            talk.reconfigure { $0.pools.proxy.readYourWrites = .session }
            talk.write(client)
            #expect(talk.reads(by: client, 1) == [0: 1])
        },
        Row(name: "transactionReads") { talk in
            talk.shell.catalog = Conversation.catalog()
            let client = talk.client()
            talk.reconfigure { $0.pools.proxy.transactionReads = .replicaUntilWrite }
            client.sends("Query BEGIN")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query BEGIN", "Query SELECT 1")
        },
        Row(name: "pinnedReads") { talk in
            let client = talk.client()
            #expect(talk.reads(by: client, 1) == [1: 1])
            client.sends("Query SELECT pg_advisory_lock(1)")
            talk.server(on: 0).answers("")
            if talk.server(on: 0).received.count > 1 { talk.server(on: 0).answers("\(PinReason.advisoryLock.bit)") }
            client.forget()
            #expect(talk.reads(by: client, 1) == [0: 1])
            talk.reconfigure { $0.pools.proxy.pinnedReads = .replica }
            #expect(talk.reads(by: client, 1) == [1: 1])
        },
        Row(
            name: "freshnessWait",
            pool: {
                $0.readYourWrites = .session
                $0.freshnessWait = 0
            }
        ) { talk in
            let client = talk.client()
            talk.engine.freshnessReported(
                FreshnessReport(
                    nodes: [NodeFreshness(), NodeFreshness(covered: 0, lag: 0, verdict: .near)],
                    newest: nil
                )
            )
            talk.write(client)
            #expect(talk.reads(by: client, 1) == [0: 1])
            talk.reconfigure { $0.pools.proxy.freshnessWait = 60_000_000 }
            client.sends("Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
        },
        Row(name: "balanceLevel", nodes: 3) { talk in
            let client = talk.client()
            #expect(talk.reads(by: client, 20).count == 2)
            talk.reconfigure { $0.pools.proxy.balanceLevel = .session }
            #expect(talk.reads(by: client, 20).count == 1)
        },
        Row(name: "foreignTablesOnReplicas") { talk in
            talk.shell.catalog = DatabaseCatalog(
                facts: CatalogFacts(
                    functions: [],
                    relations: [RelationFact(schema: "public", name: "far", kind: .foreign)],
                    defaultSearchPath: SearchPath(schemas: ["public"]),
                    generation: 1
                ),
                searchPath: "public",
                searchPathOfRole: [:]
            )
            let client = talk.client()
            #expect(talk.reads(by: client, 1, "SELECT a FROM far") == [0: 1])
            talk.reconfigure { $0.pools.proxy.foreignTablesOnReplicas = true }
            #expect(talk.reads(by: client, 1, "SELECT a FROM far") == [1: 1])
        },
        Row(name: "serverLocalViewsOnReplicas") { talk in
            let client = talk.client()
            #expect(talk.reads(by: client, 1, "SELECT pid FROM pg_stat_activity") == [0: 1])
            talk.reconfigure { $0.pools.proxy.serverLocalViewsOnReplicas = true }
            #expect(talk.reads(by: client, 1, "SELECT pid FROM pg_stat_activity") == [1: 1])
        },
        Row(name: "preparedStatements", nodes: 1) { talk in
            let before = talk.client()
            let server = talk.server(on: 0)
            talk.reconfigure { $0.pools.proxy.preparedStatements = false }
            let after = talk.client()
            before.sends("Parse s: UPDATE t SET x = 1", "Sync")
            #expect(server.received.first?.hasPrefix("Parse howdah_") == true)
            server.sends("Parsed", "Ready I")
            after.sends("Parse s: UPDATE t SET x = 1", "Sync")
            #expect(talk.openServers().contains { $0.received.first == "Parse s: UPDATE t SET x = 1" })
        },
        Row(name: "prepareUnnamed") { talk in
            let client = talk.client()
            #expect(talk.shares(client, "SELECT 1"))
            talk.reconfigure { $0.pools.proxy.prepareUnnamed = false }
            #expect(!talk.shares(client, "SELECT 2"))
        },
        Row(name: "databaseOnServer", nodes: 1) { talk in
            let before = talk.client()
            talk.reconfigure { $0.pools.proxy.databaseOnServer = "other" }
            let after = talk.client()
            #expect(talk.openServers().map { $0.startup["database"] } == ["app", "other"])
            for (client, database) in [(before, "app"), (after, "other")] {
                client.sends("Query UPDATE t SET x = 1")
                let server = talk.openServers().first { $0.received == ["Query UPDATE t SET x = 1"] }
                #expect(server?.startup["database"] == database)
                server?.completes("UPDATE 1")
                server?.forget()
            }
            // It goes with the last of its clients.
            before.vanishes()
            talk.pass(seconds: 2.2)
            #expect(talk.openServers().map { $0.startup["database"] } == ["other"])
        },
        Row(name: "maximumDatabaseClients") { talk in
            _ = talk.client()
            talk.reconfigure { $0.pools.proxy.maximumDatabaseClients = 1 }
            #expect(talk.client(user: "b").received.last == "Fatal 53300 too many connections for database \"app\"")
        },
        Row(name: "maximumUserClients") { talk in
            _ = talk.client()
            talk.reconfigure { $0.pools.proxy.maximumUserClients = 1 }
            #expect(talk.client(database: "b").received.last == "Fatal 53300 too many connections for user \"app\"")
        },
        Row(name: "maximumDatabaseServers", nodes: 1) { talk in
            let writers = talk.writers(3)
            talk.reconfigure { $0.pools.proxy.maximumDatabaseServers = 1 }
            talk.finish(writers)
            #expect(talk.openServers().count == 1)
        },
        Row(name: "maximumUserServers", nodes: 1) { talk in
            let writers = talk.writers(3)
            talk.reconfigure { $0.pools.proxy.maximumUserServers = 2 }
            talk.finish(writers)
            #expect(talk.openServers().count == 2)
        },
    ]

    // MARK: Layers, and how clients log in

    private static let ofRules: [Row] = [
        Row(name: "authenticationMethod") { talk in
            let before = talk.client()
            talk.reconfigure { $0.authenticationMethod = .scramSHA256 }
            #expect(talk.client().received.last?.hasPrefix("Authentication 10") == true)
            #expect(!before.isClosed)
        },
        Row(name: "everyDatabase", nodes: 1, pool: { $0.size = 1 }) { talk in
            let writers = talk.writers(2)
            talk.reconfigure { $0.pools.everyDatabase = [.size(2)] }
            #expect(talk.openServers().count == 2)
            talk.finish(writers)
        },
        Row(name: "databases", nodes: 1, pool: { $0.size = 1 }) { talk in
            let writers = talk.writers(2)
            talk.reconfigure {
                $0.pools.everyDatabase = [.size(1)]
                $0.pools.databases = ["app": [.size(2)], "other": [.size(1)]]
            }
            #expect(talk.openServers().count == 2)
            talk.finish(writers)
        },
        Row(name: "users", nodes: 1, pool: { $0.size = 1 }) { talk in
            let writers = talk.writers(2)
            talk.reconfigure {
                $0.pools.databases = ["app": [.size(1)]]
                $0.pools.users = ["app": [.size(2)]]
            }
            #expect(talk.openServers().count == 2)
            talk.finish(writers)
        },
    ]

    @Test("Where nothing has changed nothing is done")
    func nothingChanged() {
        converse { talk in
            talk.finish(talk.writers(2))
            let count = talk.openServers().count
            #expect(talk.reconfigure { _ in }.isEmpty)
            #expect(talk.openServers().count == count)
            #expect(talk.engine.pools.count == 1)
            talk.pass(seconds: 1.1)
            #expect(!talk.engine.pools.quota.mayBeExceeded)
        }
    }

    @Test("A transaction keeps its server over all that may change")
    func transactionStays() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            server.forget()
            client.forget()
            talk.reconfigure {
                $0.pools.proxy = PoolOptions(databaseOnServer: "other")
                $0.pools.proxy.mode = .statement
                $0.pools.proxy.maximumUserServers = 1
                $0.options.maximumServers = 1
            }
            client.sends("Query COMMIT")
            server.gets("Query COMMIT")
            server.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
        }
    }
}

extension Conversation {
    @discardableResult
    fileprivate func reconfigure(_ change: (inout EngineConfiguration) -> Void) -> [EngineConfiguration.Fixed] {
        var next = engine.configuration
        change(&next)
        defer { settle() }
        return engine.reconfigured(next)
    }

    /// Clients each of which has sent a write.
    fileprivate func writers(_ count: Int) -> [ScriptedClient] {
        (0..<count).map { number in
            let client = client()
            client.sends("Query UPDATE t SET x = \(number)")
            return client
        }
    }

    /// Has servers answer until all those clients have their answers.
    fileprivate func finish(_ writers: [ScriptedClient]) {
        for _ in 0..<writers.count * 2 {
            for server in openServers() where server.received.last?.hasPrefix("Query UPDATE") == true {
                server.forget()
                server.completes("UPDATE 1")
            }
        }
        for writer in writers { writer.gets("Complete UPDATE 1", "Ready I") }
    }

    /// The server that was sent what cannot be parsed says so.
    fileprivate func provoked() {
        for server in openServers() where server.received.contains(where: { $0.contains("howdah refuses") }) {
            server.sends("Error 42601 howdah", "Ready I")
        }
    }

    fileprivate func write(_ client: ScriptedClient) {
        client.sends("Query UPDATE t SET x = 1")
        for server in openServers() where server.received.last == "Query UPDATE t SET x = 1" {
            server.forget()
            server.completes("UPDATE 1")
        }
        client.gets("Complete UPDATE 1", "Ready I")
    }

    /// On which nodes so many reads have run.
    fileprivate func reads(by client: ScriptedClient, _ count: Int, _ text: String = "SELECT 1") -> [Int: Int] {
        var reads: [Int: Int] = [:]
        for _ in 0..<count {
            client.sends("Query " + text)
            guard let server = openServers().first(where: { $0.received.last == "Query " + text }) else { continue }
            server.forget()
            server.answers("1")
            client.forget()
            reads[server.node, default: 0] += 1
        }
        return reads
    }

    /// Whether an unnamed statement that recurs is shared.
    fileprivate func shares(_ client: ScriptedClient, _ text: String) -> Bool {
        var isShared = false
        for _ in 0..<4 {
            client.sends("Parse : " + text, "Bind <- ()", "Execute", "Sync")
            let server = server(on: 1)
            let words = server.received
            server.forget()
            if words.contains(where: { $0.hasPrefix("Parse howdah_") }) { isShared = true }
            let replies = ["Pars": "Parsed", "Bind": "Bound", "Exec": "Complete SELECT 0", "Clos": "Closed"]
            server.sends(bytes: words.flatMap { WireMessage(backend: replies["\($0.prefix(4))"] ?? "Ready I").bytes })
            client.forget()
        }
        return isShared
    }

    /// Whether the client has a server to itself after its statement is done.
    fileprivate func keepsServer(_ client: ScriptedClient) -> Bool {
        let idle = engine.inspect().idleServers
        write(client)
        return engine.inspect().idleServers < idle || idle == 0
    }
}
