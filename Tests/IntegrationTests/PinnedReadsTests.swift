import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// `pinned_reads = replica` in front of real servers: each statement says itself where it ran.
    @Suite struct PinnedReads {
        private static let elsewhere = "SELECT inet_server_port() FROM item LIMIT 1"

        private func proxy(_ settings: [String: String] = [:]) throws -> HowdahProcess {
            try HowdahProcess(EndToEnd.cluster(), ["pinned_reads": "replica"].merging(settings) { $1 })
        }

        private func place(_ sql: String, _ client: WireClient) throws -> String {
            let reply = try client.query(sql)
            #expect(reply.errors.isEmpty, "\(sql): \(reply)")
            return try EndToEnd.node(reply.rows.first?.first.flatMap { $0 } ?? "")
        }

        /// A read goes to a replica once one has replayed what the session has written, and has a server free.
        private func leaves(_ client: WireClient, _ sql: String = elsewhere) throws {
            try EndToEnd.eventually("\(sql) on a replica") { try place(sql, client).hasPrefix("replica") }
        }

        @Test(arguments: [
            "SELECT pg_advisory_lock(815)", "DECLARE pinning CURSOR WITH HOLD FOR SELECT 1",
            "CREATE TEMP TABLE pinning AS SELECT 7 AS a FROM item LIMIT 1", "CREATE TEMP SEQUENCE pinning",
        ])
        func readsThatItDoesNotConcernLeave(pin: String) throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            #expect(try client.query(pin).errors.isEmpty)
            let server = "/* howdah: primary */ SELECT pid FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            let own = try client.value(server)
            try leaves(client)
            #expect(try client.value("SHOW howdah.route").contains("does not matter"))
            // What the session is pinned for is there, on the server that it was.
            #expect(try client.value(server) == own)
            switch pin.split(separator: " ")[1] {
            case "pg_advisory_lock(815)": #expect(try client.value("SELECT pg_advisory_unlock(815)") == "t")
            case "pinning": #expect(try client.value("FETCH pinning") == "1")
            case "TEMP" where pin.contains("TABLE"): #expect(try client.value("SELECT a FROM pinning") == "7")
            default: #expect(try client.value("SELECT nextval('pinning')") == "1")
            }
        }

        @Test func readsOfTemporaryTablesStayAlsoWhereAPermanentOneHasTheName() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            try client.query("CREATE TABLE shadowed (a text)")
            defer { _ = try? client.query("DROP TABLE IF EXISTS pg_temp.shadowed; DROP TABLE public.shadowed") }
            try client.query("INSERT INTO shadowed VALUES ('permanent')")
            try client.query("CREATE TEMP TABLE shadowed (a text)")
            try client.query("INSERT INTO shadowed VALUES ('temporary')")
            try leaves(client)
            for _ in 0..<20 {
                #expect(try client.value("SELECT a FROM shadowed") == "temporary")
                #expect(try client.extended("SELECT a FROM shadowed").value == "temporary")
                #expect(try client.value("SELECT a FROM public.shadowed") == "permanent")
                #expect(try place("SELECT inet_server_port() FROM shadowed", client) == "primary")
                #expect(try client.value("SELECT pg_table_is_visible('public.shadowed'::regclass)") == "f")
            }
            try leaves(client)
            // The evidence ends the pin, and with it the care.
            try client.query("DROP TABLE pg_temp.shadowed")
            try leaves(client, "SELECT inet_server_port() FROM shadowed")
        }

        @Test func whatTheReplicaDoesNotKnowIsFoundAtHome() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            // The names of the sequence and the index are in no text.
            try client.query("CREATE TEMP TABLE pinning (id serial PRIMARY KEY, a int)")
            try client.query("INSERT INTO pinning (a) VALUES (1), (2)")
            try leaves(client)
            #expect(try client.value("SELECT last_value FROM pinning_id_seq") == "2")
            #expect(try client.query("SELECT no_such_column FROM item").errors.first?.state == "42703")
            #expect(try client.query("SELECT 1/0 FROM item").errors.first?.state == "22012")
            try leaves(client)
        }

        @Test func itsOwnWritesAreSeen() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            try client.query("SELECT pg_advisory_lock(816)")
            try client.query("CREATE TABLE pinned_writes (a int)")
            defer { _ = try? client.query("DROP TABLE pinned_writes") }
            for round in 1...50 {
                try client.query("INSERT INTO pinned_writes VALUES (\(round))")
                try EndToEnd.eventually("a replica has replayed it") {
                    let row = try client.query("SELECT count(*), inet_server_port() FROM pinned_writes").rows[0]
                    #expect(row[0] == "\(round)")
                    return try EndToEnd.node(row[1] ?? "").hasPrefix("replica")
                }
            }
        }

        @Test func explainRouteSaysWhy() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            try client.query("CREATE TEMP TABLE pinning (a int)")
            func reason(_ sql: String) throws -> String {
                try client.query("EXPLAIN ROUTE \(sql)").rows.first?[1] ?? ""
            }
            #expect(try reason("SELECT * FROM pinning").contains("may read a temporary object"))
            #expect(try reason("SELECT 'item'::regclass").contains("look at the session"))
            #expect(try reason("UPDATE item SET note = note").contains("no plain read"))
            try EndToEnd.eventually("a fresh replica") { try reason("SELECT * FROM item").contains("does not matter") }
        }
    }
}
