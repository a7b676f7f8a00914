import ProxyCore
import ProxySimulation
import Testing

/// A Query or FunctionCall inside a batch of the extended protocol. Once the batch has failed, a server ignores them
/// like everything up to Sync, and owes no ReadyForQuery for them (PostgreSQL documentation, 55.2.3).
struct SkippedQueryTests {
    /// What fails in front: the messages, and the server's error.
    private static let failures: [(batch: [String], error: String)] = [
        (["Bind <- nosuch ()"], "Error 26000 prepared statement \"nosuch\" does not exist"),
        (["Parse : selec"], "Error 42601 syntax error at or near \"selec\""),
    ]
    /// What stands behind it, up to Sync.
    private static let rests = [
        ["FunctionCall 1299"],
        ["FunctionCall 1299", "FunctionCall 1299"],
        ["FunctionCall 1299", "Query SELECT 1"],
        ["FunctionCall 1299", "Parse : SELECT 1"],
        ["FunctionCall 1299", "Describe S s"],
        ["FunctionCall 1299", "Close S s"],
        ["Query SELECT 1", "Parse : SELECT pg_advisory_lock(1)"],
        ["Query SELECT 1", "Flush", "Parse : INSERT INTO t VALUES (1)"],
        ["Query INSERT INTO t VALUES (1)", "Query SELECT 1"],
        ["Query SET timezone = 'UTC'", "Parse : SELECT 1"],
        ["Query PREPARE p AS SELECT 1"],
        ["Query INSERT INTO t VALUES (1); PREPARE p AS SELECT 1"],
        ["Query INSERT INTO t VALUES (1); EXECUTE p", "Query SELECT 1"],
        ["Query DEALLOCATE ALL; INSERT INTO t VALUES (1)", "Parse : SELECT 1"],
        ["Query LISTEN x"],
        ["Query LISTEN x", "Parse : SELECT 1"],
        ["Query BEGIN", "Parse : SELECT 1", "Bind <- ()", "Execute"],
        ["Query SHOW transaction_isolation", "Query SET timezone = 'UTC'", "Query SELECT 1"],
        ["Query COPY t FROM STDIN", "CopyData 1\n", "CopyDone"],
    ]

    @Test("All up to Sync is skipped: one error, one ReadyForQuery", arguments: failures.indices, rests.indices)
    func skipped(failure: Int, rest: Int) {
        let (batch, error) = Self.failures[failure]
        converse { talk in
            let client = talk.client()
            client.sends(bytes: (batch + Self.rests[rest] + ["Sync"]).flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            #expect(!server.received.contains("Sync") || server.received.last == "Sync")
            server.sends(error)
            #expect(server.received.filter { $0 == "Sync" }.count == 1)
            #expect(server.received.last == "Sync")
            server.forget()
            server.sends("Ready I")
            client.gets(error, "Ready I")
            goesOn(client, server, talk)
        }
    }

    @Test("The same where the rest comes when the client has seen the error", arguments: rests.indices)
    func skippedLater(rest: Int) {
        let (batch, error) = Self.failures[0]
        converse { talk in
            let client = talk.client()
            client.sends(bytes: (batch + ["Query SELECT 1"]).flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            server.sends(error)
            client.gets(error)
            server.forget()
            client.sends(bytes: (Self.rests[rest] + ["Sync"]).flatMap { WireMessage(frontend: $0).bytes })
            server.gets("Sync")
            server.sends("Ready I")
            client.gets("Ready I")
            goesOn(client, server, talk)
        }
    }

    @Test("Nor is anything asked in the middle of it, behind a statement in flight", arguments: rests.indices)
    func skippedBehindAnother(rest: Int) {
        let (batch, error) = Self.failures[0]
        converse { talk in
            let client = talk.client()
            let first = ["Query CREATE TEMP TABLE tt (i int)"]
            let last = ["Sync", "Query UPDATE t SET x = 1"]
            client.sends(bytes: (first + batch + Self.rests[rest] + last).flatMap { WireMessage(frontend: $0).bytes })
            let server = talk.server(on: 0)
            server.gets("Query CREATE TEMP TABLE tt (i int)")
            server.sends("Complete CREATE TABLE", "Ready I")
            client.gets("Complete CREATE TABLE", "Ready I")
            #expect(!server.received.isEmpty)
            server.sends(error)
            #expect(server.received.contains("Sync"))
            server.sends("Ready I")
            client.gets(error, "Ready I")
            #expect(server.received.last == "Query UPDATE t SET x = 1")
            server.forget()
            server.sends("Complete UPDATE 1", "Ready I")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    /// The client and the server are as good as before.
    private func goesOn(_ client: ScriptedClient, _ server: ScriptedServer, _ talk: Conversation) {
        // What rids the server of what the function might have done.
        if server.received.last?.hasPrefix("Query") == true {
            server.completes("RESET")
            server.forget()
        }
        client.sends("Query UPDATE t SET x = 1")
        let next = talk.server(on: 0)
        #expect(next.received.last == "Query UPDATE t SET x = 1")
        next.completes("UPDATE 1")
        client.gets("Complete UPDATE 1", "Ready I")
        #expect(talk.engine.inspect().pendingReplies == 0)
    }

    @Test("A batch that succeeds, with a function call in its middle: each has its ReadyForQuery")
    func succeeds() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : UPDATE t SET x = 1", "FunctionCall 1299", "Sync")
            let server = talk.server(on: 0)
            #expect(server.received.suffix(2) == ["Parse : UPDATE t SET x = 1", "Flush"])
            server.sends("Parsed")
            #expect(server.received.last == "FunctionCall")
            server.sends("FunctionResult", "Ready I")
            server.completes("RESET")
            server.sends("Ready I")
            client.gets("Parsed", "FunctionResult", "Ready I", "Ready I")
        }
    }

    @Test("A Query with EXECUTE waits for no reply where what stands in front of it is answered by the proxy")
    func answeredInFront() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse p : UPDATE t SET x = 1", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.forget()
            server.forget()
            // Another's of the same text is there already: the proxy answers it.
            client.sends("Bind <- p ()", "Parse q : UPDATE t SET x = 1", "Query EXECUTE p")
            server.sends("Bound")
            #expect(server.received.last?.hasPrefix("Query EXECUTE ") == true)
            server.completes("UPDATE 1")
            client.gets("Bound", "Parsed", "Complete UPDATE 1", "Ready I")
        }
    }

    @Test(
        "Who leaves without a Sync takes no server along that waits for it",
        arguments: ["Terminate", "end", "reset"]
    )
    func leaves(farewell: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Bind <- nosuch ()", "FunctionCall 1299", "FunctionCall 1299")
            let server = talk.server(on: 0)
            switch farewell {
            case "Terminate": client.sends("Terminate")
            case "end": client.endsSending()
            default: client.vanishes()
            }
            if !server.isClosed { server.sends("Error 26000 prepared statement \"nosuch\" does not exist") }
            #expect(server.isClosed || server.received.last == "Terminate")
            #expect(talk.engine.inspect().clients == 0)
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            other.gets("Complete UPDATE 1", "Ready I")
        }
    }
}
