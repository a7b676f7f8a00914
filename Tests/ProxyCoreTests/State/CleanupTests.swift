import Testing

@testable import ProxyCore

/// What becomes of a server whose session may have been changed in ways that the proxy does not see.
struct CleanupTests {
    private static func query(_ cleanup: Cleanup, prepared: Int = 0) -> String {
        "Query \(cleanup.statement(prepared: prepared) ?? "")"
    }

    @Test(
        "Code whose text is not seen is cleaned up after, and shared statements stay",
        arguments: ["SELECT f()", "DO 'x'", "CALL p()", "SELECT 1 FROM t WHERE f(x) = 2"]
    )
    func code(text: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Parse a: UPDATE t SET x = 1", "Bind  < a()", "Execute /0", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "Complete UPDATE 1", "Ready I")
            client.forget()
            server.forget()
            client.sends("Query \(text)")
            server.gets("Query \(text)")
            server.completes("DONE")
            client.gets("Complete DONE", "Ready I")
            // The client has let go already.
            server.gets(Self.query(.session, prepared: 1))
            #expect(talk.engine.inspect().idleServers == 0)
            server.completes("SELECT 1")
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends("Bind  < a()", "Execute /0", "Sync")
            talk.settle()
            #expect(server.received.first?.hasPrefix("Bind") == true)
        }
    }

    @Test("Where code has run PREPARE, everything is discarded")
    func prepared() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT f()")
            let server = talk.server(on: 0)
            server.gets("Query SELECT f()")
            server.answers("1")
            server.gets(Self.query(.session))
            server.sends("Error 22012 division by zero", "Ready I")
            server.gets(Self.query(.everything))
            #expect(talk.engine.inspect().idleServers == 0)
            server.completes("DISCARD")
            #expect(talk.engine.inspect().idleServers == 1)
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test(
        "A function of PostgreSQL's own costs nothing",
        arguments: ["SELECT lower('A')", "SELECT now()", "SELECT random()"]
    )
    func builtin(text: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query \(text)")
            let server = talk.server(on: 1)
            server.gets("Query \(text)")
            server.answers("1")
            server.getsNothing()
        }
    }

    @Test("A seed is made anew, a library goes with its server")
    func seedAndLibrary() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT setseed(0.5)")
            let server = talk.server(on: 0)
            server.gets("Query SELECT setseed(0.5)")
            server.answers("")
            client.vanishes()
            server.gets(Self.query(.everything))
            server.completes("DISCARD")
            let other = talk.client()
            other.sends("Query LOAD 'auto_explain'")
            server.gets("Query LOAD 'auto_explain'")
            server.completes("LOAD")
            other.vanishes()
            server.gets("Terminate")
            #expect(talk.engine.inspect().idleServers == 0)
        }
    }

    @Test("DISCARD ALL does not end what is sent behind it")
    func discardInFlight() {
        converse { talk in
            let client = talk.client()
            client.sends("Query CREATE TEMPORARY TABLE x (y int)")
            let server = talk.server(on: 0)
            server.completes("CREATE TABLE")
            // Whether the table is there.
            server.answers("8")
            client.forget()
            server.forget()
            client.sends("Query DISCARD ALL", "Query CREATE TEMPORARY TABLE x (y int)")
            server.gets("Query DISCARD ALL")
            server.completes("DISCARD ALL")
            server.gets("Query CREATE TEMPORARY TABLE x (y int)")
            server.completes("CREATE TABLE")
            client.gets("Complete DISCARD ALL", "Ready I", "Complete CREATE TABLE", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            server.answers("8")
            server.forget()
            client.vanishes()
            server.gets("Query DISCARD ALL")
        }
    }

    @Test("Behind DISCARD ALL in a pipeline a statement is prepared again")
    func preparedBehindDiscard() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse a: UPDATE t SET x = 1", "Bind  < a()", "Execute /0", "Sync")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "Complete UPDATE 1", "Ready I")
            client.forget()
            server.forget()
            client.sends("Parse : DISCARD ALL", "Bind  < ()", "Execute /0", "Parse : UPDATE t SET x = 1", "Sync")
            talk.settle()
            // What the server has is known only when it has answered.
            #expect(server.received.last == "Flush")
            server.sends("Parsed", "Bound", "Complete DISCARD ALL")
            talk.settle()
            #expect(server.received.suffix(2).first?.hasPrefix("Parse") == true)
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Bound", "Complete DISCARD ALL", "Parsed", "Ready I")
        }
    }

    @Test("Settings that a COMMIT in a failing pipeline has made hold stay with the client")
    func committedInPart() {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Parse : SET work_mem = '8MB'",
                "Bind  < ()",
                "Execute /0",
                "Parse : COMMIT",
                "Bind  < ()",
                "Execute /0",
                "Parse : SELECT 1/0",
                "Bind  < ()",
                "Execute /0",
                "Sync"
            )
            let server = talk.server(on: 0)
            server.sends(
                "Parsed",
                "Bound",
                "Complete SET",
                "Parsed",
                "Bound",
                "Complete COMMIT",
                "Parsed",
                "Bound",
                "Error 22012 division by zero",
                "Ready I"
            )
            talk.settle()
            // What holds then the server has said.
            #expect(talk.engine.inspect().idleServers == 1)
            client.forget()
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','8MB',false)"),
                "Query SELECT 1"
            )
        }
    }

    @Test("What must be done for one reason and for another")
    func both() {
        #expect(Cleanup.none.and(.session) == .session)
        #expect(Cleanup.session.and(.session) == .session)
        #expect(Cleanup.discardAll.and(.session) == .everything)
        #expect(Cleanup.everything.and(.none) == .everything)
        #expect(Cleanup.close.and(.everything) == .close)
        #expect(Cleanup.everything.afterDiscardAll == .session)
        #expect(Cleanup.discardAll.afterDiscardAll == .none)
    }
}
