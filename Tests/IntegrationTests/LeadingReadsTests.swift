import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// `transaction_reads = replica_until_write` in front of real servers: each statement says itself where it ran.
    @Suite struct LeadingReads {
        private static let port = "SELECT inet_server_port()"

        private func proxy(_ settings: [String: String] = [:]) throws -> HowdahProcess {
            try HowdahProcess(
                EndToEnd.cluster(),
                ["transaction_reads": "replica_until_write", "freshness_wait": "30s"].merging(settings) { $1 }
            )
        }

        private func client(_ proxy: HowdahProcess) throws -> WireClient {
            try WireClient(port: proxy.port, user: "app", settings: [])
        }

        /// Begins a transaction on a replica: that can be had once catalog facts have come and a replica is fresh for
        /// the session.
        private func begin(_ client: WireClient) throws {
            try EndToEnd.eventually("a transaction leads") {
                #expect(try client.query("BEGIN").tags == ["BEGIN"])
                if try place(client).hasPrefix("replica") { return true }
                try client.query("COMMIT")
                return false
            }
        }

        private func place(_ client: WireClient) throws -> String { try EndToEnd.node(client.value(Self.port)) }

        @Test func readsLeadAndTheFirstWriteMoves() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let client = try client(proxy)
            try client.query("CREATE TABLE leading_reads (x int)")
            defer { _ = try? client.query("DROP TABLE leading_reads") }
            try begin(client)
            let first = try place(client)
            #expect(first.hasPrefix("replica"))
            #expect(try place(client) == first, "leading reads stay together")
            #expect(try client.value("SHOW howdah.route").contains("transaction's leading reads"))
            #expect(try client.query("INSERT INTO leading_reads VALUES (1)").tags == ["INSERT 0 1"])
            #expect(try place(client) == "primary")
            #expect(try client.value("SELECT count(*) FROM leading_reads") == "1")
            #expect(try client.query("COMMIT").tags == ["COMMIT"])
            // Its own write is seen, wherever the next leading reads run.
            try client.query("BEGIN")
            #expect(try client.value("SELECT count(*) FROM leading_reads") == "1")
            #expect(try client.query("ROLLBACK").status == "I")
        }

        @Test func whatTheReplicaCouldNotKeepMovesFirst() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let client = try client(proxy)
            for statement in [
                "SAVEPOINT a", "SET LOCAL work_mem = '3MB'", "DECLARE c CURSOR FOR SELECT 1",
                "LOCK TABLE pg_class IN ACCESS SHARE MODE",
                "CREATE TEMPORARY TABLE leading_temporary (x int)", "SELECT 1 FROM pg_class LIMIT 1 FOR UPDATE",
                "SELECT pg_advisory_xact_lock(42)", "SET TRANSACTION READ ONLY",
            ] {
                try begin(client)
                _ = try client.query(statement)
                let after = try client.query(Self.port)
                if after.status == "T" {
                    #expect(try EndToEnd.node(after.rows[0][0] ?? "") == "primary", "\(statement)")
                }
                #expect(try client.query("ROLLBACK").status == "I", "\(statement)")
            }
        }

        @Test func isolationLevelsCannotChangeBehindAReadAndOthersNeverLead() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let client = try client(proxy)
            try begin(client)
            #expect(try client.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").state == "25001")
            try client.query("ROLLBACK")
            for begin in [
                "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN READ WRITE",
            ] {
                try client.query(begin)
                #expect(try place(client) == "primary", "\(begin)")
                try client.query("COMMIT")
            }
            try client.query("SET default_transaction_isolation = 'repeatable read'")
            try client.query("BEGIN")
            #expect(try place(client) == "primary")
            try client.query("COMMIT")
        }

        @Test func errorsFailTheTransactionWhereItIs() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let client = try client(proxy)
            try begin(client)
            #expect(try client.query("SELECT 1/0").state == "22012")
            #expect(try client.query("INSERT INTO nosuch VALUES (1)").state == "25P02")
            #expect(try client.query("COMMIT").tags == ["ROLLBACK"])
            try begin(client)
            try client.query("SELECT 1/0")
            #expect(try client.query("ROLLBACK AND CHAIN").status == "T")
            #expect(try place(client).hasPrefix("replica"))
            #expect(try client.query("CREATE TEMPORARY TABLE leading_chain (x int)").tags == ["CREATE TABLE"])
            #expect(try client.query("ROLLBACK").status == "I")
        }

        @Test func preparedStatementsMoveToo() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let client = try client(proxy)
            try client.query("CREATE TABLE leading_prepared (x int)")
            defer { _ = try? client.query("DROP TABLE leading_prepared") }
            try client.send(
                Frontend.parse("read", Self.port) + Frontend.parse("write", "INSERT INTO leading_prepared VALUES (7)")
                    + Frontend.sync
            )
            _ = try client.receiveCycle()
            for _ in 0..<4 {
                try client.query("BEGIN")
                var places: [String] = []
                for statement in ["read", "read", "write", "read"] {
                    try client.send(Frontend.bind("", statement) + Frontend.execute() + Frontend.sync)
                    let reply = try client.receiveCycle()
                    #expect(reply.errors.isEmpty, "\(reply)")
                    for row in reply.rows { places.append(try EndToEnd.node(row[0] ?? "")) }
                }
                #expect(places[0] == places[1] && places[2] == "primary", "\(places)")
                #expect(try client.query("COMMIT").tags == ["COMMIT"])
            }
            #expect(try client.value("SELECT count(*) FROM leading_prepared") == "4")
        }
    }
}
