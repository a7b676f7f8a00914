import ProxySimulation
import Testing

@testable import ProxyCore

/// Commands of Howdah's own where they do not stand alone.
struct OwnCommandTests {
    private static let route =
        "SELECT 'n0 (primary): INSERT, UPDATE, DELETE, MERGE or TRUNCATE'::pg_catalog.text"
        + " AS \"howdah.route\""

    private func tellPosition(_ talk: Conversation, nodes: Int = 2) {
        let position = SessionPosition(position: WALPosition(rawValue: 0x3000), timeline: 1)
        let sample = PrimarySample(number: 1_000, position: position)
        talk.engine.freshnessReported(
            FreshnessReport(nodes: Array(repeating: NodeFreshness(), count: nodes), newest: sample)
        )
        talk.settle()
    }

    // MARK: SHOW

    @Test("In one batch behind a write, SHOW is answered in its place")
    func inBatch() {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Parse : INSERT INTO t VALUES (1)",
                "Bind <- ()",
                "Execute",
                "Parse : SHOW howdah.route",
                "Bind <- ()",
                "Describe P",
                "Execute",
                "Sync"
            )
            let server = talk.server(on: 0)
            server.gets(
                "Parse : INSERT INTO t VALUES (1)",
                "Bind <- ()",
                "Execute",
                "Parse : \(Self.route)",
                "Bind <- ()",
                "Describe P",
                "Execute",
                "Sync"
            )
            server.sends(
                "Parsed",
                "Bound",
                "Complete INSERT 0 1",
                "Parsed",
                "Bound",
                "Columns howdah.route",
                "Row n0",
                "Complete SELECT 1",
                "Ready I"
            )
            client.gets(
                "Parsed",
                "Bound",
                "Complete INSERT 0 1",
                "Parsed",
                "Bound",
                "Columns howdah.route",
                "Row n0",
                "Complete SELECT 1",
                "Ready I"
            )
        }
    }

    @Test("A statement that is only described is told by the column that is shown")
    func described() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse a: SHOW howdah.position", "Describe S a", "Parse b: SELECT 1", "Sync")
            tellPosition(talk)
            let words = talk.openServers().flatMap(\.received).joined(separator: "\n")
            #expect(words.contains("::pg_catalog.text AS \"howdah.position\"\nDescribe S "))
        }
    }

    @Test("In a text of several statements, too, and positions in errors are those of the client's text")
    func inText() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1; SHOW howdah.route; SHOW howdah.read_your_writes; SELECT oops")
            let server = talk.server(on: 0)
            server.gets(
                "Query UPDATE t SET x = 1; \(Self.route);"
                    + " SELECT 'eventual'::pg_catalog.text AS \"howdah.read_your_writes\"; SELECT oops"
            )
            server.sends("Complete UPDATE 1", "Error 42703 oops", "Ready I")
            client.gets("Complete UPDATE 1", "Error 42703 oops", "Ready I")
        }
    }

    @Test("The position is waited for where nothing in front may write")
    func position() {
        converse { talk in
            let client = talk.client()
            for words in [
                ["Query SELECT 1; SHOW howdah.position"],
                [
                    "Parse : SELECT 1", "Bind <- ()", "Execute", "Parse : SHOW howdah.position", "Bind <- ()",
                    "Execute", "Sync",
                ],
            ] {
                client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
                #expect(talk.openServers(on: 1).allSatisfy { !$0.received.joined().contains("SELECT 1") })
                tellPosition(talk)
                let server = talk.server(on: 1)
                #expect(server.received.joined().contains("SELECT '0/3000@1'::pg_catalog.text AS \"howdah.position\""))
                server.forget()
                if words.count == 1 {
                    server.sends(
                        "Columns v",
                        "Row 1",
                        "Complete SELECT 1",
                        "Columns v",
                        "Row 0",
                        "Complete SELECT 1",
                        "Ready I"
                    )
                } else {
                    server.sends(
                        "Parsed",
                        "Bound",
                        "Row 1",
                        "Complete SELECT 1",
                        "Parsed",
                        "Bound",
                        "Row 0",
                        "Complete SELECT 1",
                        "Ready I"
                    )
                }
                talk.settle()
                #expect(client.received.last == "Ready I")
                client.forget()
            }
        }
    }

    private static let unknownYet = "Error 0A000 howdah.position cannot be shown together with what may write"

    @Test("Behind a write it is not known yet: nothing is sent")
    func positionOfWrite() {
        converse { talk in
            let client = talk.client()
            client.sends("Query INSERT INTO t VALUES (1); SHOW howdah.position")
            let error = client.getsError(Self.unknownYet, ready: "I")
            #expect(error?.field("H")?.contains("of its own") == true)
            client.sends(
                "Parse : INSERT INTO t VALUES (1)",
                "Bind <- ()",
                "Execute",
                "Parse : SHOW howdah.position",
                "Bind <- ()",
                "Execute",
                "Sync"
            )
            client.gets(Self.unknownYet, "Ready I")
            talk.server(on: 0).getsNothing()
        }
    }

    @Test("Where the write has been sent already, the batch fails by it")
    func positionOfWriteSent() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : INSERT INTO t VALUES (1)", "Bind <- ()", "Execute", "Flush")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "Complete INSERT 0 1")
            client.gets("Parsed", "Bound", "Complete INSERT 0 1")
            server.forget()
            client.sends("Parse : SHOW howdah.position", "Bind <- ()", "Execute", "Sync")
            server.gets(
                "Parse : SELECT ''::pg_catalog.text AS \"howdah.position\"",
                "Parse : howdah refuses this message",
                "Execute",
                "Sync"
            )
            server.sends("Parsed", "Error 42601 syntax error", "Ready I")
            client.gets("Parsed", Self.unknownYet, "Ready I")
        }
    }

    @Test("Nor is what an earlier batch has shown the position of a write whose batch comes in parts")
    func notThatOfAnEarlierBatch() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1; SHOW howdah.position")
            tellPosition(talk, nodes: 1)
            let server = talk.server(on: 0)
            server.sends(
                "Columns v",
                "Row 1",
                "Complete SELECT 1",
                "Columns v",
                "Row 0",
                "Complete SELECT 1",
                "Ready I"
            )
            client.forget()
            client.sends("Parse : INSERT INTO t VALUES (1)", "Bind <- ()", "Execute")
            server.forget()
            client.sends("Parse : SHOW howdah.position", "Bind <- ()", "Execute", "Sync")
            server.gets(
                "Parse : SELECT ''::pg_catalog.text AS \"howdah.position\"",
                "Parse : howdah refuses this message",
                "Execute",
                "Sync"
            )
            server.sends(
                "Parsed",
                "Bound",
                "Complete INSERT 0 1",
                "Parsed",
                "Error 42601 syntax error",
                "Ready I"
            )
            client.gets("Parsed", "Bound", "Complete INSERT 0 1", "Parsed", Self.unknownYet, "Ready I")
        }
    }

    // MARK: What must stand alone

    private static let alone = "Error 0A000 this command of Howdah's own cannot stand among other statements"

    @Test(
        "What only Howdah can do is refused among others, before anything is sent",
        arguments: [
            ["Query SET howdah.route = 'primary'; SELECT 1"], ["Query SELECT 1; RESET howdah.read_your_writes"],
            ["Query SELECT 2; EXPLAIN ROUTE SELECT 1"], ["Query EXPLAIN ROUTE SELECT 1; SELECT 2"],
            ["Query SELECT 2; SHOW howdah.nonsense"],
            [
                "Parse : SELECT 1", "Bind <- ()", "Execute", "Parse : SET howdah.route = 'primary'", "Bind <- ()",
                "Execute", "Sync",
            ],
            [
                "Parse : EXPLAIN ROUTE SELECT 1", "Bind <- ()", "Execute", "Parse : SELECT 1", "Bind <- ()",
                "Execute", "Sync",
            ],
        ]
    )
    func refused(words: [String]) {
        converse { talk in
            let client = talk.client()
            client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
            client.gets(Self.alone, "Ready I")
            talk.server(on: 0).getsNothing()
            // In a transaction that is not open yet it fails that.
            client.sends("Query BEGIN")
            client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
            client.gets("Complete BEGIN", "Ready T", Self.alone, "Ready E")
        }
    }

    @Test(
        "In a transaction that is open it is refused in its place, and the transaction has failed",
        arguments: [
            ["Query SET howdah.route = 'primary'; SELECT 1"],
            ["Query SELECT 2; EXPLAIN ROUTE SELECT 1"], ["Query SELECT set_config('howdah.route', 'primary', false)"],
        ]
    )
    func refusedInOpen(words: [String]) {
        converse { talk in
            let client = talk.client()
            let server = open(talk, client)
            client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
            server.gets("Parse : howdah refuses this message", "Sync")
            server.sends("Error 42601 syntax error", "Ready E")
            talk.settle()
            #expect(client.received.first?.hasPrefix("Error 0A000 ") == true)
            #expect(client.received.last == "Ready E")
            client.forget()
            client.sends("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("set_config of a setting of Howdah's is refused, wherever its name stands")
    func setByFunction() {
        converse { talk in
            let client = talk.client()
            let error = "Error 0A000 set_config() does not set Howdah's own settings"
            for words in [
                ["Query SELECT set_config('howdah.route', 'primary', false)"],
                ["Query SELECT 1 + length(set_config('Howdah.Route', 'primary', false))"],
            ] {
                client.sends(bytes: words.flatMap { WireMessage(frontend: $0).bytes })
                talk.openServers().filter { !$0.received.isEmpty }.forEach { server in
                    server.gets("Parse : howdah refuses this message", "Sync")
                    server.sends("Error 42601 syntax error", "Ready I")
                }
                client.gets(error, "Ready I")
            }
            client.sends(
                "Parse : SELECT set_config($1, $2, false)",
                "Bind <- (howdah.route,primary)",
                "Execute",
                "Sync"
            )
            let server = talk.openServers().first { !$0.received.isEmpty }
            server?.gets(
                "Parse : SELECT set_config($1, $2, false)",
                "Parse : howdah refuses this message",
                "Execute",
                "Sync"
            )
            server?.sends("Parsed", "Error 42601 syntax error", "Ready I")
            client.gets("Parsed", error, "Ready I")
            // A value is not a name.
            client.sends("Query SELECT set_config('app.note', 'howdah.route', false)")
            #expect(talk.openServers().contains { $0.received.joined().contains("'app.note'") })
        }
    }

    // MARK: Failed transactions

    private func open(_ talk: Conversation, _ client: ScriptedClient) -> ScriptedServer {
        client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
        let server = talk.server(on: 0)
        server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
        talk.settle()
        client.forget()
        server.forget()
        return server
    }

    @Test("A failed transaction refuses them as anything else")
    func inFailed() {
        converse { talk in
            let client = talk.client()
            let server = open(talk, client)
            client.sends("Query SELECT 1/0")
            server.sends("Error 22012 division by zero", "Ready E")
            client.gets("Error 22012 division by zero", "Ready E")
            server.forget()
            let failed =
                "Error 25P02 current transaction is aborted, commands ignored until end of transaction block"
            for text in ["SHOW howdah.route", "SET howdah.route = 'primary'", "EXPLAIN ROUTE SELECT 1"] {
                client.sends("Query \(text)")
                client.gets(failed, "Ready E")
                client.sends("Parse : \(text)", "Bind <- ()", "Execute", "Sync")
                client.gets(failed, "Ready E")
            }
            server.getsNothing()
        }
    }

    @Test("An error of the proxy's own fails the transaction that a server has open")
    func ownErrorInOpen() {
        converse { talk in
            let client = talk.client()
            let server = open(talk, client)
            client.sends("Query SET howdah.route = 'nowhere'", "Query SELECT 1")
            client.gets("Error 22023 invalid value for parameter \"howdah.route\": \"nowhere\"", "Ready E")
            server.gets("Parse : howdah has refused a statement of this transaction", "Sync", "Query SELECT 1")
            server.sends("Error 42601 syntax error", "Ready E", "Error 25P02 current transaction is aborted", "Ready E")
            client.gets("Error 25P02 current transaction is aborted", "Ready E")
        }
    }
}
