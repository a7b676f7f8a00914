import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Prepared statements that go from server to server.
    @Suite struct Prepared {
        private func prepare(_ client: WireClient, _ name: String, _ sql: String) throws {
            try client.send(Frontend.parse(name, sql) + Frontend.sync)
            let reply = try client.receiveCycle()
            #expect(reply.plainShape == "1Z", "\(reply)")
        }

        private func run(_ client: WireClient, _ name: String, _ values: String?...) throws -> WireReply {
            try client.send(
                Frontend.bind("", name, texts: values) + Frontend.describe(.portal, "") + Frontend.execute()
                    + Frontend.sync
            )
            return try client.receiveCycle()
        }

        @Test func oneNameMeansWhatItsClientSays() throws {
            let clients = try (0..<6).map { _ in try client() }
            for (number, client) in clients.enumerated() { try prepare(client, "mine", "SELECT \(number), $1::int") }
            for _ in 0..<5 {
                for (number, client) in clients.enumerated() {
                    #expect(try run(client, "mine", "7").rows == [["\(number)", "7"]])
                }
            }
        }

        @Test func theProxysNamesAreNobodys() throws {
            let client = try client()
            try prepare(client, "mine", "SELECT $1::int")
            #expect(try run(client, "mine", "3").value == "3")
            let batch = { (name: String) in Frontend.bind("", name, texts: ["1"]) + Frontend.execute() + Frontend.sync }
            try client.send(
                batch("howdah_0000000001") + batch("howdah_0000000002") + batch("mine") + batch("howdah_0000000001")
            )
            for isOwn in [false, false, true, false] {
                let reply = try client.receiveCycle()
                #expect(isOwn ? reply.value == "1" : reply.state == "26000" && reply.errors.count == 1, "\(reply)")
            }
        }

        @Test func executionsAreSharedByTheReplicas() throws {
            let client = try client()
            try prepare(client, "where", "SELECT inet_server_port(), $1::int")
            try sharedByReplicas(atLeast: 40) {
                var count: [String: Int] = [:]
                for number in 0..<200 { count[try node(run(client, "where", "\(number)").value), default: 0] += 1 }
                return count
            }
        }

        @Test func aChangedTableIsNoError() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                "DROP TABLE IF EXISTS shifting; CREATE TABLE shifting (a int); INSERT INTO shifting VALUES (1); GRANT ALL ON shifting TO PUBLIC"
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP TABLE shifting") }
            let clients = try (0..<4).map { _ in try client() }
            for client in clients {
                try prepare(client, "all", "SELECT * FROM shifting")
                try prepare(client, "write", "UPDATE shifting SET a = a + 1 RETURNING *")
                for _ in 0..<6 { #expect(try run(client, "all").errors.isEmpty) }
            }
            for (number, type) in ["text", "bigint", "int"].enumerated() {
                _ = try cluster.primary.sql(
                    "ALTER TABLE shifting ADD COLUMN c\(number) \(type); UPDATE shifting SET a = 1"
                )
                try cluster.waitForReplication()
                for client in clients {
                    for _ in 0..<4 {
                        let reply = try run(client, "all")
                        #expect(reply.errors.isEmpty && reply.rows.first?.count == number + 2, "\(reply)")
                    }
                    let written = try run(client, "write")
                    #expect(written.errors.isEmpty && written.rows.first?.count == number + 2, "\(written)")
                    let unnamed = try client.extended("SELECT * FROM shifting")
                    #expect(unnamed.errors.isEmpty && unnamed.rows.first?.count == number + 2, "\(unnamed)")
                }
            }
            #expect(try cluster.primary.sql("SELECT a FROM shifting") == "5", "each write ran once")
        }

        @Test func statementsThatAreLostBehindTheProxysBackAreBroughtAgain() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                """
                CREATE OR REPLACE FUNCTION forget() RETURNS int LANGUAGE plpgsql VOLATILE AS
                'BEGIN EXECUTE ''DEALLOCATE ALL''; RETURN 1; END'
                """
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP FUNCTION forget()") }
            let proxy = try HowdahProcess(cluster, ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            try prepare(client, "read", "SELECT $1::int")
            try prepare(client, "write", "INSERT INTO written VALUES ($1) RETURNING at")
            for hint in ["primary", "replica"] {
                for _ in 0..<6 {
                    #expect(try run(client, "read", "4").value == "4")
                    #expect(try run(client, "write", "5").value == "5")
                    #expect(try client.query("/* howdah: \(hint) */ SELECT forget()").errors.isEmpty)
                }
            }
        }

        @Test func fewStatementsAServerAreEnough() throws {
            let cluster = try cluster()
            // Seen from a function, the view has what the server has; in a statement, what the client has.
            try cluster.primary.sql(
                "CREATE FUNCTION held() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM pg_prepared_statements'"
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP FUNCTION held()") }
            let proxy = try HowdahProcess(cluster, ["server_prepared_statements": "2", "pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let clients = try (0..<3).map { _ in try WireClient(port: proxy.port) }
            for (number, client) in clients.enumerated() {
                for index in 0..<7 { try prepare(client, "s\(index)", "SELECT \(number * 100 + index) + $1::int") }
            }
            for round in 0..<3 {
                for (number, client) in clients.enumerated() {
                    for index in 0..<7 {
                        #expect(try run(client, "s\(index)", "\(round)").value == "\(number * 100 + index + round)")
                    }
                }
            }
            let held = try clients[0].query("/* howdah: primary */ SELECT held()").value
            #expect(Int(held).map { $0 <= 3 } == true, "\(held)")
        }
    }
}
