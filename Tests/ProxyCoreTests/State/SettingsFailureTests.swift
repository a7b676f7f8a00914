import ProxyCore
import Testing

/// What the proxy puts in front of a client's statement fails: the statement fails, and nothing else.
struct SettingsFailureTests {
    private static let brings = ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','8MB',false)")
    private static let refusal = "Error 42704 role \"r\" does not exist"

    /// A client with a setting of its own that the primary lacks: somebody else's was there in between.
    private func withSetting(_ script: (Conversation, ScriptedClient, ScriptedServer) -> Void) {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            let server = talk.server(on: 0)
            server.completes("SET")
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 0")
            server.sends(
                "Complete BEGIN",
                "Complete RESET",
                "Complete COMMIT",
                "Ready I",
                "Complete UPDATE 1",
                "Ready I"
            )
            for peer in [client, other] { peer.forget() }
            server.forget()
            script(talk, client, server)
        }
    }

    @Test(
        "A statement behind settings that are refused gets their error, and the session goes on",
        arguments: [true, false]
    )
    func refused(isQuery: Bool) {
        withSetting { talk, client, server in
            if isQuery {
                client.sends("Query UPDATE t SET x = 1")
            } else {
                client.sends("Parse : UPDATE t SET x = 1", "Bind <- ", "Execute", "Sync")
            }
            talk.settle()
            #expect(server.received.first == Self.brings)
            server.forget()
            // What stands behind is refused by the failed transaction; nobody is to see that.
            server.sends(Self.refusal, "Ready E")
            client.gets(Self.refusal, "Ready I")
            server.sends("Error 25P02 current transaction is aborted", "Ready E")
            client.getsNothing()
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 1)
            // The server has what it had before.
            client.sends("Query UPDATE t SET x = 2")
            server.gets(Self.brings, "Query UPDATE t SET x = 2")
            server.sends("Complete BEGIN", "Columns v", "Row 8MB", "Complete SELECT 1", "Complete COMMIT", "Ready I")
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("So does a FunctionCall, and whoever waits for its end hears of it")
    func refusedCall() {
        withSetting { talk, client, server in
            client.sends("FunctionCall 1299")
            server.gets(Self.brings)
            server.sends(Self.refusal, "Ready E")
            client.gets(Self.refusal, "Ready I")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.sends("FunctionCall 1299")
            server.gets(Self.brings)
            server.vanishes()
            talk.server(on: 0).gets(Self.brings)
            talk.server(on: 0).sends(
                "Complete BEGIN",
                "Columns v",
                "Row 8MB",
                "Complete SELECT 1",
                "Complete COMMIT",
                "Ready I"
            )
            talk.server(on: 0).gets("FunctionCall")
            talk.server(on: 0).vanishes()
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("A FunctionCall for which no server is to be had ends with its error")
    func callWithoutServer() {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let (holder, client) = (talk.client(), talk.client())
            holder.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            client.sends("FunctionCall 1299")
            talk.pass(seconds: 3_600)
            client.gets("Error 53300 no server became free within query_wait_timeout", "Ready I")
        }
    }

    @Test("A transaction whose settings are refused has failed")
    func inTransaction() {
        withSetting { talk, client, server in
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            client.gets("Complete BEGIN", "Ready T")
            server.gets(Self.brings, "Query BEGIN", "Query UPDATE t SET x = 1")
            server.sends(Self.refusal, "Ready E")
            client.gets(Self.refusal, "Ready E")
            server.sends("Error 25P02 aborted", "Ready E", "Error 25P02 aborted", "Ready E")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A batch whose Sync has not come is skipped up to it")
    func unfinished() {
        withSetting { talk, client, server in
            client.sends("Parse : UPDATE t SET x = 1", "Bind <- ", "Execute", "Flush")
            server.gets(
                Self.brings,
                "Parse : UPDATE t SET x = 1",
                "Bind <- ()",
                "Execute",
                "Flush"
            )
            server.sends(Self.refusal, "Ready E", "Error 25P02 aborted")
            client.gets(Self.refusal)
            server.gets("Sync")
            server.sends("Ready E")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.sends("Sync", "Query UPDATE t SET x = 2")
            client.gets("Ready I")
            server.gets(Self.brings, "Query UPDATE t SET x = 2")
        }
    }

    @Test(
        "What could end the transaction of the settings is sent when they are there",
        arguments: ["ROLLBACK; UPDATE t SET x = 1", "COMMIT"]
    )
    func waits(text: String) {
        withSetting { talk, client, server in
            client.sends("Query \(text)")
            server.gets(Self.brings)
            server.sends("Complete BEGIN", "Columns v", "Row 8MB", "Complete SELECT 1", "Complete COMMIT", "Ready I")
            server.gets("Query \(text)")
            server.completes("DONE")
            client.gets("Complete DONE", "Ready I")
        }
    }

    @Test("A batch behind another waits until the settings in front are there")
    func pipelined() {
        withSetting { talk, client, server in
            client.sends("Query UPDATE t SET x = 1", "Query ROLLBACK; UPDATE t SET x = 2")
            server.gets(Self.brings, "Query UPDATE t SET x = 1")
            server.sends(Self.refusal, "Ready E", "Error 25P02 aborted", "Ready E")
            client.gets(Self.refusal, "Ready I")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            server.gets(Self.brings)
            server.sends(Self.refusal, "Ready E")
            client.gets(Self.refusal, "Ready I")
        }
    }

    @Test("A cancel request waits until what the proxy has put in front is done")
    func cancelled() {
        withSetting { talk, client, server in
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            client.forget()
            client.cancels()
            #expect(talk.cancels.isEmpty)
            server.sends("Complete BEGIN", "Columns v", "Row 8MB", "Complete SELECT 1", "Complete COMMIT", "Ready I")
            #expect(talk.cancels.isEmpty)
            server.sends("Complete BEGIN", "Ready T")
            #expect(talk.cancels.count == 1)
            server.sends("Error 57014 canceling statement due to user request", "Ready E")
            client.gets("Error 57014 canceling statement due to user request", "Ready E")
        }
    }

    @Test("A time limit that hits the settings of a read costs another try, not the statement")
    func timedOut() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            talk.server(on: 0).completes("SET")
            client.forget()
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.gets(Self.brings, "Query SELECT 1")
            replica.sends("Error 57014 canceling statement due to statement timeout", "Ready E")
            replica.sends("Error 25P02 aborted", "Ready E")
            replica.gets("Query ROLLBACK")
            let primary = talk.server(on: 0)
            #expect(primary.received.last == "Query SELECT 1")
            primary.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("Not so where a cancel has come meanwhile: it meant the statement")
    func cancelledAndTimedOut() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            talk.server(on: 0).completes("SET")
            client.forget()
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            client.cancels()
            #expect(talk.cancels.isEmpty)
            replica.sends("Error 57014 canceling statement due to statement timeout", "Ready E")
            replica.sends("Error 25P02 aborted", "Ready E")
            client.gets("Error 57014 canceling statement due to user request", "Ready I")
            #expect(talk.cancels.isEmpty)
            #expect(talk.server(on: 0).received.last != "Query SELECT 1")
        }
    }

    @Test("A server that has not what it was taken to have is cleaned, and not named to the client")
    func forgotten() {
        withSetting { talk, client, server in
            client.sends("Query UPDATE t SET x = 1")
            server.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            server.sends("Error 26000 prepared statement \"howdah_0000000001\" does not exist", "Ready I")
            client.gets("Error 40001 the session's settings could not be brought to the server", "Ready I")
            #expect(server.received.last == "Query DISCARD ALL")
        }
    }

    @Test("A pinned session whose server cannot be brought back to its settings keeps it, and its state")
    func pinned() {
        converse(nodes: 1) { talk in
            let client = talk.client(["work_mem": "8MB"])
            let server = talk.server(on: 0)
            server.answers("8MB")
            client.forget()
            client.sends("Query SELECT setseed(0.5)")
            server.completes("SELECT 1")
            client.sends("Query RESET work_mem")
            server.completes("RESET")
            // Nor at once: outside of a transaction the next statement tries again.
            server.sends(Self.refusal, "Ready I")
            client.gets("Complete SELECT 1", "Ready I", "Complete RESET", "Ready I")
            server.forget()
            client.sends("Query UPDATE t SET x = 1")
            server.gets(Self.brings)
            server.sends(Self.refusal, "Ready E")
            client.gets(Self.refusal, "Ready I")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            client.sends("Query UPDATE t SET x = 2")
            server.gets(Self.brings)
            server.sends("Complete BEGIN", "Complete SELECT 1", "Complete COMMIT", "Ready I")
            server.gets("Query UPDATE t SET x = 2")
        }
    }

    @Test("A server does not rest with a time limit that would end it there, or what is put in front next")
    func relieved() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query SET statement_timeout = '1ms'")
            let server = talk.server(on: 0)
            server.completes("SET")
            server.gets("Query SET statement_timeout = '1ms'", "Query RESET statement_timeout")
            #expect(talk.engine.inspect().idleServers == 0)
            server.completes("RESET")
            #expect(talk.engine.inspect().idleServers == 1)
            client.forget()
            // A BEGIN that ran into it would leave the statement behind it outside of any transaction.
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            server.gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('statement_timeout','1ms',false)"),
                "Query BEGIN"
            )
            server.sends(
                "Complete BEGIN",
                "Complete SELECT 1",
                "Complete COMMIT",
                "Ready I",
                "Complete BEGIN",
                "Ready T"
            )
            server.gets("Query UPDATE t SET x = 1")
        }
    }

    @Test(
        "What a transaction has set holds by its end, whatever stands behind that in the batch",
        arguments: [
            ("COMMIT", "Error 22012 division by zero", "I", true),
            ("COMMIT", "Complete SELECT 1", "I", true),
            ("PREPARE TRANSACTION 'x'", "Error 22012 division by zero", "I", true),
            ("COMMIT AND CHAIN", "Error 22012 division by zero", "E", true),
            ("COMMIT AND CHAIN", "Complete SELECT 1", "T", true),
            ("ROLLBACK", "Complete SELECT 1", "I", false),
            ("ROLLBACK", "Error 22012 division by zero", "I", false),
            ("ROLLBACK AND CHAIN", "Complete SELECT 1", "T", false),
        ]
    )
    func endInABatch(end: String, rest: String, status: String, holds: Bool) {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query SET work_mem = '8MB'")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            client.sends(
                "Parse : \(end)",
                "Bind <- ()",
                "Execute",
                "Parse : SELECT 1/\(rest.count)",
                "Bind <- ()",
                "Execute",
                "Sync"
            )
            let tag =
                end.hasPrefix("ROLLBACK") ? "ROLLBACK" : end.hasPrefix("PREPARE") ? "PREPARE TRANSACTION" : "COMMIT"
            server.sends("Parsed", "Bound", "Complete \(tag)", "Parsed", "Bound", rest, "Ready \(status)")
            if status != "I" {
                client.sends("Query ROLLBACK")
                server.completes("ROLLBACK")
            }
            client.forget()
            server.forget()
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            #expect((server.received.first != "Query UPDATE t SET x = 1") == holds, "\(server.received)")
            if holds { #expect(server.received.first?.contains("work_mem") == true, "\(server.received)") }
        }
    }

    @Test("A server that is lost before it has told what has become of settings takes none of them along")
    func lostWhileAsked() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '8MB'")
            let server = talk.server(on: 0)
            server.tellsValues = false
            server.completes("SET")
            client.gets("Complete SET", "Ready I")
            server.vanishes()
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(Self.brings, "Query SELECT 1")
        }
    }

    @Test("What a statement has left in the settings is asked again where a time limit hits the question")
    func askedAgain() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '1024'")
            let server = talk.server(on: 0)
            server.tellsValues = false
            server.completes("SET")
            client.gets("Complete SET", "Ready I")
            let question = "Query SELECT 'work_mem',pg_catalog.current_setting('work_mem',true)"
            server.gets("Query SET work_mem = '1024'", question)
            // What comes next waits for the answer.
            client.sends("Query UPDATE t SET x = 1")
            server.getsNothing()
            server.sends("Error 57014 canceling statement due to statement timeout", "Ready I")
            server.gets(question)
            server.sends("Columns name,value", "Row work_mem,1MB", "Complete SELECT 1", "Ready I")
            server.gets("Query UPDATE t SET x = 1")
            server.completes("UPDATE 1")
            client.forget()
            let other = talk.client(["work_mem": "1MB"])
            other.sends("Sync")
            // It is the same as what the other says in other words.
            server.getsNothing()
        }
    }
}
