import PostgresWire
import ProxySimulation
import Testing

@testable import ProxyCore

/// What clients and servers could make grow without end.
struct BoundsTests {
    // MARK: Names of prepared statements

    @Test("client_statement_names: ever new names of one text", arguments: ["held", "without a server"])
    func names(kind: String) {
        converse(options: { $0.clientStatementNames = 10_000 }) { talk in
            let client = talk.client()
            client.sends("Parse a: UPDATE t SET x = 1", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.forget()
            if kind == "held" {
                client.sends("Query BEGIN", "Query UPDATE t SET x = 2")
                server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
                client.forget()
            }
            var refused = 0
            for number in 0..<30 {
                server.forget()
                client.sends("Parse \(number) \(String(repeating: "n", count: 1_000)): UPDATE t SET x = 1", "Sync")
                if server.received.contains(where: { $0.contains("howdah refuses") }) {
                    server.sends("Error 42601 howdah", kind == "held" ? "Ready E" : "Ready I")
                } else if !server.received.isEmpty {
                    server.sends(kind == "held" ? "Ready T" : "Ready I")
                }
                if client.received.first?.hasPrefix("Error 53400") == true { refused += 1 }
                client.forget()
                if refused == 1, kind == "held" { break }
            }
            #expect(refused == (kind == "held" ? 1 : 21))
            #expect(talk.engine.statements.nameBytes <= 10_000)
        }
    }

    @Test("Names that mean nothing any more make room")
    func namesComeBack() {
        converse(options: { $0.clientStatementNames = 10_000 }) { talk in
            let client = talk.client()
            client.sends("Parse a: UPDATE t SET x = 1", "Sync")
            talk.server(on: 0).sends("Parsed", "Ready I")
            client.forget()
            for number in 0..<100 {
                let name = "\(number) \(String(repeating: "n", count: 1_000))"
                client.sends("Parse \(name): UPDATE t SET x = 1", "Sync", "Close S \(name)", "Sync")
                client.gets("Parsed", "Ready I", "Closed", "Ready I")
            }
            client.vanishes()
            #expect(talk.engine.statements.nameBytes == 0)
        }
    }

    @Test("prepared_statement_memory: all clients' names count")
    func namesOfAll() {
        converse(options: { $0.preparedStatementMemory = 20_000 }) { talk in
            let first = talk.client()
            first.sends("Parse a: UPDATE t SET x = 1", "Sync")
            talk.server(on: 0).sends("Parsed", "Ready I")
            let words = (0..<40).map { _ -> String in
                let client = talk.client()
                client.sends("Parse \(String(repeating: "n", count: 1_000)): UPDATE t SET x = 1", "Sync")
                return client.received.first ?? ""
            }
            #expect(words.contains("Parsed"))
            #expect(words.last?.hasPrefix("Error 53200") == true)
            #expect(talk.engine.statements.nameBytes + talk.engine.statements.bytes <= 20_000)
        }
    }

    // MARK: Transactions that have not begun

    @Test("BEGIN with ever more SET TRANSACTION is kept in few words")
    func modes() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN ISOLATION LEVEL REPEATABLE READ")
            for _ in 0..<200 { client.sends("Query SET TRANSACTION DEFERRABLE", "Query SET TRANSACTION READ WRITE") }
            client.sends("Query SET TRANSACTION NOT DEFERRABLE")
            client.forget()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            let begin = server.received.first ?? ""
            #expect(begin.utf8.count < 1_200)
            #expect(begin.hasPrefix("Query BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE, DEFERRABLE"))
            #expect(begin.hasSuffix("NOT DEFERRABLE"))
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
        }
    }

    // MARK: Settings

    @Test("A transaction that changes more settings than are followed keeps its server")
    func manySettings() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET a.b = '0'")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            for number in 1...SettingsJournal.mostEntries + 50 {
                client.sends("Query SET a.b\(number) = 'x'")
                server.sends("Complete SET", "Ready T")
            }
            client.sends("Query COMMIT")
            server.sends("Complete COMMIT", "Ready I")
            #expect(client.received.last == "Ready I")
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            #expect(talk.openServers(on: 0).count == 2)
            client.sends("Query SHOW howdah.route")
            #expect(client.received.contains("Row n0 (primary): the session is pinned") || client.received.count > 0)
        }
    }

    @Test("A setting too long to travel keeps its session on its server")
    func longSetting() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET a.b = '\(String(repeating: "x", count: 20_000))'")
            let server = talk.server(on: 0)
            server.completes("SET")
            client.gets("Complete SET", "Ready I")
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            #expect(talk.openServers(on: 0).count == 2)
        }
    }

    // MARK: Statements on servers

    @Test("server_prepared_statements holds for a pinned client as well")
    func statementsOfPinned() {
        converse(options: { $0.serverPreparedStatements = 5 }, pool: { $0.mode = .session }) { talk in
            let client = talk.client()
            for number in 0..<20 {
                client.sends("Parse s\(number): UPDATE t SET x = \(number)", "Sync")
                let server = talk.server(on: 0)
                let closed = server.received.count { $0.hasPrefix("Close S howdah_") }
                #expect(closed == (number < 6 ? 0 : 1), "\(number)")
                server.forget()
                server.sends(
                    bytes: (Array(repeating: "Closed", count: closed) + ["Parsed", "Ready I"]).flatMap {
                        WireMessage(backend: $0).bytes
                    }
                )
                client.gets("Parsed", "Ready I")
            }
        }
    }

    @Test("One batch does not prepare without end")
    func statementsOfOneBatch() {
        converse(options: { $0.serverPreparedStatements = 2 }) { talk in
            let client = talk.client()
            for number in 0..<30 { client.sends("Parse s\(number): UPDATE t SET x = \(number)") }
            let server = talk.server(on: 0)
            #expect(server.received.count { $0.hasPrefix("Parse howdah_") } == 20)
            server.sends(bytes: Array(repeating: "Parsed", count: 20).flatMap { WireMessage(backend: $0).bytes })
            server.sends("Error 42601 howdah")
            #expect(client.received.last?.hasPrefix("Error 53400 too many prepared statements") == true)
            client.sends("Sync")
            server.sends("Ready I")
            #expect(client.received.last == "Ready I")
        }
    }

    // MARK: Servers that send nonsense

    @Test(
        "What must be gathered of a server has a length by its kind",
        arguments: ["1", "2", "3", "n", "Z", "C", "S", "K", "t", "A", "I", "s", "G", "W", "N", "?"]
    )
    func longReplies(tag: Character) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Bind <- ()", "Execute", "Sync")
            let server = talk.openServers().first { !$0.received.isEmpty } ?? talk.server(on: 1)
            let isPassedOn = tag == "N"
            server.sends(bytes: [tag.asciiValue ?? 0, 0x40, 0, 0, 0, 1, 2, 3])
            #expect(server.isClosed == !isPassedOn)
            #expect(talk.engine.buffers.bytesInUse < 100_000)
        }
    }
}
