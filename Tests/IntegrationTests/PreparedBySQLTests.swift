import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// PREPARE and EXECUTE as SQL; that replies are those of one server is for the parity tests.
    @Suite struct PreparedBySQL {
        private func nodes(_ count: Int, _ ask: () throws -> WireReply) throws -> [String: Int] {
            var found: [String: Int] = [:]
            for _ in 0..<count { found[try node(ask().value), default: 0] += 1 }
            return found
        }

        @Test func executionsOfAReadAreSharedByTheReplicas() throws {
            let client = try client()
            try client.query("PREPARE place (int) AS SELECT inet_server_port(), $1")
            try sharedByReplicas { try nodes(100) { try client.query("EXECUTE place(1)") } }
            try sharedByReplicas { try nodes(100) { try client.extended("EXECUTE place(2)") } }
            try sharedByReplicas {
                try nodes(100) {
                    try client.send(Frontend.bind("", "place", texts: ["3"]) + Frontend.execute() + Frontend.sync)
                    return try client.receiveCycle()
                }
            }
            #expect(try client.query("EXPLAIN ROUTE EXECUTE place(1)").rows.first?.first == "replica")
        }

        @Test func executionsOfAWriteGoToThePrimary() throws {
            let client = try client()
            try client.query("PREPARE change AS UPDATE item SET note = note WHERE id = $1 RETURNING inet_server_port()")
            #expect(try nodes(20) { try client.query("EXECUTE change(4)") } == ["primary": 20])
            #expect(try nodes(20) { try client.extended("EXECUTE change(4)") } == ["primary": 20])
            try client.query("PREPARE noted AS SELECT inet_server_port()")
            let withVolatileArgument = try client.query("EXPLAIN ROUTE EXECUTE noted(nextval('counter'))")
            #expect(withVolatileArgument.rows.first?.first == "primary")
        }

        /// A read that turns out to write, as no replica will have it.
        @Test func aHiddenWriteIsFoundOut() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                "CREATE OR REPLACE FUNCTION secretive() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN PERFORM txid_current(); RETURN inet_server_port(); END'"
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP FUNCTION secretive()") }
            let client = try client()
            try eventually("the function to be known") {
                try client.query("EXPLAIN ROUTE SELECT secretive()").rows.first?.first == "replica"
            }
            try client.query("PREPARE hidden AS SELECT secretive()")
            #expect(try nodes(5) { try client.query("EXECUTE hidden") } == ["primary": 5])
        }

        @Test func namesAreEachClientsOwn() throws {
            let clients = try (0..<6).map { _ in try client() }
            for (number, client) in clients.enumerated() {
                try client.query("PREPARE mine (int) AS SELECT \(number), $1")
            }
            for _ in 0..<5 {
                for (number, client) in clients.enumerated() {
                    #expect(try client.query("EXECUTE mine(7)").rows == [["\(number)", "7"]])
                }
            }
        }

        @Test func aChangedTableIsNoError() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql(
                "DROP TABLE IF EXISTS moving; CREATE TABLE moving (a int); INSERT INTO moving VALUES (1); GRANT ALL ON moving TO PUBLIC"
            )
            try cluster.waitForReplication()
            defer { _ = try? cluster.primary.sql("DROP TABLE moving") }
            let client = try client()
            try client.query("PREPARE everything AS SELECT * FROM moving")
            for _ in 0..<6 { #expect(try client.query("EXECUTE everything").errors.isEmpty) }
            _ = try cluster.primary.sql("ALTER TABLE moving ADD COLUMN b text")
            try cluster.waitForReplication()
            for _ in 0..<6 {
                let reply = try client.query("EXECUTE everything")
                #expect(reply.errors.isEmpty && reply.rows.first?.count == 2, "\(reply)")
                let extended = try client.extended("EXECUTE everything")
                #expect(extended.errors.isEmpty && extended.rows.first?.count == 2, "\(extended)")
            }
        }

        /// What EXECUTE would have said is told where the proxy could not prepare.
        @Test func aStatementThatCanNoLongerBePreparedFails() throws {
            let cluster = try cluster()
            _ = try cluster.primary.sql("CREATE TABLE passing (a int); GRANT ALL ON passing TO PUBLIC")
            try cluster.waitForReplication()
            let client = try client()
            try client.query("PREPARE gone AS SELECT * FROM passing")
            _ = try cluster.primary.sql("DROP TABLE passing")
            try cluster.waitForReplication()
            for _ in 0..<3 {
                #expect(try client.query("EXECUTE gone").errors.map(\.state) == ["42P01"])
                #expect(try client.extended("EXECUTE gone").errors.map(\.state) == ["42P01"])
                try client.query("BEGIN")
                #expect(try client.query("EXECUTE gone").errors.map(\.state) == ["42P01"])
                #expect(try client.query("EXECUTE gone").errors.map(\.state) == ["25P02"])
                #expect(try client.query("COMMIT").messages.first?.description == "C(ROLLBACK)")
            }
            #expect(try client.value("SELECT 5") == "5")
        }

        @Test func wherePreparedStatementsAreOffTheServerIsKept() throws {
            let settings = ["prepared_statements": "off", "pool_size": "1", "admin_users": "app"]
            let proxy = try HowdahProcess(cluster(), settings)
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try WireClient(port: proxy.port, database: "howdah")
            let client = try WireClient(port: proxy.port)
            try client.query("PREPARE kept AS SELECT 1")
            #expect(try client.value("EXECUTE kept") == "1")
            #expect(try console.query("SHOW PINS").rows.map { $0[4] } == ["PREPARE was run as SQL"])
            try client.query("DISCARD ALL")
            #expect(try console.query("SHOW PINS").rows.isEmpty)
            #expect(try client.query("EXECUTE kept").errors.map(\.state) == ["26000"])
        }

        @Test func everyClientSeesItsOwnPreparedStatements() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            try client.query("PREPARE a AS SELECT 1")
            try client.query("PREPARE a AS SELECT 1")
            try client.extended("PREPARE b AS SELECT 2")
            try client.query("EXECUTE a")
            try client.query("/* howdah: primary */ EXECUTE a")
            let names = "/* howdah: primary */ SELECT name FROM pg_prepared_statements ORDER BY 1"
            #expect(try client.query(names).rows.map { $0[0] } == ["a", "b"])
            // Nobody else sees them, whatever the one server has.
            let other = try WireClient(port: proxy.port)
            #expect(try other.query(names).rows.isEmpty)
            #expect(try client.query("SHOW howdah.route").value.contains("primary"))
        }
    }
}
