import PostgresWire
import ProxyCore
import ProxySimulation
import ProxyTerms
import Testing

/// Prepared statements: a client's names, the proxy's names on servers, and what becomes of both (PostgreSQL
/// documentation, 55.2.3).
struct PreparedStatementTests {
    /// Prepares `text` under `name` on the server of a node.
    private func prepare(_ client: ScriptedClient, _ name: String, _ text: String, on node: Int, as serverName: String)
    {
        client.sends("Parse \(name): \(text)", "Sync")
        let server = client.talk.server(on: node)
        server.gets("Parse \(serverName): \(text)", "Sync")
        server.sends("Parsed", "Ready I")
        client.gets("Parsed", "Ready I")
    }

    @Test("Equal statements of two clients are one on the server")
    func shared() {
        converse { talk in
            let first = talk.client()
            let second = talk.client()
            prepare(first, "a", "SELECT 1", on: 1, as: "howdah_0000000001")
            second.sends("Parse b: SELECT 1", "Bind <- b ()", "Execute", "Sync")
            let server = talk.server(on: 1)
            server.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            server.sends("Bound", "Row 1", "Complete SELECT 1", "Ready I")
            second.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A server that lacks the statement is given it in front of the Bind")
    func brought() {
        converse(nodes: 3, pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT 1", "Sync")
            guard let first = talk.openServers().first(where: { !$0.received.isEmpty }) else {
                Issue.record("nobody got it")
                return
            }
            first.gets("Parse howdah_0000000001: SELECT 1", "Sync")
            first.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Query BEGIN", "Bind <- s ()", "Execute", "Sync")
            let primary = talk.server(on: 0)
            primary.gets(
                "Query BEGIN",
                "Parse howdah_0000000001: SELECT 1",
                "Bind <- howdah_0000000001 ()",
                "Execute",
                "Sync"
            )
            primary.sends(
                "Complete BEGIN",
                "Ready T",
                "Parsed",
                "Bound",
                "Row 1",
                "Complete SELECT 1",
                "Ready T"
            )
            client.gets("Complete BEGIN", "Ready T", "Bound", "Row 1", "Complete SELECT 1", "Ready T")
        }
    }

    @Test("A brought statement that the server refuses fails the message that needed it")
    func broughtInVain() {
        converse { talk in
            let client = talk.client()
            prepare(client, "s", "SELECT x FROM t", on: 1, as: "howdah_0000000001")
            client.sends("Query BEGIN", "Bind <- s ()", "Execute", "Sync")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Error 42P01 relation \"t\" does not exist", "Ready E")
            client.gets("Complete BEGIN", "Ready T", "Error 42P01 relation \"t\" does not exist", "Ready E")
            client.sends("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            // It is tried anew the next time.
            server.forget()
            client.sends("Query BEGIN", "Bind <- s ()", "Sync")
            server.gets(
                "Query BEGIN",
                "Parse howdah_0000000001: SELECT x FROM t",
                "Bind <- howdah_0000000001 ()",
                "Sync"
            )
        }
    }

    @Test("Other parameter types are another statement")
    func parameterTypes() {
        converse { talk in
            let client = talk.client()
            prepare(client, "a", "SELECT $1", on: 1, as: "howdah_0000000001")
            var builder = MessageBuilder()
            builder.parse(name: "b", text: "SELECT $1", types: [23])
            builder.sync()
            client.sends(bytes: builder.bytes)
            talk.server(on: 1).gets("Parse howdah_0000000002: SELECT $1", "Sync")
        }
    }

    @Test("Close is answered by the proxy, and the server keeps the statement for others")
    func close() {
        converse { talk in
            let client = talk.client()
            prepare(client, "s", "SELECT 1", on: 1, as: "howdah_0000000001")
            client.sends("Close S s", "Sync")
            client.gets("Closed", "Ready I")
            client.sends("Parse s: SELECT 1", "Sync")
            client.gets("Parsed", "Ready I")
            client.sends("Bind <- s ()", "Sync")
            talk.server(on: 1).gets("Bind <- howdah_0000000001 ()", "Sync")
        }
    }

    @Test("A description that comes in pieces behind an answer of the proxy's own is one")
    func answerInFrontOfDescription() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Parse a: SELECT 1", "Bind p <- a ()", "Sync")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Parsed", "Bound", "Ready T")
            client.forget()
            server.forget()
            client.sends("Parse b: SELECT 1", "Describe P p", "Execute p", "Sync")
            server.gets("Describe P p", "Execute p", "Sync")
            for byte in WireMessage(backend: "Columns v").bytes { server.sends(bytes: [byte]) }
            server.sends("Row 1", "Complete SELECT 1", "Ready T")
            client.gets("Parsed", "Columns v", "Row 1", "Complete SELECT 1", "Ready T")
        }
    }

    @Test("What one portal returns is not what the statement returns that was bound last")
    func describeOfAnotherPortal() {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Parse a: SELECT 1",
                "Parse b: SELECT 2",
                "Bind p <- a ()",
                "Bind <- b ()",
                "Describe P p",
                "Sync"
            )
            let replica = talk.server(on: 1)
            replica.sends("Parsed", "Parsed", "Bound", "Bound", "Columns v", "Ready I")
            client.forget()
            // Told of its rows, the primary would be asked first whether they are still the same.
            client.sends("Query BEGIN", "Bind <- b ()", "Execute", "Sync")
            talk.server(on: 0).gets(
                "Query BEGIN",
                "Parse howdah_0000000002: SELECT 2",
                "Bind <- howdah_0000000002 ()",
                "Execute",
                "Sync"
            )
            talk.server(on: 0).forget()
        }
    }

    @Test("Close of a name that nobody has given is no error")
    func closeUnknown() {
        converse { talk in
            let client = talk.client()
            client.sends("Close S nosuch", "Sync")
            client.gets("Closed", "Ready I")
        }
    }

    @Test("Nobody meets what provoked an error behind Flush")
    func duplicateNameFlushed() {
        converse { talk in
            let client = talk.client()
            prepare(client, "s", "SELECT 1", on: 1, as: "howdah_0000000001")
            client.sends("Parse s: SELECT 2", "Flush")
            let server = talk.server(on: 1)
            server.gets("Parse s: ", "Parse s: SELECT 2", "Sync", "Close S s", "Sync")
            server.sends(
                "Parsed",
                "Error 42P05 prepared statement \"s\" already exists",
                "Ready I",
                "Closed",
                "Ready I"
            )
            client.gets("Error 42P05 prepared statement \"s\" already exists")
            client.sends("Sync")
            client.gets("Ready I")
        }
    }

    @Test("A name that is there already: the server itself says so, and keeps nothing of it")
    func duplicateName() {
        converse { talk in
            let client = talk.client()
            prepare(client, "s", "SELECT 1", on: 1, as: "howdah_0000000001")
            client.sends("Parse s: SELECT 2", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse s: ", "Parse s: SELECT 2", "Sync", "Close S s", "Sync")
            server.sends(
                "Parsed",
                "Error 42P05 prepared statement \"s\" already exists",
                "Ready I",
                "Closed",
                "Ready I"
            )
            client.gets("Error 42P05 prepared statement \"s\" already exists", "Ready I")
            // The name means what it meant.
            client.sends("Bind <- s ()", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Sync")
            server.sends("Bound", "Ready I")
            client.gets("Bound", "Ready I")
        }
    }

    @Test("In a failed transaction a Parse is left to the server, whatever it has already")
    func inFailedTransaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Parse s: SELECT 1", "Sync", "Query SELECT x")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Parse howdah_0000000001: SELECT 1", "Sync", "Query SELECT x")
            server.sends("Complete BEGIN", "Ready T", "Parsed", "Ready T", "Error 42601 syntax error", "Ready E")
            client.gets(
                "Complete BEGIN",
                "Ready T",
                "Parsed",
                "Ready T",
                "Error 42601 syntax error",
                "Ready E"
            )
            client.sends("Parse t: SELECT 1", "Sync")
            server.gets("Parse : SELECT 1", "Sync")
            server.sends("Error 25P02 current transaction is aborted", "Ready E")
            client.gets("Error 25P02 current transaction is aborted", "Ready E")
        }
    }

    @Test("Refusals of the proxy's own keep their order in a pipeline, whatever is skipped in front of them")
    func pipelinedRefusals() {
        converse { talk in
            let client = talk.client()
            let first = "Error 26000 prepared statement \"howdah_0000000001\" does not exist"
            let second = "Error 26000 prepared statement \"howdah_0000000002\" does not exist"
            client.sends(
                "Bind <- nosuch ()",
                "Bind <- howdah_0000000000 ()",
                "Sync",
                "Bind <- howdah_0000000001 ()",
                "Sync",
                "Bind <- howdah_0000000002 ()",
                "Sync"
            )
            let server = talk.server(on: 1)
            for _ in 0..<6 where client.received.count < 6 {
                var replies: [String] = []
                for word in server.received {
                    if word.hasPrefix("Bind") { replies.append("Error 26000 no nosuch") }
                    if word.hasPrefix("Parse"), replies.last != "Error 26000 no nosuch" {
                        replies.append("Error 42601 syntax error")
                    }
                    if word == "Sync" { replies.append("Ready I") }
                }
                server.forget()
                server.sends(bytes: replies.flatMap { WireMessage(backend: $0).bytes })
            }
            client.gets("Error 26000 no nosuch", "Ready I", first, "Ready I", second, "Ready I")
        }
    }

    @Test("A name whose Parse failed means nothing")
    func failedParse() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse s: SELEC 1", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse howdah_0000000001: SELEC 1", "Sync")
            server.sends("Error 42601 syntax error", "Ready I")
            client.gets("Error 42601 syntax error", "Ready I")
            client.sends("Parse s: UPDATE t SET x = 1", "Sync")
            server.gets("Parse howdah_0000000002: UPDATE t SET x = 1", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
        }
    }

    @Test(
        "With prepared_statements = off an unnamed statement is the one that was sent last, whoever has answered for it",
        arguments: [PoolMode.session, .transaction],
        ["BEGIN", "SHOW howdah.route", "COMMIT"]
    )
    func off(mode: PoolMode, first: String) {
        converse(pool: {
            $0.preparedStatements = false
            $0.mode = mode
        }) { talk in
            let client = talk.client()
            if first == "COMMIT" { client.sends("Query BEGIN") }
            client.sends("Parse : \(first)", "Bind <- ()", "Execute", "Sync")
            client.forget()
            client.sends("Parse : SELECT 77", "Bind <- ()", "Execute", "Sync")
            // A server that is kept must take all that follows.
            let server = talk.server(on: 0)
            let begin = first == "BEGIN" ? ["Query BEGIN"] : []
            #expect(server.received == begin + ["Parse : SELECT 77", "Bind <- ()", "Execute", "Sync"])
            #expect(talk.openServers(on: 1).allSatisfy { $0.received.isEmpty })
        }
    }

    @Test("Over server_prepared_statements the one that was used longest ago is closed")
    func leastRecentlyUsed() {
        converse(options: { $0.serverPreparedStatements = 2 }) { talk in
            let client = talk.client()
            prepare(client, "a", "UPDATE t SET x = 1", on: 0, as: "howdah_0000000001")
            prepare(client, "b", "UPDATE t SET x = 2", on: 0, as: "howdah_0000000002")
            let server = talk.server(on: 0)
            client.sends("Bind <- a ()", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Sync")
            server.sends("Bound", "Ready I")
            client.gets("Bound", "Ready I")
            prepare(client, "c", "UPDATE t SET x = 3", on: 0, as: "howdah_0000000003")
            client.sends("Bind <- b ()", "Sync")
            server.gets(
                "Close S howdah_0000000002",
                "Parse howdah_0000000002: UPDATE t SET x = 2",
                "Bind <- howdah_0000000002 ()",
                "Sync"
            )
            server.sends("Closed", "Parsed", "Bound", "Ready I")
            client.gets("Bound", "Ready I")
        }
    }

    @Test("prepared_statement_memory: an error that names the setting, and the transaction fails by it")
    func memory() {
        converse(options: { $0.preparedStatementMemory = 1000 }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            client.sends("Parse s: UPDATE t SET x = '\(String(repeating: "x", count: 2000))'", "Sync")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Parse : howdah refuses this message", "Sync")
            server.sends("Complete BEGIN", "Ready T", "Error 42601 syntax error at or near \"howdah\"", "Ready E")
            let error = client.getsError("Error 53200 no memory left for prepared statements", ready: "E")
            #expect(error?.field("H")?.contains("prepared_statement_memory (now 1000)") == true)
        }
    }

    @Test("Statements that no client names any more make room for others")
    func memoryReused() {
        converse(options: { $0.preparedStatementMemory = 1000 }) { talk in
            for number in 1...6 {
                let client = talk.client()
                prepare(
                    client,
                    "s",
                    "UPDATE t SET x = '\(String(repeating: "x", count: 300))' WHERE k = \(number)",
                    on: 0,
                    as: "howdah_000000000\(number)"
                )
                client.vanishes()
            }
        }
    }

    @Test(
        "A client's name of the proxy's form reaches nobody else's statement",
        arguments: ["Bind <- howdah_0000000001 ()", "Describe S howdah_0000000001", "Close S howdah_0000000001"]
    )
    func proxyName(words: String) {
        converse { talk in
            let client = talk.client()
            let other = talk.client()
            prepare(client, "s", "SELECT 1", on: 1, as: "howdah_0000000001")
            other.sends(words, "Sync")
            let server = talk.openServers().first { !$0.received.isEmpty }
            if words.hasPrefix("Close") {
                other.gets("Closed", "Ready I")
                client.sends("Bind <- s ()", "Sync")
                server?.gets("Bind <- howdah_0000000001 ()", "Sync")
            } else {
                server?.gets("Parse : howdah refuses this message", "Sync")
                server?.sends("Error 42601 syntax error", "Ready I")
                other.gets("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            }
        }
    }

    @Test(
        "DEALLOCATE of a name that the protocol gave, DEALLOCATE ALL and DISCARD ALL need no server",
        arguments: ["DEALLOCATE s", "DEALLOCATE ALL", "DISCARD ALL"]
    )
    func deallocate(text: String) {
        converse { talk in
            let client = talk.client()
            prepare(client, "s", "SELECT 1", on: 1, as: "howdah_0000000001")
            client.sends("Query \(text)")
            client.gets("Complete \(text.hasSuffix(" s") ? "DEALLOCATE" : text)", "Ready I")
            client.sends("Bind <- s ()", "Sync")
            let server = talk.server(on: 1)
            server.gets("Bind <- s ()", "Sync")
            server.sends("Error 26000 prepared statement \"s\" does not exist", "Ready I")
            client.gets("Error 26000 prepared statement \"s\" does not exist", "Ready I")
            // The server has it all the same.
            client.sends("Parse s: SELECT 1", "Bind <- s ()", "Sync")
            server.gets("Bind <- howdah_0000000001 ()", "Sync")
            server.sends("Bound", "Ready I")
            client.gets("Parsed", "Bound", "Ready I")
        }
    }

    @Test("DEALLOCATE of a name that nobody gave is the server's error")
    func deallocateUnknown() {
        converse { talk in
            let client = talk.client()
            client.sends("Query DEALLOCATE nosuch")
            let server = talk.server(on: 0)
            server.gets("Query DEALLOCATE nosuch")
            server.sends("Error 26000 prepared statement \"nosuch\" does not exist", "Ready I")
            client.gets("Error 26000 prepared statement \"nosuch\" does not exist", "Ready I")
        }
    }

    @Test("While transactions hold every server a client may prepare what they run, also when the catalog has changed")
    func preparesWithoutServer() {
        converse(pool: { $0.size = 1 }) { talk in
            let text = "UPDATE t SET x = $1"
            let first = talk.client()
            first.sends("Parse a: \(text)", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            first.gets("Parsed", "Ready I")
            talk.engine.catalogLoaded(
                database: "app",
                DatabaseCatalog(facts: .builtin, searchPath: "public", searchPathOfRole: [:])
            )
            let second = talk.client()
            second.sends("Query BEGIN")
            second.gets("Complete BEGIN", "Ready T")
            // The server has it: nothing is sent for the Parse but BEGIN.
            second.sends("Parse b: \(text)", "Bind <- b(1)", "Execute", "Sync")
            server.forget()
            server.sends("Complete BEGIN", "Ready T", "Bound", "Complete UPDATE 1", "Ready T")
            second.gets("Parsed", "Bound", "Complete UPDATE 1", "Ready T")
            let third = talk.client()
            third.sends("Query BEGIN")
            third.gets("Complete BEGIN", "Ready T")
            third.sends("Parse c: \(text)", "Sync")
            third.gets("Parsed", "Ready T")
        }
    }
}
