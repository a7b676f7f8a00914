import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Connections with the start-up parameter `replication` (PostgreSQL documentation, 55.4).
    @Suite struct Replication {
        private func client(_ proxy: HowdahProcess, _ settings: [(String, String)]) throws -> WireClient {
            try WireClient(port: proxy.port, user: "postgres", database: "postgres", settings: settings)
        }

        private func senders(_ name: String) throws -> Int {
            let sql =
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender' AND application_name = '\(name)'"
            return Int(try cluster().primary.sql(sql)) ?? -1
        }

        @Test func aStreamIsPassedOnAndEndsWithItsClient() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "2"])
            defer { #expect(proxy.stop()) }
            let client = try client(proxy, [("replication", "true"), ("application_name", "stream")])
            let system = try client.query("IDENTIFY_SYSTEM").rows[0]
            #expect(system[0] == (try cluster().primary.sql("SELECT system_identifier FROM pg_control_system()")))
            let position = try #require(system[2])
            try client.send(Frontend.query("START_REPLICATION PHYSICAL \(position)"))
            _ = try client.receive(until: "W")
            _ = try cluster().primary.sql("SELECT pg_logical_emit_message(false, 'howdah', repeat('x', 100000))")
            var size = 0
            while size < 100_000 {
                let message = try client.skim()
                #expect(message.letter == "d")
                size += message.size
            }
            #expect(try senders("stream") == 1)
            client.close()
            try eventually("the WAL sender has gone with its client") { try senders("stream") == 0 }
        }

        @Test func soDoesTheStreamOfAClientThatSaysGoodBye() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "2"])
            defer { #expect(proxy.stop()) }
            let client = try client(proxy, [("replication", "true"), ("application_name", "good-bye")])
            let position = try #require(try client.query("IDENTIFY_SYSTEM").rows[0][2])
            try client.send(Frontend.query("START_REPLICATION PHYSICAL \(position)"))
            _ = try client.receive(until: "W")
            #expect(try senders("good-bye") == 1)
            try client.send(Frontend.terminate)
            try eventually("the WAL sender has gone with its client") { try senders("good-bye") == 0 }
            client.close()
        }

        @Test func aStreamThatIsEndedLeavesTheSessionUsable() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let client = try client(proxy, [("replication", "true")])
            let position = try #require(try client.query("IDENTIFY_SYSTEM").rows[0][2])
            try client.send(Frontend.query("START_REPLICATION PHYSICAL \(position)"))
            _ = try client.receive(until: "W")
            try client.send(Frontend.copyDone)
            _ = try client.receive(until: "Z")
            #expect(try client.query("IDENTIFY_SYSTEM").rows.count == 1)
        }

        @Test func aDatabaseSessionHasItsOwnParametersAndIsNeverHandedOn() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let first = try client(proxy, [("replication", "database"), ("options", "-c work_mem=7MB")])
            #expect(try first.value("SHOW work_mem") == "7MB")
            try first.query("SET work_mem = '9MB'")
            // Its server's, not the client's.
            let own = "SELECT pid FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            let process = try first.value(own)
            // An ordinary session of the same user and database has a server of another kind.
            let ordinary = try WireClient(port: proxy.port, user: "postgres", database: "postgres")
            #expect(
                try ordinary.value("SELECT backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                    == "client backend"
            )
            first.close()
            let second = try client(proxy, [("replication", "database")])
            #expect(try second.value(own) != process)
            #expect(try second.value("SHOW work_mem") == "4MB")
        }

        @Test func theSessionEndsWithItsServer() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let client = try client(proxy, [("replication", "database"), ("application_name", "ended")])
            _ = try cluster().primary.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'"
            )
            let end = try client.receiveToEnd()
            #expect(end.state == "08006")
        }

        @Test func whatIsNoReplicationModeIsRefused() throws {
            let client = try WireClient(connectedTo: proxy().port)
            try client.send(Frontend.startup([("user", "app"), ("database", "app"), ("replication", "maybe")]))
            #expect(try client.receiveToEnd().state == "22023")
        }
    }
}
