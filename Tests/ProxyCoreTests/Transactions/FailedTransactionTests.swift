import Testing

@testable import ProxyCore

/// What stands behind the end of a failed transaction in one batch changes the session, long before the server says
/// that the transaction is over.
struct FailedTransactionTests {
    private static let ends = ["ROLLBACK", "ROLLBACK TO s", "COMMIT"]
    private static let statements: [(String, PinReason)] = [
        ("SET work_mem = '8MB'", PinReason.setting), ("SET ROLE r", .setting),
        ("SELECT set_config('app.tenant', '42', false)", .setting), ("CREATE TEMP TABLE t (a int)", .temporaryObject),
        ("SELECT pg_advisory_lock(1)", .advisoryLock), ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", .holdCursor),
    ]

    /// A client whose transaction has failed, and its server.
    private func fail(_ talk: Conversation) -> (ScriptedClient, ScriptedServer) {
        let client = talk.client()
        client.sends("Query BEGIN", "Query SAVEPOINT s")
        let server = talk.server(on: 0)
        server.sends("Complete BEGIN", "Ready T", "Complete SAVEPOINT", "Ready T")
        client.sends("Query SELECT 1/0")
        server.sends("Error 22012 division by zero", "Ready E")
        client.forget()
        server.forget()
        return (client, server)
    }

    private func run(_ texts: [String], _ client: ScriptedClient, flushes: Bool = false) {
        for (number, text) in texts.enumerated() {
            client.sends("Parse : \(text)", "Bind <- ()", "Execute")
            if flushes, number == 0 { client.sends("Flush") }
        }
    }

    @Test("What it sets, makes and locks is its own", arguments: ends, statements)
    func lasts(end: String, change: (text: String, reason: PinReason)) {
        for flushes in [false, true] {
            converse(nodes: 1, pool: { $0.size = 1 }) { talk in
                let (client, server) = fail(talk)
                run([end], client)
                if flushes {
                    client.sends("Flush")
                    server.sends("Parsed", "Bound", "Complete ROLLBACK")
                }
                run([change.text], client)
                client.sends("Sync")
                if !flushes { server.sends("Parsed", "Bound", "Complete ROLLBACK") }
                server.sends("Parsed", "Bound", "Complete DONE", "Ready I")
                #expect(pins(of: talk).contains(change.reason), "\(end); \(change.text)")
                let other = talk.client()
                other.sends("Query UPDATE t SET x = 1")
                #expect(!server.received.contains("Query UPDATE t SET x = 1"), "\(end); \(change.text)")
            }
        }
    }

    @Test("Also where what was sent before the end is answered first", arguments: ends, statements)
    func lastsBehindAnother(end: String, change: (text: String, reason: PinReason)) {
        for hadFailed in [true, false] {
            converse(nodes: 1, pool: { $0.size = 1 }) { talk in
                let (client, server) = fail(talk)
                if !hadFailed {
                    client.sends("Query ROLLBACK TO s")
                    server.sends("Complete ROLLBACK", "Ready T")
                }
                client.sends("Query SELECT 1/0")
                run([end], client, flushes: true)
                #expect(server.received.contains { $0.contains(end) }, "it has been sent")
                server.sends("Error 25P02 current transaction is aborted", "Ready E")
                run([change.text], client)
                client.sends("Sync")
                server.sends("Parsed", "Bound", "Complete ROLLBACK", "Parsed", "Bound", "Complete DONE", "Ready I")
                #expect(pins(of: talk).contains(change.reason), "\(end); \(change.text), \(hadFailed)")
            }
        }
    }

    @Test(
        "What a name means behind the end is not looked up before the end is answered",
        arguments: ["ROLLBACK", "COMMIT"]
    )
    func namesBehindAnother(end: String) {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let (client, server) = fail(talk)
            client.sends("Query SELECT 1", "Query \(end)")
            server.gets("Query SELECT 1", "Query \(end)")
            server.sends("Error 25P02 current transaction is aborted", "Ready E")
            client.sends("Query EXECUTE s")
            server.getsNothing()
            server.completes("ROLLBACK")
            server.gets("Query EXECUTE s")
        }
    }

    @Test("A Query in the place of the second statement", arguments: ends)
    func query(end: String) {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let (client, server) = fail(talk)
            run([end], client)
            client.sends("Query SET work_mem = '8MB'")
            #expect(server.received.last == "Flush")
            server.sends("Parsed", "Bound", "Complete \(end.hasPrefix("ROLLBACK") ? "ROLLBACK" : end)")
            #expect(server.received.last == "Query SET work_mem = '8MB'")
            #expect(pins(of: talk).contains(.setting))
        }
    }

    @Test("DEALLOCATE ALL and DISCARD ALL forget what was prepared", arguments: ["DEALLOCATE ALL", "DISCARD ALL"])
    func forgets(text: String) {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            let early = talk.client()
            early.sends("Parse s: UPDATE t SET x = 1", "Bind <- s ()", "Execute", "Sync")
            talk.server(on: 0).sends("Parsed", "Bound", "Complete UPDATE 1", "Ready I")
            early.forget()
            let (client, server) = fail(talk)
            run(["ROLLBACK", text], client)
            client.sends("Sync")
            server.sends("Parsed", "Bound", "Complete ROLLBACK", "Parsed", "Bound", "Complete \(text)", "Ready I")
            client.vanishes()
            server.forget()
            early.sends("Bind <- s ()", "Execute", "Sync")
            talk.settle()
            let sent = talk.server(on: 0).received
            #expect(sent.contains { $0.hasPrefix("Parse ") || $0.hasPrefix("Query DISCARD ALL") }, "\(sent)")
        }
    }

    @Test("What the failed transaction refuses for certain leaves nothing", arguments: statements)
    func refused(change: (text: String, reason: PinReason)) {
        converse(nodes: 1) { talk in
            let (client, server) = fail(talk)
            client.sends("Query \(change.text)")
            server.sends("Error 25P02 current transaction is aborted", "Ready E")
            #expect(pins(of: talk).isEmpty)
            client.sends("Query ROLLBACK")
            server.completes("ROLLBACK")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    private func pins(of talk: Conversation) -> [PinReason] {
        talk.engine.clientTokens.flatMap {
            talk.engine.clients[$0.handle]?.pointee.pinRecord?.entries.map(\.reason) ?? []
        }
    }
}
