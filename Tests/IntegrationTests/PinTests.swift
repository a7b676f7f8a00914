import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// State that keeps a client on its server, and what ends that; told by the admin console.
    @Suite struct Pins {
        private func proxy(poolSize: Int = 1) throws -> HowdahProcess {
            try HowdahProcess(cluster(), ["pool_size": "\(poolSize)", "admin_users": "app, other"])
        }

        private func console(_ proxy: HowdahProcess) throws -> WireClient {
            try WireClient(port: proxy.port, database: "howdah")
        }

        private func reasons(_ console: WireClient) throws -> [String] {
            try console.query("SHOW PINS").rows.map { $0[4] ?? "" }
        }

        @Test(arguments: [
            ("a temporary object was created", ["CREATE TEMP TABLE pinning (a int)"], ["DROP TABLE pinning"]),
            ("a temporary object was created", ["CREATE TEMP SEQUENCE pinning"], ["DISCARD TEMP"]),
            ("a temporary object was created", ["CREATE TEMP VIEW pinning AS SELECT 1"], ["DISCARD ALL"]),
            (
                "a temporary object was created",
                ["CREATE FUNCTION pg_temp.pinning() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
                ["DROP FUNCTION pg_temp.pinning()"]
            ),
            (
                "a temporary object was created",
                ["SET search_path = pg_temp, public", "CREATE TABLE pinning (a int)"], ["DROP TABLE pinning"]
            ),
            (
                "a session-level advisory lock was taken", ["SELECT pg_advisory_lock(4711)"],
                ["SELECT pg_advisory_unlock(4711)"]
            ),
            (
                "a session-level advisory lock was taken",
                ["SELECT pg_advisory_lock(4711)", "SELECT pg_advisory_lock(4711)"], ["SELECT pg_advisory_unlock_all()"]
            ),
            ("a cursor WITH HOLD was declared", ["DECLARE pinning CURSOR WITH HOLD FOR SELECT 1"], ["CLOSE pinning"]),
            (
                "a cursor WITH HOLD was declared",
                ["BEGIN", "DECLARE pinning CURSOR WITH HOLD FOR SELECT 1", "COMMIT"], ["CLOSE ALL"]
            ),
            ("PREPARE was run as SQL", ["PREPARE pinning AS SELECT 1; SELECT 2"], ["DISCARD ALL"]),
        ])
        func itEndsWithItsReason(reason: String, begin: [String], end: [String]) throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try console(proxy)
            let client = try WireClient(port: proxy.port)
            let other = try WireClient(port: proxy.port)
            for sql in begin { #expect(try client.query(sql).errors.isEmpty, "\(sql)") }
            #expect(try reasons(console) == [reason])
            // It stays as long as there is a reason, whatever else is done.
            for sql in ["SELECT 1", "BEGIN", "SELECT 1/0", "ROLLBACK", "SELECT count(*) FROM item"] {
                try client.query(sql)
            }
            #expect(try reasons(console) == [reason])
            for sql in end { #expect(try client.query(sql).errors.isEmpty, "\(sql)") }
            try eventually("the pin to end") { try reasons(console).isEmpty }
            // The one server of the primary goes to the next, who finds nothing.
            #expect(
                try other.value(
                    "/* howdah: primary */ SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                ) == "0"
            )
            #expect(try other.value("/* howdah: primary */ SELECT count(*) FROM pg_cursors") == "0")
            #expect(
                try other.value(
                    "/* howdah: primary */ SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()"
                ) == "0"
            )
            #expect(try other.query("SELECT pinning()").errors.first?.state == "42883")
        }

        @Test(arguments: [
            ["CREATE TEMP TABLE item2 (a no_such_type)"],
            ["BEGIN", "CREATE TEMP TABLE pinning (a int)", "ROLLBACK"],
            ["BEGIN", "CREATE TEMP TABLE pinning (a int) ON COMMIT DROP", "INSERT INTO pinning VALUES (1)", "COMMIT"],
            ["BEGIN", "DECLARE pinning CURSOR WITH HOLD FOR SELECT 1", "ROLLBACK"],
            ["CREATE TEMP TABLE pinning (a int)", "BEGIN", "DROP TABLE pinning", "COMMIT"],
            ["CREATE TEMP TABLE pinning (a int)", "DO 'BEGIN DROP TABLE pinning; END'"],
        ])
        func nothingIsPinnedForWhatHasNotHappened(statements: [String]) throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try console(proxy)
            let client = try WireClient(port: proxy.port)
            for sql in statements { try client.query(sql) }
            try eventually("the pin to end") { try reasons(console).isEmpty }
        }

        @Test func whatIsUndoneIsStillThere() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try console(proxy)
            let client = try WireClient(port: proxy.port)
            for sql in ["CREATE TEMP TABLE pinning (a int)", "BEGIN", "DROP TABLE pinning", "ROLLBACK"] {
                try client.query(sql)
            }
            #expect(try client.query("INSERT INTO pinning VALUES (1)").errors.isEmpty)
            #expect(try client.value("SELECT count(*) FROM pinning") == "1")
            #expect(try reasons(console) == ["a temporary object was created"])
        }

        /// The client does not wait: what it sends next crosses the question.
        @Test func aPinMadeMeanwhileHolds() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let client = try WireClient(port: proxy.port)
            for round in 0..<200 {
                let key = round % 3
                try client.send(
                    Frontend.query("SELECT pg_advisory_lock(\(key))")
                        + Frontend.query("SELECT pg_advisory_unlock(\(key))")
                        + Frontend.query("SELECT pg_advisory_lock(\(key + 10))")
                )
                for _ in 0..<3 { #expect(try client.receiveCycle().errors.isEmpty) }
                let unlocked = try client.value("SELECT pg_advisory_unlock(\(key + 10))")
                #expect(unlocked == "t", "round \(round)")
            }
        }

        @Test func whatAnotherHasCountedIsNotSeen() throws {
            let primary = try cluster().primary
            _ = try primary.sql("CREATE SEQUENCE others_numbers; GRANT ALL ON SEQUENCE others_numbers TO PUBLIC")
            defer { #expect(throws: Never.self) { try primary.sql("DROP SEQUENCE others_numbers") } }
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let other = try WireClient(port: proxy.port)
            let client = try WireClient(port: proxy.port)
            #expect(try other.query("SELECT nextval('others_numbers')").errors.isEmpty)
            #expect(try client.query("BEGIN").errors.isEmpty)
            #expect(try client.query("UPDATE item SET note = note WHERE id = 1").errors.isEmpty)
            #expect(try client.query("SELECT lastval()").state == "55000")
        }

        @Test func aClientThatLeavesLeavesNothing() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try console(proxy)
            for round in 0..<20 {
                let client = try WireClient(port: proxy.port)
                try client.query("CREATE TEMP TABLE pinning (a int)")
                try client.query("SELECT pg_advisory_lock(\(round))")
                client.close()
                try eventually("the pins to end") { try reasons(console).isEmpty }
                let next = try WireClient(port: proxy.port)
                #expect(
                    try next.value(
                        "/* howdah: primary */ SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                    ) == "0"
                )
                #expect(try next.query("SELECT * FROM pinning").errors.first?.state == "42P01")
            }
        }

        // MARK: The console

        @Test func aPinNamesItsReasonAndStatement() throws {
            let proxy = try proxy(poolSize: 3)
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try console(proxy)
            let client = try WireClient(port: proxy.port)
            let lock = "SELECT pg_advisory_lock(1) /* " + String(repeating: "x", count: 300) + " */"
            try client.query("CREATE TEMP TABLE pinning (a int)")
            try client.query(lock)
            let rows = try console.query("SHOW PINS").rows
            #expect(rows.count == 2)
            let number = client.processID.reduce(0) { $0 << 8 | Int($1) }
            #expect(rows.first?.prefix(4) == ["\(number)", "app", "app", "127.0.0.1:\(try cluster().primary.port)"])
            #expect(rows.map { $0[6] } == ["CREATE TEMP TABLE pinning (a int)", String(lock.prefix(200))])
            let formatter = ISO8601DateFormatter()
            for row in rows {
                let since = (row[5] ?? "").replacing(" ", with: "T").prefix(19) + "Z"
                let age = formatter.date(from: String(since)).map { -$0.timeIntervalSinceNow }
                #expect(age.map { $0 > -1 && $0 < 60 } == true, "\(row)")
            }
        }

        @Test(arguments: ["howdah", "pgbouncer"])
        func theConsoleAnswersInBothProtocols(database: String) throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            let console = try WireClient(port: proxy.port, user: "other", database: database)
            #expect(try console.query("show version;").value.hasPrefix("Howdah "))
            let commands = try console.query("SHOW HELP").rows.map { $0[0] }
            #expect(commands.contains("SHOW PINS") && commands.contains("SWITCHOVER [TO node]"), "\(commands)")
            #expect(try console.query(" ; ").plainShape == "IZ")
            let unknown = try console.query("SHOW EVERYTHING")
            #expect(unknown.errors.first?.state == "42601")
            #expect(unknown.errors.first?.fields["H"]?.contains("SHOW PINS") == true)
            #expect(try console.extended("SHOW VERSION").value.hasPrefix("Howdah "))
            try console.send(Frontend.parse("v", "SHOW VERSION") + Frontend.describe(.statement, "v") + Frontend.sync)
            #expect(try console.receiveCycle().plainShape == "1tTZ")
            try console.send(
                Frontend.bind("", "v") + Frontend.describe(.portal, "") + Frontend.execute()
                    + Frontend.close(.statement, "v") + Frontend.sync
            )
            #expect(try console.receiveCycle().plainShape == "2TDC3Z")
            try console.send(
                Frontend.bind("", "v") + Frontend.execute() + Frontend.sync + Frontend.query("SHOW VERSION")
            )
            #expect(try console.receiveCycle().errors.first?.state == "26000")
            #expect(try console.receiveCycle().errors.isEmpty)
            try console.send(Frontend.extended("nonsense"))
            #expect(try console.receiveCycle().errors.count == 1)
        }

        @Test func onlyAdminUsersGetIn() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop(), "\(proxy.log)") }
            do {
                _ = try WireClient(port: proxy.port, user: "logged", database: "howdah")
                Issue.record("let in")
            } catch WireError.refused(let message) {
                #expect(message.fields["C"] == "42501")
                #expect(message.fields["H"]?.contains("admin_users") == true)
            }
            let nobody = try HowdahProcess(cluster())
            defer { nobody.stop() }
            #expect(throws: WireError.self) { try WireClient(port: nobody.port, database: "pgbouncer") }
        }
    }
}
