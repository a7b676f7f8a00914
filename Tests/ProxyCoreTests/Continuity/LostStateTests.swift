import Testing

@testable import ProxyCore

/// What a session had on a server that is lost: what it would not miss by itself, it is told of.
struct LostStateTests {
    private static let lostState = "Error 08006 the server on which this session had state of its own was lost"

    /// A client whose session has something of its own on a server, of which no catalog tells.
    private func loaded(_ talk: Conversation) -> (client: ScriptedClient, server: ScriptedServer) {
        let client = talk.client()
        client.sends("Query LOAD 'auto_explain'")
        let server = talk.server(on: 0)
        server.completes("LOAD")
        client.gets("Complete LOAD", "Ready I")
        server.forget()
        return (client, server)
    }

    @Test(
        "State of a session's own that it would not miss by itself: its next statement tells, and is not run",
        arguments: ["CREATE TEMPORARY TABLE x (y int)", "SELECT pg_advisory_lock(1)", "LOAD 'auto_explain'"]
    )
    func pinned(text: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query " + text)
            let server = talk.server(on: 0)
            server.completes("DONE")
            client.gets("Complete DONE", "Ready I")
            server.vanishes()
            client.getsNothing()
            client.sends("Sync")
            client.gets("Ready I")
            client.sends("Parse : INSERT INTO x VALUES (1)", "Bind <- ()", "Execute", "Sync")
            let error = client.getsError(Self.lostState, ready: "I")
            #expect(error?.field("D")?.contains("This statement has not been run.") == true)
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("Where that statement is BEGIN, what is pipelined behind it does not run without a transaction")
    func pinnedAndBegins() {
        converse { talk in
            let (client, server) = loaded(talk)
            server.vanishes()
            client.sends(
                "Query BEGIN",
                "Query INSERT INTO t VALUES (1)",
                "Query ROLLBACK",
                "Query INSERT INTO t VALUES (2)"
            )
            client.gets(
                Self.lostState,
                "Ready E",
                "Error 25P02 current transaction is aborted, commands ignored until end of transaction block",
                "Ready E",
                "Complete ROLLBACK",
                "Ready I"
            )
            talk.server(on: 0).gets("Query INSERT INTO t VALUES (2)")
        }
    }

    @Test("The same in a transaction: not 40001, upon which a driver would run it again without that state")
    func pinnedInTransaction() {
        converse { talk in
            let (client, server) = loaded(talk)
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            server.vanishes()
            client.sends("Query UPDATE t SET x = 2")
            let error = client.getsError("Error 08006 the server was lost in the middle of the transaction", ready: "E")
            #expect(error?.field("D")?.contains("LOAD was run") == true)
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).gets("Query UPDATE t SET x = 1")
        }
    }

    @Test(
        "The same, and the client ends its transaction first: the statement behind that tells",
        arguments: [false, true]
    )
    func pinnedAndRolledBack(hasFailed: Bool) {
        converse { talk in
            let (client, server) = loaded(talk)
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            server.sends("Complete BEGIN", "Ready T")
            if hasFailed {
                server.sends("Error 22012 division by zero", "Ready E")
            } else {
                server.sends("Complete UPDATE 1", "Ready T")
            }
            client.forget()
            server.vanishes()
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            client.sends("Query UPDATE t SET x = 1")
            client.getsError(Self.lostState, ready: "I")
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).gets("Query UPDATE t SET x = 1")
        }
    }

    @Test("With pool_mode = session all is the server's: what code has made there nobody has seen")
    func sessionMode() {
        converse(pool: { $0.mode = .session }) { talk in
            let client = talk.client()
            client.sends("Query DO $$BEGIN CREATE TEMP TABLE x (y int); END$$")
            talk.server(on: 0).completes("DO")
            client.gets("Complete DO", "Ready I")
            talk.server(on: 0).vanishes()
            client.sends("Query INSERT INTO x VALUES (1)")
            client.getsError(Self.lostState, ready: "I")
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("State whose loss shows by itself: the server's error tells")
    func pinnedBySequence() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT nextval('s')")
            let server = talk.server(on: 0)
            server.completes("SELECT 1")
            client.gets("Complete SELECT 1", "Ready I")
            server.vanishes()
            client.sends("Query SELECT currval('s')")
            talk.server(on: 0).sends(
                "Error 55000 currval of sequence \"s\" is not yet defined in this session",
                "Ready I"
            )
            client.gets("Error 55000 currval of sequence \"s\" is not yet defined in this session", "Ready I")
        }
    }
}
