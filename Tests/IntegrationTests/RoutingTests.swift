import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Where statements run, by the word of the nodes themselves.
    @Suite struct Routing {
        private enum Way: String, CaseIterable {
            case simple
            case extended
        }

        /// Runs a statement in a session of its own and gives the nodes whose logs have it.
        private func place(of sql: String, _ way: Way, tag: String, expectError: Bool = false) throws -> [String] {
            let logs = NodeLogs(try cluster())
            let client = try client(user: "logged")
            let text = "\(sql) /* \(tag) */"
            let reply = try way == .simple ? client.query(text) : client.extended(text)
            #expect(reply.errors.isEmpty != expectError, "\(sql): \(reply)")
            #expect(reply.status == "I")
            return try logs.nodes(with: tag)
        }

        @Test func readsRunOnReplicas() throws {
            for (index, sql) in RoutingCases.replica.enumerated() {
                for way in Way.allCases {
                    let nodes = try place(of: sql, way, tag: "read_\(index)_\(way)_")
                    #expect(nodes.count == 1 && nodes[0].hasPrefix("replica"), "\(sql) (\(way)) ran on \(nodes)")
                }
            }
            let client = try client()
            try sharedByReplicas {
                var count: [String: Int] = [:]
                for _ in 0..<70 { count[try node(client.value("SELECT inet_server_port()")), default: 0] += 1 }
                return count
            }
        }

        @Test func writesRunOnThePrimary() throws {
            for (index, sql) in RoutingCases.primary.enumerated() {
                for way in Way.allCases {
                    let nodes = try place(of: sql, way, tag: "write_\(index)_\(way)_")
                    #expect(nodes == ["primary"], "\(sql) (\(way)) ran on \(nodes)")
                }
            }
        }

        @Test func severalStatementsAreNeverSplit() throws {
            for (index, (place, sql)) in RoutingCases.several.enumerated() {
                let nodes = try self.place(
                    of: sql,
                    .simple,
                    tag: "several_\(index)_",
                    expectError: sql.contains("no SQL")
                )
                #expect(nodes.count == 1 && nodes[0].hasPrefix(place.rawValue), "\(sql) ran on \(nodes)")
            }
        }

        @Test func aPipelineGoesWhereItsStatementsMayAllGo() throws {
            let read = Frontend.parse("", "SELECT inet_server_port()") + Frontend.bind("", "") + Frontend.execute()
            let write =
                Frontend.parse("", "INSERT INTO written VALUES (4) RETURNING inet_server_port()")
                + Frontend.bind("", "") + Frontend.execute()
            let client = try client()
            for (batch, place) in [(read + read, "replica"), (read + write, "primary"), (write + read, "primary")] {
                try client.send(batch + Frontend.sync)
                let reply = try client.receiveCycle()
                let nodes = Set(try reply.rows.map { try node($0[0] ?? "") })
                #expect(nodes.count == 1 && nodes.first?.hasPrefix(place) == true, "\(place): \(reply)")
            }
        }

        @Test func transactionsStayOnOneNode() throws {
            let port = "SELECT inet_server_port()"
            let places: [(String, String)] = [
                ("BEGIN", "primary"), ("START TRANSACTION", "primary"), ("BEGIN READ ONLY", "replica"),
                ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "replica"),
                ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", "primary"), ("BEGIN READ WRITE", "primary"),
                ("BEGIN; SET TRANSACTION READ ONLY", "replica"),
            ]
            for way in Way.allCases {
                for (begin, place) in places {
                    let client = try client()
                    for statement in begin.split(separator: ";") {
                        let reply = try way == .simple ? client.query("\(statement)") : client.extended("\(statement)")
                        #expect(reply.status == "T", "\(begin): \(reply)")
                    }
                    var nodes: Set<String> = []
                    for _ in 0..<4 { nodes.insert(try node(client.value(port))) }
                    #expect(nodes.count == 1 && nodes.first?.hasPrefix(place) == true, "\(begin): \(nodes)")
                    #expect(try client.query("COMMIT").tags == ["COMMIT"])
                }
            }
        }

        @Test func settingsOfTheSessionMakeTransactionsReadOnly() throws {
            let client = try client()
            try client.query("SET default_transaction_read_only = on")
            try client.query("BEGIN")
            #expect(try node(client.value("SELECT inet_server_port()")).hasPrefix("replica"))
            let refusal = try client.query("INSERT INTO written VALUES (1)")
            #expect(refusal.state == "25006")
            #expect(refusal.status == "E")
            try client.query("ROLLBACK")
        }

        @Test func anEmptyTransactionTouchesNoServer() throws {
            let logs = NodeLogs(try cluster())
            let client = try client(user: "logged")
            #expect(try client.query("BEGIN /* empty_one_ */").plainShape == "CZ")
            #expect(try client.query("COMMIT /* empty_one_ */").tags == ["COMMIT"])
            #expect(try client.extended("BEGIN /* empty_two_ */").plainShape == "12nCZ")
            #expect(try client.extended("ROLLBACK /* empty_two_ */").tags == ["ROLLBACK"])
            #expect(try logs.nodes(with: "empty_one_").isEmpty)
            #expect(try logs.nodes(with: "empty_two_").isEmpty)
        }

        @Test func hintsAndTheSettingDecide() throws {
            let client = try client()
            let port = "SELECT inet_server_port()"
            #expect(try node(client.value("/* howdah: primary */ \(port)")) == "primary")
            #expect(try node(client.value("/* howdah: replica */ \(port)")).hasPrefix("replica"))
            #expect(try node(client.value("SELECT /* howdah: primary */ inet_server_port()")) == "primary")
            // A function in doubt may be sent to a replica by who knows better; a sure write may not.
            #expect(try client.query("/* howdah: replica */ SELECT restless()").errors.isEmpty)
            let refusal = try client.query("/* howdah: replica */ INSERT INTO written VALUES (1)")
            #expect(refusal.state == "25006")
            #expect(refusal.errors.first?.fields["H"]?.contains("howdah: primary") == true)
            #expect(refusal.status == "I")

            #expect(try client.query("SET howdah.route = 'primary'").tags == ["SET"])
            for _ in 0..<4 { #expect(try node(client.value(port)) == "primary") }
            #expect(try client.query("SET howdah.route TO replica").tags == ["SET"])
            // What the session has run so far may have to be replayed first.
            try eventually("a replica to be fresh") { try node(client.value(port)).hasPrefix("replica") }
            for _ in 0..<4 { #expect(try node(client.value(port)).hasPrefix("replica")) }
            let extended = try client.extended("INSERT INTO written VALUES (1)")
            #expect(extended.state == "25006")
            #expect(extended.errors.first?.fields["H"]?.contains("howdah.route") == true)
            #expect(try client.query("SET howdah.route = 'auto'").tags == ["SET"])
            #expect(try node(client.value("INSERT INTO written VALUES (1) RETURNING inet_server_port()")) == "primary")
            #expect(try client.query("SET howdah.route = 'sideways'").state == "22023")
            #expect(try client.query("RESET howdah.route").tags == ["RESET"])
        }

        @Test func showsAndExplainsRoutes() throws {
            let client = try client()
            try client.query("SELECT 1")
            let read = try client.value("SHOW howdah.route")
            #expect(read.contains("replica") && read.contains("reads only"), "\(read)")
            try client.query("INSERT INTO written VALUES (1)")
            let write = try client.extended("SHOW howdah.route").value
            #expect(write.contains("primary") && write.contains("INSERT"), "\(write)")

            let logs = NodeLogs(try cluster())
            let logged = try EndToEnd.client(user: "logged")
            for way in Way.allCases {
                let sql = "EXPLAIN ROUTE INSERT INTO written VALUES (77) /* explained_ */"
                let reply = try way == .simple ? logged.query(sql) : logged.extended(sql)
                #expect(reply.plainShape == (way == .simple ? "TDDDCZ" : "12TDDDCZ"), "\(reply)")
                #expect(reply.rows.allSatisfy { $0[0] == "primary" })
            }
            #expect(try logged.query("EXPLAIN ROUTE SELECT 1").rows.allSatisfy { $0[0] == "replica" })
            #expect(try logs.nodes(with: "explained_").isEmpty)
        }

        @Test func showsRoutesAmongOthers() throws {
            let client = try client()
            let several = try client.query(
                "INSERT INTO written VALUES (1); SHOW howdah.route; SHOW howdah.read_your_writes"
            )
            #expect(several.errors.isEmpty && several.rows.count == 2, "\(several)")
            #expect(several.value.contains("primary") && several.value.contains("INSERT"), "\(several)")

            func batch(_ texts: String...) throws -> WireReply {
                let messages = texts.map {
                    Frontend.parse("", $0) + Frontend.bind("", "") + Frontend.describe(.portal, "") + Frontend.execute()
                }
                try client.send(messages.flatMap { $0 } + Frontend.sync)
                return try client.receiveCycle()
            }
            let count = "SELECT count(*) FROM written WHERE at = 4711"
            let shown = try batch("INSERT INTO written VALUES (4711)", "SHOW howdah.route")
            #expect(shown.plainShape == "12nC12TDCZ" && shown.value.contains("INSERT"), "\(shown)")
            #expect(try client.value(count) == "1")
            let placed = try batch("SELECT 1", "SHOW howdah.position")
            let position = (placed.rows.last?.first ?? nil) ?? ""
            #expect(position.hasSuffix("@1"), "\(placed)")
            #expect(try client.query("SET howdah.position = '\(position)'").tags == ["SET"])
            for refused in [
                try batch("INSERT INTO written VALUES (4711)", "SHOW howdah.position"),
                try batch("INSERT INTO written VALUES (4711)", "SET howdah.route = 'primary'"),
                try client.query("INSERT INTO written VALUES (4711); SET howdah.route = 'primary'"),
                try client.query("INSERT INTO written VALUES (4711); EXPLAIN ROUTE SELECT 1"),
                try client.query("SELECT set_config('howdah.route', 'primary', false)"),
            ] {
                #expect(refused.state == "0A000" && refused.status == "I", "\(refused)")
                #expect(refused.errors.first?.fields["H"] != nil)
            }
            #expect(try client.value(count) == "1")
            // In a transaction it fails as any statement does.
            try client.query("BEGIN")
            try client.query("INSERT INTO written VALUES (4711)")
            #expect(try client.query("SET howdah.route = 'nowhere'").status == "E")
            #expect(try client.query("SHOW howdah.route").state == "25P02")
            #expect(try client.query("COMMIT").tags == ["ROLLBACK"])
            #expect(try client.value(count) == "1")
        }

        @Test func settingsOfItsOwnEndAsOthersDo() throws {
            let client = try WireClient(
                port: EndToEnd.proxy().port,
                user: "app",
                settings: [("options", "-c howdah.route=primary")]
            )
            let port = "SELECT inet_server_port()"
            #expect(try node(client.value(port)) == "primary")
            for (texts, expected) in [
                (["BEGIN", "SET howdah.read_your_writes = 'global'", "SELECT 1", "ROLLBACK"], "session"),
                (["BEGIN", "SELECT 1", "SET LOCAL howdah.read_your_writes = 'global'", "COMMIT"], "session"),
                (["BEGIN", "SET howdah.read_your_writes = 'global'", "SELECT 1", "COMMIT"], "global"),
                (["SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;"], "session"),
            ] {
                for text in texts { #expect(try client.query(text).errors.isEmpty, "\(text)") }
                #expect(try client.value("SHOW howdah.read_your_writes") == expected, "\(texts)")
            }
            #expect(try node(client.value(port)) == "primary")
        }

        @Test func aWriteThatLooksLikeAReadIsBroughtToThePrimary() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                """
                CREATE TABLE IF NOT EXISTS liar_log (n int);
                GRANT ALL ON liar_log TO PUBLIC;
                CREATE OR REPLACE FUNCTION honest(int) RETURNS int LANGUAGE plpgsql VOLATILE AS
                'BEGIN INSERT INTO liar_log VALUES ($1); RETURN inet_server_port(); END';
                CREATE OR REPLACE FUNCTION liar(int) RETURNS int LANGUAGE plpgsql STABLE AS
                'BEGIN RETURN honest($1); END';
                """
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP FUNCTION liar(int), honest(int); DROP TABLE liar_log") }
            // The catalog's word is that the function only reads; a proxy that has just started knows it.
            let proxy = try HowdahProcess(cluster, ["freshness_wait": "10s"])
            defer { proxy.stop() }
            let client = try WireClient(port: proxy.port, user: "logged")
            try eventually("the proxy to know the function") {
                let rows = try client.query("EXPLAIN ROUTE SELECT liar(0)").rows
                // Nobody waits for a replica whose lag is not known yet.
                return rows.first?.first == "replica" && !rows.contains { $0.contains("unknown") }
            }
            for way in Way.allCases {
                // The two texts differ in more than a literal: each is a class of its own.
                let column = "lied_\(way)"
                let first = NodeLogs(cluster)
                let sql = { (tag: String) in "SELECT liar(1) AS \(column) /* \(tag) */" }
                let healed =
                    try way == .simple ? client.query(sql("heal_\(way)_")) : client.extended(sql("heal_\(way)_"))
                #expect(healed.errors.isEmpty, "\(healed)")
                #expect(try node(healed.value) == "primary")
                let asked = try first.nodes(with: "heal_\(way)_")
                let route = try client.value("SHOW howdah.route")
                #expect(
                    asked.count == 2 && asked.contains("primary"),
                    "a replica is asked first (\(way)): \(asked); \(route)"
                )
                let second = NodeLogs(cluster)
                let next = try way == .simple ? client.query(sql("next_\(way)_")) : client.extended(sql("next_\(way)_"))
                #expect(try node(next.value) == "primary")
                let corrected = try second.nodes(with: "next_\(way)_")
                #expect(corrected == ["primary"], "the class is corrected (\(way)): \(corrected)")
            }
            #expect(try cluster.primary.sql("SELECT count(*) FROM liar_log") == "4")
        }

        @Test(arguments: ["simple", "extended", "prepared"])
        func pgbenchReadsAreSharedByTheReplicas(mode: String) throws {
            let cluster = try cluster()
            if try cluster.primary.sql("SELECT to_regclass('pgbench_accounts') IS NULL") == "t" {
                let made = try Pgbench.run(["-i", "-q", "-s", "1"], port: cluster.primary.port, cluster: cluster)
                #expect(made.status == 0, "\(made.output)")
                try cluster.waitForReplication()
            }
            try sharedByReplicas(atLeast: 1000) {
                for node in cluster.nodes { _ = try node.sql("SELECT pg_stat_statements_reset()") }
                let run = try Pgbench.run(
                    ["-n", "-S", "-M", mode, "-c", "8", "-j", "1", "-t", "500"],
                    port: proxy().port,
                    cluster: cluster
                )
                #expect(run.status == 0, "\(run.output)")
                var calls: [String: Int] = [:]
                for node in cluster.nodes {
                    let sum = """
                        SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
                        WHERE query LIKE 'SELECT abalance FROM pgbench_accounts%'
                        """
                    let count = Int(try node.sql(sum)) ?? -1
                    if count != 0 { calls[node.name] = count }
                }
                #expect(calls.values.reduce(0, +) == 4000, "\(calls)")
                return calls
            }
        }

        @Test(arguments: ["simple", "extended", "prepared"])
        func pgbenchWritesRunWithoutErrors(mode: String) throws {
            let cluster = try cluster()
            if try cluster.primary.sql("SELECT to_regclass('pgbench_accounts') IS NULL") == "t" {
                _ = try Pgbench.run(["-i", "-q", "-s", "1"], port: cluster.primary.port, cluster: cluster)
            }
            let before = Int(try cluster.primary.sql("SELECT count(*) FROM pgbench_history")) ?? -1
            let run = try Pgbench.run(
                ["-n", "-M", mode, "-c", "6", "-j", "1", "-t", "50"],
                port: proxy().port,
                cluster: cluster
            )
            #expect(run.status == 0, "\(run.output)")
            #expect(try cluster.primary.sql("SELECT count(*) FROM pgbench_history") == "\(before + 300)")
            let balance =
                "SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history)"
            #expect(try cluster.primary.sql(balance) == "t")
        }
    }
}
