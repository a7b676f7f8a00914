import ProxySimulation
import StatementRouting
import Testing

@testable import ProxyCore

/// The number that a client was told is its process wherever it asks, and wherever others mean it by it.
struct ProcessNumberTests {
    private func number(_ client: ScriptedClient) -> UInt32 { client.key?.processID ?? 0 }
    private func told(_ client: ScriptedClient) -> String { "(SELECT \(number(client)) AS pg_backend_pid)" }

    // MARK: pg_backend_pid()

    @Test("A Query is sent with the client's number")
    func query() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_backend_pid()")
            talk.server(on: 1).gets("Query SELECT \(told(client))")
            talk.server(on: 1).answers("\(number(client))")
            client.gets("Columns v", "Row \(number(client))", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("What shows servers' processes is sent as it is")
    func serversOwn() {
        converse { talk in
            let client = talk.client()
            let text = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            client.sends("Query \(text)")
            talk.server(on: 0).gets("Query \(text)")
            talk.server(on: 0).answers("1")
            client.sends("Parse : \(text)", "Bind <-  ()", "Execute", "Sync")
            talk.server(on: 0).gets("Parse : \(text)", "Bind <- ()", "Execute", "Sync")
        }
    }

    @Test("A prepared statement is shared as it was written, and run with each client's own number")
    func prepared() {
        converse(nodes: 1) { talk in
            let (first, second) = (talk.client(), talk.client())
            let text = "SELECT pg_backend_pid(), 1"
            first.sends("Parse a: \(text)", "Describe S a", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse howdah_0000000001: \(text)", "Describe S howdah_0000000001", "Sync")
            server.sends("Parsed", "Parameters", "Columns pg_backend_pid,?column?", "Ready I")
            first.forget()
            second.sends("Parse b: \(text)", "Bind <- b ()", "Describe P ", "Execute", "Sync")
            server.gets(
                "Parse howdah_0000000002: SELECT \(told(second)), 1",
                "Bind <- howdah_0000000002 ()",
                "Describe P",
                "Execute",
                "Sync"
            )
            server.sends(
                "Parsed",
                "Bound",
                "Columns pg_backend_pid,?column?",
                "Row \(number(second)),1",
                "Complete SELECT 1",
                "Ready I"
            )
            second.gets(
                "Parsed",
                "Bound",
                "Columns pg_backend_pid,?column?",
                "Row \(number(second)),1",
                "Complete SELECT 1",
                "Ready I"
            )
            first.sends("Bind <- a ()", "Execute", "Sync")
            server.gets(
                "Parse howdah_0000000003: SELECT \(told(first)), 1",
                "Bind <- howdah_0000000003 ()",
                "Execute",
                "Sync"
            )
            server.sends("Parsed", "Bound", "Row \(number(first)),1", "Complete SELECT 1", "Ready I")
            first.gets("Bound", "Row \(number(first)),1", "Complete SELECT 1", "Ready I")
            // Each has its own now.
            second.sends("Bind <- b ()", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000002 ()", "Execute", "Sync")
        }
    }

    @Test("EXECUTE of what PREPARE has made tells the client's number")
    func preparedBySQL() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Parse p: SELECT pg_backend_pid()", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            server.forget()
            client.forget()
            client.sends("Query EXECUTE p")
            server.gets(
                "Parse howdah_0000000002: SELECT \(told(client))",
                "Sync",
                "Query EXECUTE howdah_0000000002"
            )
        }
    }

    @Test("So does an argument of EXECUTE, and positions in errors are those of the client's text")
    func argumentOfExecute() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Parse p: SELECT $1", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            server.forget()
            client.forget()
            client.sends("Query EXECUTE p(pg_backend_pid())")
            server.gets("Query EXECUTE howdah_0000000001(\(number(client))::pg_catalog.int4)")
            server.answers("\(number(client))")
            client.forget()
            client.sends("Parse : EXECUTE p(pg_backend_pid())", "Bind <- ()", "Execute", "Sync")
            server.gets(
                "Parse : EXECUTE howdah_0000000001(\(number(client))::pg_catalog.int4)",
                "Bind <- ()",
                "Execute",
                "Sync"
            )
        }
    }

    @Test("Positions in errors are those of the client's text")
    func positions() {
        let text = Array("SELECT 'ä', pg_backend_pid(), oops, pg_backend_pid(), ouch".utf8)
        let found = ProcessCalls.replacements(in: text.span.bytes, number: 5_000_000, standardConformingStrings: true)
        let places = ExchangedPlace.places(found, in: text.span.bytes)
        let sent = "SELECT 'ä', (SELECT 5000000 AS pg_backend_pid), oops, (SELECT 5000000 AS pg_backend_pid), ouch"
        #expect(String(decoding: ProcessCalls.apply(found, to: text.span.bytes), as: UTF8.self) == sent)
        let whole = String(decoding: text, as: UTF8.self)
        for word in ["SELECT 'ä'", "oops", "ouch"] {
            let there = sent.distance(from: sent.startIndex, to: sent.firstRange(of: word)!.lowerBound) + 1
            let here = whole.distance(from: whole.startIndex, to: whole.firstRange(of: word)!.lowerBound) + 1
            #expect(ExchangedPlace.position(there, places) == here, "\(word)")
        }
        // Inside of what was put in: the call that it stands for.
        #expect(ExchangedPlace.position(20, places) == 13)
    }

    // MARK: Signals

    @Test("Another client is ended when the server has allowed it")
    func terminates() {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            client.sends("Query SELECT pg_terminate_backend(\(number(other)))")
            let server = talk.server(on: 0)
            #expect(server.received.count == 1 && server.received[0].contains("pg_signal_backend"))
            other.getsNothing()
            server.answers("t")
            client.gets("Columns v", "Row t", "Complete SELECT 1", "Ready I")
            other.gets("Fatal 57P01 terminating connection due to administrator command")
            #expect(other.isClosed && !client.isClosed)
        }
    }

    @Test("A row that is not true signals nobody, also where it comes in pieces", arguments: ["f", "t"])
    func notTrue(value: String) {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            talk.chunk = 3
            client.sends("Query SELECT pg_terminate_backend(\(number(other)), NULL::bigint)")
            client.sends("Query SELECT pg_terminate_backend(\(number(other)), 5)")
            talk.server(on: 0).forget()
            talk.server(on: 0).answers("f")
            talk.server(on: 0).answers(value)
            talk.settle()
            #expect(other.isClosed == (value == "t"))
        }
    }

    @Test("Its transaction is rolled back, and its server kept")
    func terminatesInTransaction() {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            other.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let held = talk.server(on: 0)
            held.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            held.forget()
            other.forget()
            client.sends("Query SELECT pg_terminate_backend(\(number(other)), 1000)")
            let server = talk.openServers(on: 0).last!
            #expect(server !== held)
            server.answers("t")
            other.gets("Fatal 57P01 terminating connection due to administrator command")
            held.gets("Query ROLLBACK")
            held.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 2)
        }
    }

    @Test("A value that is bound means the same, and the client's statement stays as it is", arguments: [false, true])
    func bound(isNamed: Bool) {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            let name = isNamed ? "s" : ""
            client.sends("Parse \(name): SELECT pg_cancel_backend($1)", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            server.forget()
            client.forget()
            // A server's.
            client.sends("Bind <- \(name) (4711)", "Execute", "Sync")
            #expect(server.received.first?.hasPrefix("Bind <-") == true, "\(server.received)")
            server.sends("Bound", "Row f", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row f", "Complete SELECT 1", "Ready I")
            server.forget()
            // A client's: another statement is bound in its place.
            client.sends("Bind <- \(name) (\(number(other)))", "Execute", "Sync")
            #expect(server.received.first?.contains("($1::pg_catalog.int4) IS NOT NULL") == true, "\(server.received)")
            server.sends("Parsed", "Bound", "Row t", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row t", "Complete SELECT 1", "Ready I")
            // It runs nothing that could be cancelled.
            other.getsNothing()
            #expect(!other.isClosed && talk.cancels.isEmpty)
        }
    }

    @Test("A cancel reaches the server that runs the other's statement")
    func cancels() {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            other.sends("Query UPDATE t SET x = 1")
            let busy = talk.server(on: 0)
            client.sends("Parse : SELECT pg_cancel_backend($1)", "Bind <-  (\(number(other)))", "Execute", "Sync")
            let server = talk.openServers(on: 0).last!
            #expect(server !== busy)
            #expect(server.received.count == 5, "\(server.received)")
            #expect(server.received[0] == "Parse : SELECT pg_cancel_backend($1)")
            #expect(server.received[1].contains("($1::pg_catalog.int4) IS NOT NULL"))
            #expect(talk.cancels.isEmpty)
            server.sends("Parsed", "Parsed", "Bound", "Row t", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row t", "Complete SELECT 1", "Ready I")
            #expect(talk.cancels.count == 1 && talk.cancels.first?.asks(for: busy) == true)
            other.getsNothing()
        }
    }

    @Test("A client that ends itself sees the end and nothing else", arguments: [false, true])
    func terminatesItself(byNumber: Bool) {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_terminate_backend(\(byNumber ? "\(number(client))" : "pg_backend_pid()"))")
            talk.server(on: 0).answers("t")
            client.gets("Columns v", "Fatal 57P01 terminating connection due to administrator command")
            #expect(client.isClosed)
        }
    }

    @Test("A client that cancels itself gets 57014 for that statement, as its transaction does")
    func cancelsItself() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_cancel_backend(pg_backend_pid())")
            let server = talk.server(on: 0)
            server.sends("Columns v", "Error 2201E cannot take logarithm of zero", "Ready I")
            client.gets("Columns v", "Error 57014 canceling statement due to user request", "Ready I")
            #expect(talk.cancels.isEmpty)
        }
    }

    @Test(
        "What the server does not allow is told in PostgreSQL's words",
        arguments: [
            (
                "pg_terminate_backend", "22012", "terminate process",
                "Only roles with the SUPERUSER attribute may terminate"
            ),
            (
                "pg_terminate_backend", "2201F", "terminate process",
                "Only roles with privileges of the role whose process"
            ),
            ("pg_cancel_backend", "22012", "cancel query", "Only roles with the SUPERUSER attribute may cancel"),
            ("pg_cancel_backend", "2201F", "cancel query", "Only roles with privileges of the role whose query"),
        ]
    )
    func isDenied(function: String, state: String, what: String, detail: String) {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client(user: "admin"))
            client.sends("Query SELECT \(function)(\(number(other)))")
            let server = talk.openServers(on: 0).first { !$0.received.isEmpty }
            server?.sends("Columns v", "Error \(state) not for the client", "Ready I")
            talk.settle()
            #expect(client.received == ["Columns v", "Error 42501 permission denied to \(what)", "Ready I"])
            let words = client.messages.first { $0.letter == "E" }.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(words?.contains(detail) == true, "\(words ?? "")")
            other.getsNothing()
            #expect(!other.isClosed)
        }
    }

    @Test("Numbers that no client has are a server's business")
    func nobody() {
        converse(nodes: 1) { talk in
            let (client, gone) = (talk.client(), talk.client())
            let number = number(gone)
            gone.vanishes()
            for text in ["SELECT pg_terminate_backend(\(number))", "SELECT pg_terminate_backend(4711)"] {
                client.sends("Query \(text)")
                talk.server(on: 0).gets("Query \(text)")
                talk.server(on: 0).answers("f")
                client.gets("Columns v", "Row f", "Complete SELECT 1", "Ready I")
            }
        }
    }

    @Test("The end of the server that a client ends by its own statement is the client's")
    func endsItsServer() {
        converse(nodes: 1) { talk in
            let (client, other) = (talk.client(), talk.client())
            let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app'"
            client.sends("Query \(text)")
            let server = talk.server(on: 0)
            server.gets("Query \(text)")
            server.sends("Columns v", "Fatal 57P01 terminating connection due to administrator command")
            client.gets("Columns v", "Fatal 57P01 terminating connection due to administrator command")
            #expect(client.isClosed)
            other.sends("Query UPDATE t SET x = 1")
            talk.openServers(on: 0).last!.gets("Query UPDATE t SET x = 1")
        }
    }

    @Test("A server that somebody else ends is no end of its client")
    func serverEndedByOthers() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Fatal 57P01 terminating connection due to administrator command")
            server.vanishes()
            talk.settle()
            #expect(client.received.first?.hasPrefix("Error 08007") == true, "\(client.received)")
            #expect(!client.isClosed)
        }
    }
}
