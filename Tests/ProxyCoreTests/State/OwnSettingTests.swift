import ProxySimulation
import Testing

@testable import ProxyCore

/// `howdah.route` and its like begin, change, end and are reset as settings of PostgreSQL are.
struct OwnSettingTests {
    private func value(_ client: ScriptedClient, _ name: String = "read_your_writes") -> String {
        client.forget()
        client.sends("Query SHOW howdah.\(name)")
        defer { client.forget() }
        return client.received.dropFirst().first.map { String($0.dropFirst(4)) } ?? "nothing"
    }

    @Test(
        "The start-up packet sets them, and RESET, RESET ALL and DISCARD ALL return to that",
        arguments: ["RESET howdah.read_your_writes", "RESET ALL", "DISCARD ALL", "SELECT 1; CLOSE ALL; RESET ALL"]
    )
    func start(reset: String) {
        converse { talk in
            let client = talk.client([
                "options": "-c howdah.read_your_writes=global", "howdah.transaction_reads": "primary",
            ])
            #expect(value(client) == "global")
            client.sends("Query SET howdah.read_your_writes = 'session'")
            #expect(value(client) == "session")
            client.sends("Query \(reset)")
            if let server = talk.openServers().first(where: { $0.received.last == "Query \(reset)" }) {
                for part in reset.split(separator: "; ") { server.sends("Complete \(part)") }
                server.sends("Ready I")
            }
            #expect(value(client) == "global")
        }
    }

    @Test("The route, too")
    func startRoute() {
        converse { talk in
            let client = talk.client(["howdah.route": "Primary"])
            client.sends("Query SELECT 1")
            talk.server(on: 0).gets("Query SELECT 1")
        }
    }

    @Test(
        "A start-up packet with a wrong one is refused",
        arguments: [
            ("howdah.route", "x", "Fatal 22023 invalid value for parameter \"howdah.route\": \"x\""),
            ("howdah.position", "x", "Fatal 22023 invalid value for parameter \"howdah.position\": \"x\""),
            ("options", "-c howdah.nosuch=1", "Fatal 42704 unrecognized configuration parameter \"howdah.nosuch\""),
        ]
    )
    func wrongStart(name: String, value: String, error: String) {
        converse { talk in
            let client = talk.client(KeyValuePairs(dictionaryLiteral: (name, value)))
            #expect(client.received.last == error)
            #expect(client.isClosed)
        }
    }

    /// What a transaction does, on a server or before any knows of it, and what is left behind it.
    private static let transactions: [([String], String)] = [
        (["SET LOCAL howdah.read_your_writes = 'global'", "COMMIT"], "eventual"),
        (["SET LOCAL howdah.read_your_writes = 'global'", "ROLLBACK"], "eventual"),
        (["SET howdah.read_your_writes = 'global'", "COMMIT"], "global"),
        (["SET howdah.read_your_writes = 'global'", "ROLLBACK"], "eventual"),
        (
            ["SET howdah.read_your_writes = 'session'", "SET LOCAL howdah.read_your_writes = 'global'", "COMMIT"],
            "session"
        ),
        (["SET LOCAL howdah.route = 'primary'", "SET howdah.read_your_writes = 'global'", "COMMIT"], "global"),
        (["SET howdah.read_your_writes = 'global'", "ROLLBACK AND CHAIN"], "eventual"),
        (["SET LOCAL howdah.read_your_writes = 'global'", "COMMIT AND CHAIN"], "eventual"),
        (["SET howdah.read_your_writes = 'global'", "SELECT 1/0", "COMMIT"], "eventual"),
    ]

    @Test("SET LOCAL ends with the transaction, and ROLLBACK undoes SET", arguments: transactions, [true, false])
    func inTransaction(done: ([String], String), isOnServer: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            var server: ScriptedServer?
            func begin() {
                client.sends("Query UPDATE t SET x = 1")
                server = talk.server(on: 0)
                server?.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
                server?.forget()
            }
            if isOnServer { begin() }
            for text in done.0 {
                if text.hasPrefix("SELECT"), server == nil { begin() }
                client.sends("Query \(text)")
                guard let server, !server.received.isEmpty else { continue }
                server.gets("Query \(text)")
                if text.hasPrefix("SELECT") {
                    server.sends("Error 22012 division by zero", "Ready E")
                } else {
                    let isRolledBack = text.hasPrefix("ROLLBACK") || done.0.contains("SELECT 1/0")
                    server.completes(isRolledBack ? "ROLLBACK" : "COMMIT", text.hasSuffix("CHAIN") ? "T" : "I")
                }
            }
            if done.0.last?.hasSuffix("CHAIN") != true { #expect(client.received.last == "Ready I") }
            #expect(value(client) == done.1)
        }
    }

    @Test(
        "What a transaction has set holds by its end, whatever follows that in the same text",
        arguments: [
            ("COMMIT; SELECT 1/0", ["Complete COMMIT", "Error 22012 division by zero", "Ready I"], "global"),
            ("COMMIT; BEGIN", ["Complete COMMIT", "Complete BEGIN", "Ready T"], "global"),
            ("ROLLBACK; BEGIN", ["Complete ROLLBACK", "Complete BEGIN", "Ready T"], "eventual"),
            (
                "ROLLBACK; SELECT 1", ["Complete ROLLBACK", "Columns v", "Row 1", "Complete SELECT 1", "Ready I"],
                "eventual"
            ),
            ("ROLLBACK TO s; COMMIT", ["Complete ROLLBACK", "Complete COMMIT", "Ready I"], "global"),
        ]
    )
    func endAmongOthers(text: String, replies: [String], expected: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SAVEPOINT s")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete SAVEPOINT", "Ready T")
            client.sends("Query SET howdah.read_your_writes = 'global'", "Query \(text)")
            for reply in replies { server.sends(reply) }
            #expect(value(client) == expected)
        }
    }

    @Test("In the transaction they hold at once")
    func holdsAtOnce() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET LOCAL howdah.read_your_writes = 'global'")
            client.gets("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            #expect(value(client) == "global")
        }
    }

    @Test("SET LOCAL outside of a transaction warns, and does nothing")
    func localOutside() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET LOCAL howdah.route = 'primary'")
            client.gets("Notice 25P01 SET LOCAL can only be used in transaction blocks", "Complete SET", "Ready I")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
        }
    }

    @Test("A transaction that is lost with its server has undone them, too")
    func lost() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.sends("Query SET howdah.read_your_writes = 'global'")
            talk.server(on: 0).vanishes()
            client.sends("Query SELECT 1", "Query ROLLBACK")
            #expect(client.received.last == "Ready I")
            #expect(value(client) == "eventual")
        }
    }

    @Test("SET LOCAL of a position is refused")
    func localPosition() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET LOCAL howdah.position = '0/1@1'")
            client.gets(
                "Complete BEGIN",
                "Ready T",
                "Error 0A000 SET LOCAL howdah.position is not supported",
                "Ready E"
            )
        }
    }
}
