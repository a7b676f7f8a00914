import Testing

@testable import LocalCluster

extension EndToEnd {
    /// `pool_mode = session` and `pool_mode = statement`; all other tests are about `transaction`.
    @Suite struct PoolModes {
        private func proxy(_ mode: String, _ settings: [String: String] = [:]) throws -> HowdahProcess {
            try HowdahProcess(cluster(), settings.merging(["pool_mode": mode]) { $1 })
        }

        @Test func aSessionKeepsItsServer() throws {
            let proxy = try proxy("session", ["pool_size": "2"])
            defer { #expect(proxy.stop()) }
            let (first, second) = (try WireClient(port: proxy.port), try WireClient(port: proxy.port))
            let who = "SELECT pid, inet_server_port() FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            let (one, other) = (try first.query(who).rows, try second.query(who).rows)
            #expect(one != other)
            #expect(try node(one[0][1] ?? "") == "primary" && node(other[0][1] ?? "") == "primary")
            for statement in [
                "CREATE TEMP TABLE kept (a int)", "INSERT INTO kept VALUES (5)", "SET work_mem = '9MB'",
                "PREPARE p AS SELECT 6",
                "SELECT pg_advisory_lock(4711)", "DECLARE c CURSOR WITH HOLD FOR SELECT 7", "SELECT nextval('counter')",
            ] {
                #expect(try first.query(statement).errors.isEmpty, "\(statement)")
                #expect(try second.query("SELECT 1").errors.isEmpty)
            }
            #expect(try first.query(who).rows == one && second.query(who).rows == other)
            #expect(try first.extended("SELECT a FROM kept").value == "5")
            #expect(try first.value("SHOW work_mem") == "9MB")
            #expect(try first.value("EXECUTE p") == "6")
            #expect(try first.value("FETCH c") == "7")
            #expect(try second.value("SELECT pg_try_advisory_lock(4711)") == "f")
            #expect(try second.value("SHOW work_mem") == "4MB")
            // Who comes third waits for a session to end, and finds nothing of it.
            let third = try WireClient(connectedTo: proxy.port)
            try third.send(Frontend.startup([("user", "app"), ("database", "app")]))
            try third.welcome()
            try third.send(
                Frontend.query("SELECT to_regclass('kept'), current_setting('work_mem'), pg_try_advisory_lock(4711)")
            )
            #expect(!third.hasInput(within: 50))
            first.close()
            let reply = try third.receiveCycle()
            #expect(reply.rows == [[nil, "4MB", "t"]], "\(reply)")
            #expect(try third.query("EXECUTE p").state == "26000")
        }

        @Test func statementModeHasNoTransactionBlocks() throws {
            let proxy = try proxy("statement", ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            #expect(try node(client.value("SELECT inet_server_port()")).hasPrefix("replica"))
            #expect(
                try node(client.value("UPDATE item SET note = note WHERE id = 5 RETURNING inet_server_port()"))
                    == "primary"
            )
            #expect(
                try client.query("UPDATE item SET note = note WHERE id = 5; SELECT 2").tags == ["UPDATE 1", "SELECT 1"]
            )
            for reply in [try client.query("BEGIN"), try client.extended("START TRANSACTION READ ONLY")] {
                #expect(reply.state == "0A000" && reply.status == "I", "\(reply)")
                #expect(reply.errors.first?.fields["H"]?.contains("pool_mode") == true)
            }
            try client.send(Frontend.parse("s", "SELECT $1::int") + Frontend.sync)
            #expect(try client.receiveCycle().errors.isEmpty)
            let other = try WireClient(port: proxy.port)
            for number in 0..<10 {
                try client.send(Frontend.bind("", "s", texts: ["\(number)"]) + Frontend.execute() + Frontend.sync)
                #expect(try client.receiveCycle().value == "\(number)")
                #expect(try other.query("UPDATE item SET note = note WHERE id = 5").tags == ["UPDATE 1"])
            }
            // A block that a text opens behind something else ends with its client, and takes nothing with it.
            try client.send(
                Frontend.query(
                    "INSERT INTO scratch (note) VALUES ('block'); BEGIN; INSERT INTO scratch (note) VALUES ('block')"
                )
            )
            let end = try client.receiveToEnd()
            #expect(end.errors.last?.state == "0A000" && end.errors.last?.fields["S"] == "FATAL", "\(end)")
            let left = "/* howdah: primary */ SELECT count(*) FROM scratch WHERE note = 'block'"
            #expect(try other.query("/* howdah: primary */ SELECT pg_current_xact_id_if_assigned()").rows == [[nil]])
            #expect(try other.value(left) == "0")
        }
    }
}
