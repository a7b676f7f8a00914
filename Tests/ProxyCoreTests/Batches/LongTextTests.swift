import ProxySimulation
import Testing

@testable import ProxyCore

/// Texts longer than what is looked at, or than what is held: they go where the short ones go, and leave behind what
/// the short ones leave.
struct LongTextTests {
    private func talkLong(_ body: (Conversation) -> Void) {
        converse(options: {
            $0.statementTextLimit = 100
            $0.clientBufferLimit = 1000
        }) { talk in
            talk.chunk = 300
            body(talk)
        }
    }

    private static func insert(_ rows: Int) -> String {
        "INSERT INTO t VALUES " + (0..<rows).map { "(\($0), 'x')" }.joined(separator: ", ")
    }

    private static func select(_ numbers: Int) -> String {
        "SELECT a FROM t WHERE b IN (" + (0..<numbers).map(String.init).joined(separator: ", ") + ")"
    }

    @Test("A write is sent before its end has come, and leaves nothing behind", arguments: [30, 500])
    func write(rows: Int) {
        talkLong { talk in
            let client = talk.client()
            let text = Self.insert(rows)
            let bytes = WireMessage(frontend: "Query \(text)").bytes
            client.sends(bytes: Array(bytes[..<200]))
            let server = talk.server(on: 0)
            #expect(server.link.phase == .open)
            client.sends(bytes: Array(bytes[200...]))
            server.gets("Query \(text)")
            server.completes("INSERT 0 \(rows)")
            client.gets("Complete INSERT 0 \(rows)", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A read that can be held goes to a replica, whatever the length of its lists")
    func heldRead() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.select(150)
            client.sends("Query \(text)")
            talk.server(on: 1).gets("Query \(text)")
            talk.server(on: 1).answers("1")
            client.forget()
            client.sends("Parse : \(text)", "Bind", "Execute", "Sync")
            talk.server(on: 1).sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A long read that a replica refuses runs on the primary")
    func refusedRead() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.select(150)
            client.sends("Query \(text)")
            talk.server(on: 1).gets("Query \(text)")
            talk.server(on: 1).sends("Error 25006 cannot execute in a read-only transaction", "Ready I")
            talk.server(on: 0).gets("Query \(text)")
        }
    }

    @Test("A read that cannot be held goes to the primary, and leaves nothing behind")
    func longRead() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.select(1500)
            client.sends("Query \(text)")
            talk.server(on: 0).gets("Query \(text)")
            talk.server(on: 0).answers("1")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test(
        "What a long text does to its session is known at its end",
        arguments: [
            ("; SET work_mem = '1MB'", false), ("; SELECT pg_advisory_lock(1)", false), ("; SELECT lower('x')", true),
            ("; SELECT 'a", false), ("; PREPARE p AS SELECT 1", false),
        ]
    )
    func effects(tail: String, isFree: Bool) {
        talkLong { talk in
            let client = talk.client()
            client.sends("Query \(Self.insert(300))\(tail)")
            let server = talk.server(on: 0)
            server.forget()
            server.completes("SELECT 1")
            client.forget()
            #expect(talk.engine.inspect().idleServers == (isFree ? 1 : 0))
        }
    }

    @Test("A hint in front of a long text counts")
    func hint() {
        talkLong { talk in
            let client = talk.client()
            client.sends("Query /* howdah: replica */ \(Self.insert(300))")
            let error = "this statement cannot run on a replica: INSERT, UPDATE, DELETE, MERGE or TRUNCATE"
            client.getsError("Error 25006 \(error)", ready: "I")
            client.forget()
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
        }
    }

    @Test("A long unnamed Parse is passed on, and its server is let go when it has run")
    func unnamed() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.insert(400)
            client.sends("Parse : \(text)", "Bind", "Execute", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse : \(text)", "Bind <- ()", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Complete INSERT 0 400", "Ready I")
            client.gets("Parsed", "Bound", "Complete INSERT 0 400", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            // It is nowhere any more.
            client.sends("Bind", "Execute", "Sync")
            talk.server(on: 1).sends("Error 26000 unnamed prepared statement does not exist", "Ready I")
            client.gets("Error 26000 unnamed prepared statement does not exist", "Ready I")
        }
    }

    @Test("Until it has run its client keeps the server")
    func unnamedLater() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.select(1000)
            client.sends("Parse : \(text)", "Describe S ", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse : \(text)", "Describe S", "Sync")
            server.sends("Parsed", "Parameters 0", "Columns a", "Ready I")
            client.gets("Parsed", "Parameters 0", "Columns a", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            client.sends("Bind", "Execute", "Sync")
            server.gets("Bind <- ()", "Execute", "Sync")
            server.sends("Bound", "Complete SELECT 0", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A long named statement keeps its client on the server that has it")
    func named() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.insert(400)
            client.sends("Parse s: \(text)", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse howdah_0000000001: \(text)", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Query SELECT 1")
            server.gets("Query SELECT 1")
            server.answers("1")
            client.forget()
            for _ in 0..<2 {
                client.sends("Bind <- s", "Execute", "Sync")
                server.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
                server.sends("Bound", "Complete INSERT 0 400", "Ready I")
                client.gets("Bound", "Complete INSERT 0 400", "Ready I")
            }
            client.sends("Close S s", "Sync")
            server.gets("Close S howdah_0000000001", "Sync")
            server.sends("Closed", "Ready I")
            client.gets("Closed", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
        }
    }

    @Test("A long statement that the server does not accept is none")
    func refusedParse() {
        talkLong { talk in
            let client = talk.client()
            let text = Self.insert(400) + " nonsense"
            client.sends("Parse s: \(text)", "Sync")
            let server = talk.server(on: 0)
            server.sends("Error 42601 syntax error", "Ready I")
            client.gets("Error 42601 syntax error", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            #expect(talk.engine.inspect().statementReferences == 0)
        }
    }

    @Test("A long statement goes with its server, and the error says so")
    func lost() {
        talkLong { talk in
            let client = talk.client()
            client.sends("Parse s: \(Self.insert(400))", "Sync")
            talk.server(on: 0).sends("Parsed", "Ready I")
            client.forget()
            talk.server(on: 0).vanishes()
            client.sends("Bind <- s", "Execute", "Sync")
            let server = talk.server(on: 0)
            server.sends("Error 42601 syntax error at or near \"howdah\"", "Ready I")
            let error = client.getsError("Error 26000 prepared statement \"s\" does not exist", ready: "I")
            #expect(error?.field("H") == "Prepare it again, or raise client_buffer_limit (now 1000).")
        }
    }

    @Test("A name that is taken is refused for a long statement, too")
    func taken() {
        talkLong { talk in
            let client = talk.client()
            client.sends("Parse s: SELECT 1", "Sync")
            talk.server(on: 1).sends("Parsed", "Ready I")
            client.forget()
            let text = Self.insert(400)
            client.sends("Parse s: \(text)", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse s: ", "Parse s: \(text)", "Sync", "Close S s", "Sync")
        }
    }
}
