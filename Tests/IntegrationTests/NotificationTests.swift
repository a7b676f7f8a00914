import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// LISTEN and NOTIFY of clients that share servers.
    @Suite struct Notifications {
        /// Sessions of `user` on the primary.
        private func sessions(_ user: String) throws -> Int {
            Int(try cluster().primary.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = '\(user)'")) ?? -1
        }

        /// A client that talks to the primary itself.
        private func direct(user: String = "app") throws -> WireClient {
            try WireClient(port: cluster().primary.port, user: user)
        }

        // MARK: As PostgreSQL

        /// Each line is one turn of a client that talks to itself.
        static let monologues: [[String]] = [
            ["LISTEN a", "NOTIFY a", "NOTIFY a, 'with a payload'", "UNLISTEN a", "NOTIFY a"],
            ["LISTEN a", "LISTEN a", "SELECT pg_notify('a', 'from a function')", "NOTIFY b"],
            ["LISTEN a; LISTEN b", "NOTIFY b, '1'; NOTIFY a, '2'; NOTIFY b, '1'", "UNLISTEN *; NOTIFY a", "SELECT 1"],
            ["BEGIN", "LISTEN a", "NOTIFY a, 'in one transaction'", "SELECT 1", "COMMIT", "NOTIFY a", "SELECT 1"],
            ["BEGIN", "LISTEN a", "NOTIFY a", "ROLLBACK", "NOTIFY a", "SELECT 1"],
            ["BEGIN", "LISTEN a", "SELECT 1/0", "LISTEN b", "COMMIT", "NOTIFY a", "NOTIFY b"],
            ["BEGIN", "LISTEN a", "SAVEPOINT s", "LISTEN b", "ROLLBACK TO s", "LISTEN c", "RELEASE s", "COMMIT"]
                + ["NOTIFY a", "NOTIFY b", "NOTIFY c"],
            ["BEGIN", "SAVEPOINT s", "LISTEN a", "ROLLBACK TO s", "COMMIT", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "UNLISTEN a", "NOTIFY a", "COMMIT", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "UNLISTEN a", "ROLLBACK", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "NOTIFY a, '1'", "SELECT 1", "NOTIFY a, '2'", "COMMIT", "SELECT 1"],
            ["LISTEN a", "BEGIN", "NOTIFY a, '1'", "SAVEPOINT s", "NOTIFY a, '2'", "ROLLBACK TO s", "COMMIT"],
            ["BEGIN", "LISTEN a", "COMMIT AND CHAIN", "NOTIFY a", "COMMIT", "NOTIFY a"],
            ["LISTEN a; SELECT 1/0", "NOTIFY a", "BEGIN; UNLISTEN *; COMMIT", "NOTIFY a"],
            ["LISTEN a", "DISCARD ALL", "NOTIFY a"],
            ["LISTEN a", "SET work_mem = '1MB'", "DISCARD ALL", "NOTIFY a"],
            ["LISTEN Folded", "NOTIFY FOLDED", "NOTIFY \"Folded\"", "LISTEN \"Folded\"", "NOTIFY \"Folded\""],
            ["LISTEN \"a \"\"quoted\"\" name\"", "NOTIFY \"a \"\"quoted\"\" name\", 'it''s'"],
            ["LISTEN \(String(repeating: "long", count: 20))", "NOTIFY \(String(repeating: "long", count: 20))"],
            ["LISTEN \"\(String(repeating: "ä", count: 40))\"", "NOTIFY \"\(String(repeating: "ä", count: 40))\""],
            ["BEGIN READ ONLY", "LISTEN a", "NOTIFY a", "COMMIT"],
            ["LISTEN", "LISTEN 1", "LISTEN a.b", "NOTIFY a", "UNLISTEN nothing", "UNLISTEN *"],
            ["LISTEN a", "CREATE TEMP TABLE kept (x int)", "NOTIFY a", "DROP TABLE kept", "DISCARD ALL", "NOTIFY a"],
            [
                "CREATE TEMP TABLE kept (x int)", "LISTEN a", "NOTIFY a", "BEGIN", "LISTEN b", "NOTIFY b", "COMMIT",
                "NOTIFY b",
            ],
            ["BEGIN; LISTEN a; COMMIT", "NOTIFY a", "UNLISTEN a", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "COMMIT; BEGIN", "ROLLBACK", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "COMMIT; SELECT 1/0", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "ROLLBACK; SELECT 1", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "ROLLBACK; BEGIN", "COMMIT", "NOTIFY a"],
            ["BEGIN", "SAVEPOINT s", "LISTEN a", "ROLLBACK TO s; SELECT 1", "COMMIT", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "SAVEPOINT s", "SELECT 1/0", "ROLLBACK TO s; COMMIT; SELECT 1/0", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "UNLISTEN a", "ROLLBACK; SELECT 1", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "UNLISTEN a", "ROLLBACK; BEGIN", "COMMIT", "NOTIFY a"],
            ["LISTEN a", "BEGIN", "UNLISTEN a; COMMIT; SELECT 1/0", "NOTIFY a"],
            ["BEGIN", "LISTEN a", "SELECT 1/0", "COMMIT; SELECT 1", "NOTIFY a"],
        ]

        @Test(arguments: monologues)
        func aClientHearsItselfAsIfItHadAServerOfItsOwn(turns: [String]) throws {
            for isExtended in [false, true] {
                let texts = turns.filter { !isExtended || !$0.contains(";") }
                let bytes = texts.map { isExtended ? Frontend.extended($0) : Frontend.query($0) }
                // One after the other: they would hear each other.
                let (there, expected) = try talk(direct(), bytes)
                let (here, replies) = try talk(client(), bytes)
                for (text, (reply, expected)) in zip(texts, zip(replies, expected)) {
                    #expect(reply.plainShape == expected.plainShape, "\(text): \(reply) for \(expected)")
                    #expect(
                        reply.notifications.map(\.description) == expected.notifications.map(\.description),
                        "\(text)"
                    )
                    #expect(reply.state == expected.state && reply.status == expected.status, "\(text)")
                    #expect(reply.notifications.allSatisfy { $0.processID == here }, "\(text)")
                    #expect(expected.notifications.allSatisfy { $0.processID == there }, "\(text)")
                }
            }
        }

        /// Sends each turn when the reply to the one before is there; leaves.
        private func talk(_ client: WireClient, _ turns: [[UInt8]]) throws -> (process: [UInt8], replies: [WireReply]) {
            defer { client.close() }
            let replies = try turns.map { turn in
                try client.send(turn)
                return try client.receiveCycle()
            }
            return (client.processID, replies)
        }

        // MARK: Many clients

        @Test func fiftyListenersHoldNoServer() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "2"])
            defer { #expect(proxy.stop()) }
            let listeners = try (0..<50).map { number in
                let listener = try WireClient(port: proxy.port, user: "listener")
                #expect(try listener.query(number % 2 == 0 ? "LISTEN news" : "LISTEN news; LISTEN odd").status == "I")
                return listener
            }
            let notifier = try WireClient(port: proxy.port, user: "listener")
            let payloads = (0..<20).map { "payload \($0)" }
            for payload in payloads { #expect(try notifier.query("NOTIFY news, '\(payload)'").notifications.isEmpty) }
            #expect(try notifier.query("NOTIFY odd, 'the last'").tags == ["NOTIFY"])
            for (number, listener) in listeners.enumerated() {
                let heard = try listener.notifications(number % 2 == 0 ? 20 : 21)
                #expect(heard.map(\.payload) == payloads + (number % 2 == 0 ? [] : ["the last"]))
                #expect(heard.allSatisfy { $0.processID == notifier.processID })
            }
            // Two of the pool, and the one that listens.
            try eventually("no more than three servers") { try sessions("listener") <= 3 }
            // None of them is kept: two transactions have room.
            let writers = try (0..<2).map { _ in try WireClient(port: proxy.port, user: "listener") }
            for writer in writers {
                #expect(try writer.query("BEGIN").status == "T")
                #expect(try writer.query("INSERT INTO scratch (note) VALUES ('listened')").errors.isEmpty)
            }
            for writer in writers { #expect(try writer.query("ROLLBACK").status == "I") }
            let other = try writers[0].query("/* howdah: primary */ SELECT count(*) FROM pg_listening_channels()")
            #expect(other.value == "0", "a server that has run LISTEN listens no longer")
        }

        @Test func aNotificationWaitsForTheEndOfATransaction() throws {
            let listener = try client()
            let notifier = try client()
            try listener.query("LISTEN later")
            for begin in ["BEGIN", "BEGIN; SELECT 1", "BEGIN; UPDATE item SET note = note WHERE id = 3"] {
                for statement in begin.components(separatedBy: "; ") { try listener.query(statement) }
                for number in 0..<3 { try notifier.query("NOTIFY later, '\(number)'") }
                try notifier.query("NOTIFY unheard")
                #expect(!listener.hasInput(within: 50), "\(begin)")
                let status = try listener.query("SELECT 2")
                #expect(status.plainShape == "TDCZ", "\(status)")
                let end = try listener.query("COMMIT")
                #expect(
                    end.plainShape == "CAAAZ" && end.notifications.map(\.payload) == ["0", "1", "2"],
                    "\(begin): \(end)"
                )
            }
            try listener.query("BEGIN")
            try listener.query("SELECT 1/0 FROM item")
            try notifier.query("NOTIFY later, 'in a failed one'")
            #expect(!listener.hasInput(within: 50))
            #expect(try listener.query("ROLLBACK").plainShape == "CAZ")
        }

        @Test func aListenThatIsAnsweredMissesNothing() throws {
            let notifier = try direct()
            for number in 0..<100 {
                let listener = try client()
                try notifier.query("NOTIFY now_\(number % 3), 'too early'")
                try listener.query("LISTEN now_\(number % 3)")
                try notifier.query("NOTIFY now_\(number % 3), 'heard'")
                let heard = try listener.notifications(1)
                #expect(heard.map(\.payload) == ["heard"])
                #expect(heard.first?.processID == notifier.processID, "a process beside the proxy keeps its number")
            }
        }

        @Test func everyoneIsToldWhoHasNotified() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1"])
            defer { #expect(proxy.stop()) }
            let clients = try (0..<8).map { _ in try WireClient(port: proxy.port) }
            for client in clients { try client.query("LISTEN who") }
            // All use the same server, one right after the other.
            for round in 0..<30 {
                for (number, client) in clients.enumerated() {
                    try client.send(
                        round % 2 == 0
                            ? Frontend.query("NOTIFY who, '\(round) \(number)'")
                            : Frontend.extended("SELECT pg_notify('who', $1)", ["\(round) \(number)"])
                    )
                }
                for client in clients {
                    var heard: [WireNotification] = []
                    var isReady = false
                    while heard.count < clients.count || !isReady {
                        let message = try client.receive()
                        if let notification = WireNotification(message) { heard.append(notification) }
                        if message.is("Z") { isReady = true }
                    }
                    #expect(Set(heard.map(\.payload)) == Set(clients.indices.map { "\(round) \($0)" }))
                    for notification in heard {
                        let number = Int(notification.payload.split(separator: " ")[1]) ?? 0
                        #expect(notification.processID == clients[number].processID, "\(notification)")
                    }
                }
            }
        }

        @Test func triggersAndFunctionsNotifyAsTheClient() throws {
            let admin = try direct()
            for statement in [
                "CREATE TABLE watched (id int)",
                """
                CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
                $$BEGIN PERFORM pg_notify('watched', NEW.id::text); RETURN NEW; END$$
                """,
                "CREATE TRIGGER tells AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION tell()",
            ] { #expect(try admin.query(statement).errors.isEmpty) }
            defer { _ = try? admin.query("DROP TABLE watched; DROP FUNCTION tell()") }
            let listener = try client()
            try listener.query("LISTEN watched")
            // Of the first nobody could know that it notifies.
            let first = try listener.query("INSERT INTO watched VALUES (0)")
            if first.notifications.isEmpty { _ = try listener.notifications(1) }
            let other = try client()
            for number in 1..<20 {
                #expect(try other.query("INSERT INTO watched VALUES (\(number))").plainShape == "CZ")
                let heard = try listener.notifications(1)
                #expect(heard.map(\.payload) == ["\(number)"] && heard[0].processID == other.processID)
                let own = try listener.query("INSERT INTO watched VALUES (\(-number))")
                #expect(own.plainShape == "CAZ", "\(own)")
                #expect(own.notifications.first?.processID == listener.processID)
            }
        }

        // MARK: Ends

        @Test func aListeningServerThatIsLostIsReplaced() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "2"])
            defer { #expect(proxy.stop()) }
            let listener = try WireClient(port: proxy.port, user: "listener")
            let busy = try WireClient(port: proxy.port, user: "listener")
            let notifier = try WireClient(port: proxy.port, user: "app")
            for client in [listener, busy] { try client.query("LISTEN again") }
            for round in 0..<3 {
                try busy.query("BEGIN")
                let ended = try cluster().primary.sql(
                    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'listener' AND query LIKE '/* Howdah listens here%'"
                )
                #expect(Int(ended) ?? 0 > 0)
                // The proxy has it back when it says that something may have been lost.
                let warning = try listener.receive()
                #expect(warning.is("N") && warning.fields["S"] == "WARNING" && warning.state == "01000", "\(warning)")
                try notifier.query("NOTIFY again, '\(round)'")
                #expect(try listener.notifications(1).map(\.payload) == ["\(round)"])
                let end = try busy.query("COMMIT")
                #expect(end.shape == "CNAZ", "\(end)")
            }
        }

        @Test func aListenerThatWaitsTooLongIsDisconnected() throws {
            let proxy = try HowdahProcess(cluster(), ["notification_queue": "16kB"])
            defer { #expect(proxy.stop()) }
            let slow = try WireClient(port: proxy.port)
            let quick = try WireClient(port: proxy.port)
            let notifier = try WireClient(port: proxy.port)
            for client in [slow, quick] { try client.query("LISTEN much") }
            try slow.query("BEGIN")
            for number in 0..<5 {
                try notifier.query("NOTIFY much, '\(number) \(String(repeating: "x", count: 7000))'")
                #expect(try quick.notifications(1).count == 1)
            }
            let end = try slow.receiveToEnd()
            #expect(end.shape == "E" && end.state == "53400", "\(end)")
            #expect(end.errors.first?.fields["H"]?.contains("notification_queue") == true)
            #expect(try quick.value("SELECT 1") == "1")
        }

        @Test func aListenerThatDoesNotReadIsBounded() throws {
            let proxy = try HowdahProcess(
                cluster(),
                [
                    "notification_queue": "64kB", "send_high_water": "64kB", "send_low_water": "16kB",
                    "log_connections": "on",
                ]
            )
            defer { #expect(proxy.stop()) }
            let deaf = try WireClient(port: proxy.port, receiveBuffer: 4096)
            let notifier = try WireClient(port: proxy.port)
            try deaf.query("LISTEN flood")
            let before = proxy.peakMemory
            let payload = String(repeating: "x", count: 7900)
            // 12 MB, of which the kernel holds a part.
            for number in 0..<1500 { try notifier.query("NOTIFY flood, '\(number) \(payload)'") }
            #expect(proxy.peakMemory - before < 8 << 10, "kilobytes")
            #expect(proxy.log.contains("left: user app, database app: too many notifications wait for this client"))
            // What it has been sent is whole and in order, as far as it goes.
            var expected = 0
            while let message = try? deaf.receive() {
                guard let notification = WireNotification(message) else { continue }
                #expect(notification.payload.hasPrefix("\(expected) "))
                expected += 1
            }
            #expect(expected > 0 && expected < 1500)
        }

        @Test func aClientThatLeavesIsForgotten() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_size": "1", "server_idle_timeout": "1s"])
            defer { #expect(proxy.stop()) }
            for isReset in [false, true] {
                let listener = try WireClient(port: proxy.port, user: "listener")
                try listener.query("LISTEN gone")
                try eventually("two servers") { try sessions("listener") == 2 }
                if isReset { listener.reset() } else { listener.close() }
            }
            // Nobody listens: the server that did is closed like any other that idles.
            try eventually("no server to be left") { try sessions("listener") == 0 }
            let again = try WireClient(port: proxy.port, user: "listener")
            #expect(try again.query("LISTEN gone").tags == ["LISTEN"])
            #expect(try again.query("NOTIFY gone").plainShape == "CAZ")
        }

        // MARK: Sessions that keep their server

        @Test func aSessionOfItsOwnListensByItself() throws {
            let proxy = try HowdahProcess(cluster(), ["pool_mode": "session"])
            defer { #expect(proxy.stop()) }
            let listener = try WireClient(port: proxy.port, user: "listener")
            let notifier = try WireClient(port: proxy.port, user: "listener")
            try listener.query("LISTEN own")
            let heard = try listener.query("NOTIFY own, '1'")
            #expect(heard.plainShape == "CAZ" && heard.notifications.first?.processID == listener.processID, "\(heard)")
            try notifier.query("NOTIFY own, '2'")
            let other = try listener.notifications(1)
            #expect(other.first?.payload == "2" && other.first?.processID == notifier.processID)
            try eventually("a server for each") { try sessions("listener") == 2 }
        }

        @Test func aListenThatIsNotSeenKeepsItsServer() throws {
            let listener = try client()
            let notifier = try client()
            // The encoding is not the database's: what the listening server sends would not be understood.
            try listener.query("SET client_encoding = 'latin1'")
            try listener.query("LISTEN umlauts")
            try notifier.query("NOTIFY umlauts, 'ä'")
            let message = try listener.receive()
            #expect(message.is("A") && Array(message.body.suffix(2)) == [0xE4, 0], "\(message)")
            #expect(Array(message.body.prefix(4)) == notifier.processID)
        }
    }
}
