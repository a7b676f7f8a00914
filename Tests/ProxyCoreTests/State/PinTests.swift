import Testing

@testable import ProxyCore

/// Pins that end when the server finds nothing left of what they were for.
struct PinTests {
    private static let lock = "SELECT pg_advisory_lock(1)"
    private static let unlock = "SELECT pg_advisory_unlock(1)"
    private static let question = "Query " + PinReason.probe(for: [.advisoryLock])
    private static let found = "\(PinReason.advisoryLock.bit)"

    /// Runs a statement on the client's server, the primary's.
    private func run(_ text: String, _ client: ScriptedClient, _ server: () -> ScriptedServer) {
        client.sends("Query \(text)")
        server().gets("Query \(text)")
        server().answers("")
        client.forget()
    }

    @Test(
        "The server is asked for what has been made, and lets go when it finds nothing",
        arguments: [
            (PinReason.temporaryObject, "CREATE TEMPORARY TABLE x (y int)", "DROP TABLE x"),
            (.temporaryObject, "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f"),
            (.advisoryLock, "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock_all()"),
            (.holdCursor, "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "CLOSE c"),
        ]
    )
    func evidence(reason: PinReason, begin: String, end: String) {
        converse { talk in
            let client = talk.client()
            let question = "Query " + PinReason.probe(for: [reason])
            run(begin, client) { talk.server(on: 0) }
            let server = talk.server(on: 0)
            server.gets(question)
            server.answers("\(reason.bit)")
            client.getsNothing()
            // Nothing is asked behind what ends nothing.
            run("SELECT 1", client) { server }
            server.getsNothing()
            #expect(talk.engine.inspect().idleServers == 0)
            run(end, client) { server }
            server.gets(question)
            server.answers("0")
            client.getsNothing()
            server.getsNothing()
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A lock behind DEALLOCATE ALL in one text pins like any other")
    func behindDeallocate() {
        converse { talk in
            let client = talk.client()
            client.sends("Query DEALLOCATE ALL; \(Self.lock)")
            talk.server(on: 0).sends("Complete DEALLOCATE ALL", "Columns v", "Row ", "Complete SELECT 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            #expect(talk.server(on: 0).received.last == Self.question)
        }
    }

    @Test(
        "In a transaction that has changed settings, what stands in one text with its end or a savepoint is noted, too",
        arguments: ["COMMIT", "ROLLBACK", "RELEASE s", "ROLLBACK TO s", "SELECT 1; COMMIT", "COMMIT AND CHAIN"],
        [
            ("SELECT pg_advisory_lock(1)", "pg_locks"), ("CREATE TEMP TABLE x (y int)", "pg_my_temp_schema"),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "pg_cursors"), ("LISTEN a", "DISCARD ALL"),
            ("SELECT set_config('app.tenant','alice',false)", "tenant"), ("SET ROLE other", "RESET ROLE"),
        ]
    )
    func besideControl(control: String, done: (text: String, seen: String)) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.sends("Query SET work_mem = '1MB'")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete SET", "Ready T")
            client.sends("Query SAVEPOINT s")
            server.sends("Complete SAVEPOINT", "Ready T")
            server.forget()
            client.sends("Query \(control); \(done.text)")
            server.gets("Query \(control); \(done.text)")
            server.sends("Complete \(control)", "Complete \(done.text)", "Ready I")
            client.sends("Terminate")
            // Nobody gets that server as it is.
            talk.client().sends("Query INSERT INTO t VALUES (1)")
            #expect(server.received.first?.contains(done.seen) == true, "\(server.received)")
        }
    }

    @Test("An answer that a later lock has overtaken ends nothing")
    func overtaken() {
        converse { talk in
            let client = talk.client()
            run(Self.lock, client) { talk.server(on: 0) }
            let server = talk.server(on: 0)
            server.gets(Self.question)
            client.sends("Query \(Self.lock)")
            server.gets("Query \(Self.lock)")
            server.answers("0")
            server.answers("")
            client.forget()
            server.gets(Self.question)
            #expect(talk.engine.inspect().idleServers == 0)
            server.answers(Self.found)
            #expect(talk.engine.inspect().idleServers == 0)
        }
    }

    @Test("A pin that ends under a statement lets go when that is over")
    func endsUnderway() {
        converse { talk in
            let client = talk.client()
            run(Self.lock, client) { talk.server(on: 0) }
            let server = talk.server(on: 0)
            server.gets(Self.question)
            client.sends("Query SELECT 1")
            server.gets("Query SELECT 1")
            server.answers("0")
            #expect(talk.engine.inspect().idleServers == 0)
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A question that fails ends nothing, and is not repeated for nothing")
    func failed() {
        converse { talk in
            let client = talk.client()
            run(Self.lock, client) { talk.server(on: 0) }
            let server = talk.server(on: 0)
            server.gets(Self.question)
            server.sends("Error 57014 canceling statement due to statement timeout", "Ready I")
            client.getsNothing()
            run("SELECT 1", client) { server }
            server.getsNothing()
            run(Self.unlock, client) { server }
            server.gets(Self.question)
            server.answers("0")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A client that leaves while the server is asked has it cleaned, not closed")
    func leaves() {
        converse { talk in
            let client = talk.client()
            run(Self.lock, client) { talk.server(on: 0) }
            let server = talk.server(on: 0)
            server.gets(Self.question)
            client.vanishes()
            server.answers(Self.found)
            server.gets("Query DISCARD ALL")
            server.completes("DISCARD ALL")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }
}
