import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Clients that vanish, servers that are ended, nodes that go, and too little of everything.
    @Suite struct Faults {
        /// Sessions of `user` on all nodes for which a condition holds.
        private func sessions(_ condition: String) throws -> Int {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'other' AND \(condition)"
            return try cluster().nodes.map { Int(try $0.sql(sql)) ?? 0 }.reduce(0, +)
        }

        private func terminate(_ condition: String) throws {
            for node in try cluster().nodes {
                _ = try node.sql(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'other' AND \(condition)"
                )
            }
        }

        @Test func aClientThatVanishesLeavesNothingBehind() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let ways: [(String, (WireClient) throws -> Void)] = [
                (
                    "in a transaction",
                    { client in
                        try client.query("BEGIN")
                        try client.query("INSERT INTO scratch (note) VALUES ('vanished')")
                    }
                ),
                (
                    "in a failed transaction",
                    { client in
                        try client.query("BEGIN")
                        try client.query("INSERT INTO scratch (note) VALUES ('vanished')")
                        try client.query("SELECT 1/0")
                    }
                ),
                (
                    "in COPY",
                    { client in
                        try client.send(Frontend.query("COPY scratch (note) FROM STDIN"))
                        _ = try client.receive(until: "G")
                        try client.send(Frontend.copyData(Array("vanished\n".utf8)))
                    }
                ),
                (
                    "in a message",
                    { client in
                        try client.query("BEGIN")
                        try client.query("INSERT INTO scratch (note) VALUES ('vanished')")
                        try client.send(
                            Array(
                                Frontend.query("SELECT '" + String(repeating: "x", count: 1 << 20) + "'").prefix(5000)
                            )
                        )
                    }
                ),
                (
                    "in a large Bind",
                    { client in
                        let bind = Frontend.bind("", "", [[UInt8](repeating: 1, count: 1 << 20)])
                        try client.send(
                            Frontend.parse("", "INSERT INTO scratch (note) VALUES ($1)") + bind.prefix(300_000)
                        )
                    }
                ),
                (
                    "in a batch",
                    { client in
                        try client.send(
                            Frontend.parse("", "INSERT INTO scratch (note) VALUES ('vanished')") + Frontend.bind("", "")
                                + Frontend.execute() + Frontend.flush
                        )
                        _ = try client.receive(until: "C")
                    }
                ),
                (
                    "in a statement",
                    { client in try client.send(Frontend.query("/* howdah: primary */ SELECT pg_sleep(600)")) }
                ),
                (
                    "with settings and a temporary table",
                    { client in
                        try client.query("SET work_mem = '9MB'")
                        try client.query("CREATE TEMP TABLE left_behind (a int)")
                    }
                ),
                ("after PREPARE", { client in try client.query("PREPARE left_behind AS SELECT 1") }),
            ]
            for (name, act) in ways {
                for isReset in [false, true] {
                    let client = try WireClient(port: proxy.port, user: "other")
                    try act(client)
                    if isReset { client.reset() } else { client.close() }
                    // The pool has one server a node: the next client gets what was left, or a new one.
                    let next = try WireClient(port: proxy.port, user: "other")
                    let state = try next.query(
                        "/* howdah: primary */ SELECT current_setting('work_mem'), to_regclass('left_behind')"
                    )
                    #expect(state.rows == [["4MB", nil]] && state.status == "I", "\(name): \(state)")
                    #expect(
                        try next.value(
                            "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_xid IS NOT NULL"
                        ) == "0"
                    )
                    #expect(try next.query("/* howdah: primary */ EXECUTE left_behind").state == "26000", "\(name)")
                    #expect(
                        try next.value("/* howdah: primary */ SELECT count(*) FROM scratch WHERE note = 'vanished'")
                            == "0",
                        "\(name)"
                    )
                    next.close()
                }
            }
            try eventually("the abandoned statement to be cancelled") {
                try sessions("query LIKE '/* howdah: primary */ SELECT pg_sleep(600)%' AND state = 'active'") == 0
            }
        }

        @Test func serversThatAreTerminatedWhileIdleAreReplaced() throws {
            let client = try client(user: "other")
            for _ in 0..<5 {
                #expect(try client.query("SELECT 1").errors.isEmpty)
                #expect(try client.query("UPDATE item SET note = note WHERE id = 1").errors.isEmpty)
                try terminate("state = 'idle'")
                #expect(try client.query("SELECT 2").errors.isEmpty)
                try terminate("state = 'idle'")
                #expect(try client.extended("SELECT 2").errors.isEmpty)
            }
        }

        /// On PostgreSQL the connection ends with them. Here it stays, and must say so: the name means another table.
        @Test(arguments: ["CREATE TEMPORARY TABLE item (id int)", "SELECT pg_advisory_lock(72)"])
        func aSessionWhoseStateIsLostIsTold(text: String) throws {
            let client = try client(user: "other")
            #expect(try client.query(text).errors.isEmpty)
            try terminate("state = 'idle'")
            let reply = try client.query("/* howdah: primary */ SELECT count(*) FROM item")
            #expect(reply.state == "08006" && reply.status == "I", "\(reply)")
            #expect(reply.errors.first?.fields["S"] == "ERROR")
            #expect(try client.value("SELECT count(*) > 0 FROM item") == "t")
        }

        @Test func aServerTerminatedInATransactionIsAnErrorAndTheClientGoesOn() throws {
            let client = try client(user: "other")
            try client.query("BEGIN")
            try client.query("INSERT INTO scratch (note) VALUES ('lost')")
            try terminate("state = 'idle in transaction'")
            let reply = try client.query("SELECT 1")
            #expect(!reply.errors.isEmpty && reply.status == "E", "\(reply)")
            #expect(reply.errors.first?.fields["S"] == "ERROR")
            #expect(try client.query("SELECT 1").state == "25P02")
            #expect(try client.query("COMMIT").tags == ["ROLLBACK"])
            #expect(try client.value("/* howdah: primary */ SELECT count(*) FROM scratch WHERE note = 'lost'") == "0")
        }

        @Test func aReadWhoseServerIsTerminatedRunsElsewhere() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                "CREATE TABLE nap (seconds float8); INSERT INTO nap VALUES (0); GRANT SELECT ON nap TO other"
            )
            defer { _ = try? cluster.primary.sql("DROP TABLE nap") }
            let client = try client(user: "other")
            for text in ["SELECT 7, pg_sleep(seconds) FROM nap", "SELECT 8, pg_sleep(seconds) FROM nap"] {
                _ = try cluster.primary.sql("UPDATE nap SET seconds = 600")
                try cluster.waitForReplication()
                try client.send(text.contains("7") ? Frontend.query(text) : Frontend.extended(text))
                try eventually("the read to run") {
                    try sessions("state = 'active' AND query LIKE 'SELECT _, pg_sleep%'") == 1
                }
                // It has seen how long to sleep; who runs it again sees this.
                _ = try cluster.primary.sql("UPDATE nap SET seconds = 0")
                try cluster.waitForReplication()
                try terminate("state = 'active'")
                let reply = try client.receiveCycle()
                #expect(reply.errors.isEmpty && reply.rows.count == 1, "\(reply)")
            }
        }

        @Test func aWriteWhoseServerIsTerminatedIsNotRepeated() throws {
            let client = try client(user: "other")
            try client.send(Frontend.query("INSERT INTO scratch (note) SELECT 'once' FROM pg_sleep(600)"))
            try eventually("the write to run") {
                try sessions("state = 'active' AND query LIKE 'INSERT INTO scratch%'") == 1
            }
            try terminate("state = 'active'")
            let reply = try client.receiveCycle()
            #expect(reply.errors.count == 1 && reply.status == "I", "\(reply)")
            #expect(reply.state == "08007" && reply.errors.first?.fields["S"] == "ERROR", "\(reply)")
            #expect(try client.value("/* howdah: primary */ SELECT count(*) FROM scratch WHERE note = 'once'") == "0")
        }

        @Test func aReplicaThatGoesAndComesBackCostsNoRead() throws {
            let cluster = try cluster()
            let proxy = try HowdahProcess(cluster, ["node_check_interval": "200ms", "server_login_retry": "100ms"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            func read() throws -> String {
                let reply = try client.query("SELECT inet_server_port()")
                #expect(reply.errors.isEmpty, "\(reply)")
                return try node(reply.value)
            }
            for _ in 0..<20 { _ = try read() }
            let gone = cluster.replicas[0]
            try gone.stop(.immediate)
            defer { if gone.postmaster == nil { try? gone.start() } }
            for _ in 0..<50 { #expect(try read() == "replica_2") }
            try gone.start()
            try eventually("reads on the replica that is back") { try read() == "replica_1" }
        }

        @Test func aPrimaryThatIsRestartedCostsNoReadAndNoClient() throws {
            let cluster = try cluster()
            let proxy = try HowdahProcess(
                cluster,
                ["node_check_interval": "200ms", "server_login_retry": "100ms", "failover_wait": "1s"]
            )
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            let write =
                "UPDATE item SET note = note WHERE id = 4 RETURNING (current_setting('cluster_name') <> 'primary')"
            #expect(try client.value(write) == "f")
            try eventually("a replica to be known to have the write") {
                try client.value("SELECT (current_setting('cluster_name') <> 'primary')") == "t"
            }
            try cluster.primary.stop()
            defer { if cluster.primary.postmaster == nil { try? cluster.primary.start() } }
            for _ in 0..<20 {
                #expect(try client.value("SELECT (current_setting('cluster_name') <> 'primary')") == "t")
            }
            // The write is an error, and only that: the session goes on.
            let refused = try client.query(write)
            #expect(refused.state == "57P03" && refused.errors.count == 1 && refused.status == "I", "\(refused)")
            #expect(try client.value("SELECT (current_setting('cluster_name') <> 'primary')") == "t")
            try cluster.primary.start()
            try eventually("writes on the primary that is back") {
                let reply = try client.query(write)
                return reply.errors.isEmpty && reply.value == "f"
            }
            try cluster.waitForReplication()
        }

        @Test func withoutReplicasThePrimaryReads() throws {
            let primary = try cluster().primary.port
            let proxy = try HowdahProcess(nodes: [primary])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            #expect(try client.value("SELECT inet_server_port()") == "\(primary)")
            #expect(try client.value("SHOW howdah.route").contains("primary"))
        }

        @Test func aThousandIdleClientsShareFiveServers() throws {
            func serverCount(_ node: LocalNode) throws -> Int {
                Int(try node.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'other'")) ?? -1
            }
            let before = try cluster().nodes.map(serverCount)
            let proxy = try HowdahProcess(cluster(), ["pool_size": "5"])
            defer { #expect(proxy.stop()) }
            let clients = try (0..<1000).map { _ in try WireClient(port: proxy.port, user: "other") }
            let memory = proxy.residentMemory
            for (number, client) in clients.enumerated() { try client.send(Frontend.query("SELECT \(number)")) }
            for (number, client) in clients.enumerated() { #expect(try client.receiveCycle().value == "\(number)") }
            for client in clients.prefix(50) {
                try client.send(Frontend.query("UPDATE item SET note = note WHERE id = 1"))
            }
            for client in clients.prefix(50) { #expect(try client.receiveCycle().tags == ["UPDATE 1"]) }
            for (node, earlier) in zip(try cluster().nodes, before) {
                let now = try serverCount(node)
                #expect(now <= earlier + 5, "\(node.name): \(earlier) before, \(now) now")
            }
            print("1000 clients: \(memory) kB before their first query, \(proxy.residentMemory) kB after it")
        }

        @Test func aWaitForAServerEndsWithAHint() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1", "query_wait_timeout": "2s"])
            defer { #expect(proxy.stop()) }
            let holder = try WireClient(port: proxy.port)
            try holder.query("BEGIN")
            try holder.query("UPDATE item SET note = note WHERE id = 2")
            let waiter = try WireClient(port: proxy.port)
            for isExtended in [false, true] {
                let sql = "UPDATE item SET note = note WHERE id = 3"
                let reply = try isExtended ? waiter.extended(sql) : waiter.query(sql)
                #expect(reply.state == "53300" && reply.status == "I", "\(reply)")
                #expect(reply.errors.first?.fields["H"]?.contains("pool_size") == true)
            }
            try holder.query("COMMIT")
            #expect(try waiter.query("UPDATE item SET note = note WHERE id = 3").errors.isEmpty)
        }
    }
}
