import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// The number that a client was told at log-in, in front of real servers.
    @Suite struct ProcessNumbers {
        private func number(_ client: WireClient) -> UInt32 { client.processID.reduce(0) { $0 << 8 | UInt32($1) } }

        private func direct(user: String = "app") throws -> WireClient {
            try WireClient(port: cluster().primary.port, user: user)
        }

        /// Messages without the rows, whose numbers differ, and what drivers see of each column.
        private func look(_ reply: WireReply) -> [String] {
            reply.messages.filter { !$0.is("D") && !$0.is("S") }.map { message in
                // The table's OID and the type of a column are in its description.
                message.is("T") || message.is("t") ? "\(message.body)" : "\(message)"
            }
        }

        static let texts = [
            "SELECT pg_backend_pid()", "SELECT pg_backend_pid() AS pid, 1", "SELECT pg_backend_pid()::text",
            "/* howdah: primary */ SELECT pg_catalog.pg_backend_pid(), id FROM item WHERE id = 1",
            "SELECT * FROM pg_backend_pid()", "SELECT p FROM pg_backend_pid() AS p", "VALUES (pg_backend_pid())",
            "SELECT pid FROM (SELECT pg_backend_pid() AS pid) s", "WITH p AS (SELECT pg_backend_pid()) TABLE p",
            "SELECT CASE WHEN true THEN pg_backend_pid() END", "SELECT coalesce(pg_backend_pid(), 1)",
            "INSERT INTO scratch (note) VALUES (pg_backend_pid()) RETURNING note",
            "UPDATE item SET note = note WHERE id = 1 RETURNING pg_backend_pid()",
            "SELECT * FROM pg_backend_pid() WITH ORDINALITY",
            "SELECT a, b FROM pg_backend_pid() WITH ORDINALITY AS t(a, b)",
            "SELECT * FROM ROWS FROM (pg_backend_pid(), generate_series(1, 1)) WITH ORDINALITY",
            "SELECT p FROM ROWS FROM (pg_backend_pid(), generate_series(1, 1)) AS t(p, g)",
        ]

        @Test(arguments: texts)
        func eachClientIsToldItsOwn(text: String) throws {
            let (one, other) = (try client(), try client())
            let there = try direct()
            for client in [one, other, one] {
                #expect(try client.value(text) == "\(number(client))", "\(text)")
                #expect(try client.extended(text).value == "\(number(client))", "\(text)")
                #expect(try look(client.query(text)) == look(there.query(text)), "\(text)")
                #expect(try look(client.extended(text)) == look(there.extended(text)), "\(text)")
                // In a transaction, and held there.
                try client.query("BEGIN")
                #expect(try client.value(text) == "\(number(client))", "\(text)")
                #expect(try client.extended(text).value == "\(number(client))", "\(text)")
                try client.query("ROLLBACK")
            }
        }

        @Test func asAServersOwnSessionWhereServersAreShown() throws {
            for text in [
                "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'virtualxid'",
                "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                "SELECT cardinality(pg_blocking_pids(pg_backend_pid())) + 1",
            ] {
                let client = try client()
                #expect(try client.value(text) == "1", "\(text)")
                #expect(try client.extended(text).value == "1", "\(text)")
            }
        }

        @Test func preparedAndInBothFormats() throws {
            let clients = [try client(), try client()]
            for client in clients {
                try client.send(
                    Frontend.parse("who", "SELECT pg_backend_pid() AS pid WHERE $1::int > 0")
                        + Frontend.describe(.statement, "who") + Frontend.sync
                )
                #expect(try client.receiveCycle().plainShape == "1tTZ")
            }
            for client in clients + clients {
                try client.send(
                    Frontend.bind("", "who", [[0, 0, 0, 1]], binary: true, binaryResults: true)
                        + Frontend.describe(.portal, "") + Frontend.execute() + Frontend.sync
                )
                let reply = try client.receiveCycle()
                #expect(reply.plainShape == "2TDCZ", "\(reply)")
                let row = reply.messages.first { $0.is("D") }
                #expect(row.map { Array($0.body.suffix(4)) } == client.processID)
            }
            try clients[0].query("PREPARE mine AS SELECT pg_backend_pid()")
            #expect(try clients[0].value("EXECUTE mine") == "\(number(clients[0]))")
            #expect(try clients[0].extended("EXECUTE mine").value == "\(number(clients[0]))")
            try clients[0].query("PREPARE told(int) AS SELECT $1")
            #expect(try clients[0].value("EXECUTE told(pg_backend_pid())") == "\(number(clients[0]))")
            #expect(try clients[0].extended("EXECUTE told(pg_backend_pid())").value == "\(number(clients[0]))")
            try clients[0].query("CREATE TEMP TABLE told_it AS EXECUTE told(pg_backend_pid())")
            #expect(try clients[0].value("TABLE told_it") == "\(number(clients[0]))")
        }

        @Test func cursorsCopiesAndSeveralStatements() throws {
            let client = try client()
            let number = "\(number(client))"
            let several = try client.query("SELECT 1; SELECT pg_backend_pid(); SELECT 2")
            #expect(several.rows.map { $0[0] } == ["1", number, "2"])
            try client.query("BEGIN")
            try client.query("DECLARE c CURSOR FOR SELECT pg_backend_pid()")
            #expect(try client.value("FETCH c") == number)
            try client.query("COMMIT")
            let copied = try client.query("COPY (SELECT pg_backend_pid()) TO STDOUT")
            let data = copied.messages.first { $0.is("d") }.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(data == "\(number)\n")
            try client.query("CREATE TEMP TABLE kept AS SELECT pg_backend_pid() AS pid")
            // Pinned.
            #expect(try client.value("SELECT pid FROM kept WHERE pid = pg_backend_pid()") == number)
            #expect(try client.query("EXPLAIN SELECT pg_backend_pid()").errors.isEmpty)
        }

        @Test func positionsAreThoseOfTheClientsText() throws {
            let (here, there) = (try client(), try direct())
            for text in [
                "SELECT 'ä', pg_backend_pid(), nothing_like_it", "SELECT nothing_like_it, pg_backend_pid()",
                "SELECT pg_backend_pid() FROM item WHERE pg_backend_pid() = 'x'",
                "SELECT pg_backend_pid() || nothing_like_it",
            ] {
                func place(_ reply: WireReply) -> String? {
                    reply.errors.first?.fields["P"]
                }
                let (found, expected) = (try here.query(text), try there.query(text))
                #expect(found.state == expected.state && expected.state != "")
                #expect(place(found) == place(expected) && place(expected) != nil, "\(text): \(found)")
                #expect(try place(here.extended(text)) == place(there.extended(text)), "\(text)")
            }
        }

        @Test func notificationsBearIt() throws {
            let (listener, notifier) = (try client(), try client())
            try listener.query("LISTEN who")
            try notifier.query("NOTIFY who")
            let told = try notifier.value("SELECT pg_backend_pid()")
            try EndToEnd.eventually("the notification") {
                try listener.query("SELECT 1").notifications.contains {
                    "\($0.processID.reduce(0) { $0 << 8 | UInt32($1) })" == told
                }
            }
        }

        // MARK: Signals

        /// A client, in the middle of nothing, is ended with this error.
        private func isEnded(_ client: WireClient) throws -> Bool {
            try client.receiveToEnd().errors.first.map { $0.state == "57P01" } ?? false
        }

        @Test func endsAnotherInBothProtocols() throws {
            let killer = try client()
            for way in 0..<4 {
                let victim = try client()
                try victim.query("BEGIN")
                try victim.query("INSERT INTO scratch (note) VALUES ('not to be kept')")
                let number = number(victim)
                switch way {
                case 0: #expect(try killer.value("SELECT pg_terminate_backend(\(number))") == "t")
                case 1: #expect(try killer.extended("SELECT pg_terminate_backend($1)", ["\(number)"]).value == "t")
                case 2:
                    #expect(
                        try killer.extended("SELECT pg_terminate_backend($1, 5000) AS e", ["\(number)"]).value == "t"
                    )
                default:
                    try killer.send(
                        Frontend.parse("end", "SELECT pg_terminate_backend($1)") + Frontend.describe(.statement, "end")
                            + Frontend.sync
                    )
                    #expect(try killer.receiveCycle().plainShape == "1tTZ")
                    try killer.send(
                        Frontend.bind("", "end", [victim.processID], binary: true, binaryResults: true)
                            + Frontend.execute() + Frontend.sync
                    )
                    let reply = try killer.receiveCycle()
                    #expect(reply.plainShape == "2DCZ", "\(reply)")
                    #expect(reply.messages.first { $0.is("D") }?.body.last == 1)
                }
                #expect(try isEnded(victim), "way \(way)")
                #expect(try killer.value("SELECT count(*) FROM scratch WHERE note = 'not to be kept'") == "0")
            }
        }

        @Test func looksLikeADirectCall() throws {
            let (here, there) = (try client(), try direct())
            let (victim, other) = (try client(), try direct())
            for (client, aimed) in [(here, victim), (there, other)] {
                for text in ["SELECT pg_cancel_backend(#)", "SELECT pg_catalog.pg_cancel_backend('#'::int4) AS done"] {
                    let text = text.replacing("#", with: "\(number(aimed))")
                    #expect(try client.value(text) == "t")
                }
            }
            let text = "SELECT pg_cancel_backend($1)"
            #expect(
                try look(here.extended(text, ["\(number(victim))"])) == look(there.extended(text, ["\(number(other))"]))
            )
            #expect(try victim.value("SELECT 1") == "1")
        }

        @Test func cancelsWhatAnotherRuns() throws {
            let (killer, victim) = (try client(), try client())
            try victim.query("BEGIN")
            try victim.send(Frontend.query("SELECT pg_sleep(60)"))
            #expect(!victim.hasInput(within: 200))
            #expect(try killer.value("SELECT pg_cancel_backend(\(number(victim)))") == "t")
            let reply = try victim.receiveCycle()
            #expect(reply.state == "57014" && reply.status == "E", "\(reply)")
            try victim.query("ROLLBACK")
            #expect(try victim.value("SELECT 1") == "1")
        }

        @Test func itself() throws {
            for text in ["SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_terminate_backend(#)"] {
                for isExtended in [false, true] {
                    let client = try client()
                    let text = text.replacing("#", with: "\(number(client))")
                    try client.send(isExtended ? Frontend.extended(text) : Frontend.query(text))
                    let reply = try client.receiveToEnd()
                    #expect(reply.state == "57P01" && reply.rows.isEmpty && !reply.shape.contains("Z"), "\(reply)")
                }
            }
            let client = try client()
            try client.query("BEGIN")
            let reply = try client.query("SELECT pg_cancel_backend(pg_backend_pid())")
            #expect(reply.state == "57014" && reply.status == "E", "\(reply)")
            #expect(try client.query("SELECT 1").state == "25P02")
            try client.query("ROLLBACK")
            #expect(try client.value("SELECT 1") == "1")
        }

        @Test func rightsArePostgreSQLs() throws {
            let primary = try cluster().primary
            _ = try primary.sql(
                """
                CREATE ROLE stranger LOGIN; CREATE ROLE signaller LOGIN IN ROLE pg_signal_backend;
                CREATE ROLE member LOGIN IN ROLE app; CREATE ROLE chief LOGIN SUPERUSER
                """
            )
            defer { _ = try? primary.sql("DROP ROLE IF EXISTS stranger, signaller, member, chief") }
            // Ends the proxy's sessions first: no role is dropped from under them.
            let proxy = try HowdahProcess(cluster())
            defer { #expect(proxy.stop()) }
            for user in ["app", "stranger", "signaller", "member", "chief"] {
                for target in ["app", "chief"] {
                    for function in ["pg_cancel_backend", "pg_terminate_backend"] {
                        let aimed = try WireClient(port: proxy.port, user: target)
                        let other = try direct(user: target)
                        let (here, there) = (try WireClient(port: proxy.port, user: user), try direct(user: user))
                        for isExtended in [false, true] {
                            let what = "\(user) at \(target)"
                            func ask(_ client: WireClient, _ aimed: WireClient) throws -> WireReply {
                                if isExtended {
                                    return try client.extended("SELECT \(function)($1)", ["\(number(aimed))"])
                                }
                                return try client.query("SELECT \(function)(\(number(aimed)))")
                            }
                            let (found, expected) = (try ask(here, aimed), try ask(there, other))
                            guard let error = expected.errors.first else {
                                #expect(found.value == "t" && expected.value == "t", "\(what): \(found)")
                                break
                            }
                            let words: [Character] = ["S", "C", "M", "D", "H"]
                            #expect(
                                words.map { found.errors.first?.fields[$0] } == words.map { error.fields[$0] },
                                "\(what): \(found)"
                            )
                            #expect(found.state == "42501" && found.status == "I")
                        }
                    }
                }
            }
        }

        @Test func nobodysNumberIsNoProcess() throws {
            let client = try client()
            let gone = try Self.numberOfOneThatHasLeft()
            let text = "SELECT pg_terminate_backend(\(gone))"
            let reply = try client.query(text)
            #expect(reply.value == "f")
            #expect(try look(reply) == look(direct().query(text)))
            #expect("\(reply)".contains("PID \(gone) is not a PostgreSQL"), "\(reply)")
        }

        private static func numberOfOneThatHasLeft() throws -> UInt32 {
            let client = try EndToEnd.client()
            defer { client.close() }
            try client.send(Frontend.message("X"))
            _ = try? client.receiveToEnd()
            return client.processID.reduce(0) { $0 << 8 | UInt32($1) }
        }

        @Test func whoEndsItsOwnServerSeesTheEnd() throws {
            for isPinned in [false, true] {
                let client = try client(user: "postgres")
                if isPinned { try client.query("SELECT pg_advisory_lock(77)") }
                try client.send(
                    Frontend.query(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = pg_backend_pid()"
                    )
                )
                let reply = try client.receiveToEnd()
                #expect(reply.state == "57P01" && !reply.shape.contains("Z"), "\(reply)")
            }
        }
    }
}
