import ProxyCore
import Testing

/// The unnamed statement, which a server has one of and clients share servers (PostgreSQL documentation, 55.2.3).
struct UnnamedStatementTests {
    @Test("A client never meets another's unnamed statement")
    func neverAnothers() {
        converse { talk in
            let first = talk.client()
            let second = talk.client()
            first.sends("Parse : SELECT 1", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse : SELECT 1", "Sync")
            server.sends("Parsed", "Ready I")
            first.gets("Parsed", "Ready I")
            second.sends("Bind <- ()", "Execute", "Sync")
            server.gets("Close S", "Bind <- ()", "Execute", "Sync")
            server.sends("Closed", "Error 26000 unnamed prepared statement does not exist", "Ready I")
            second.gets("Error 26000 unnamed prepared statement does not exist", "Ready I")
        }
    }

    @Test("It is brought to another server than the one where it was parsed")
    func brought() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Sync")
            talk.server(on: 1).sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            // A Query ends it.
            client.sends("Bind <- ()", "Sync")
            let server = talk.server(on: 0)
            server.gets("Query BEGIN", "Bind <- ()", "Sync")
            server.sends(
                "Complete BEGIN",
                "Ready T",
                "Error 26000 unnamed prepared statement does not exist",
                "Ready E"
            )
            client.gets("Error 26000 unnamed prepared statement does not exist", "Ready E")
        }
    }

    @Test("It lasts across servers in the extended protocol")
    func lasts() {
        converse(pool: { $0.prepareUnnamed = false }) { talk in
            let client = talk.client()
            client.sends("Parse : SELECT $1", "Sync")
            let replica = talk.server(on: 1)
            replica.gets("Parse : SELECT $1", "Sync")
            replica.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            // Another client's statement takes its place there.
            let other = talk.client()
            other.sends("Parse : SELECT 2", "Sync")
            replica.gets("Parse : SELECT 2", "Sync")
            replica.sends("Parsed", "Ready I")
            other.gets("Parsed", "Ready I")
            client.sends("Bind <- (1)", "Execute", "Sync")
            replica.gets("Parse : SELECT $1", "Bind <- (1)", "Execute", "Sync")
            replica.sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A text that recurs is shared under a name of the proxy's")
    func shared() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT $1", "Bind <- (1)", "Execute", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse : SELECT $1", "Bind <- (1)", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            let other = talk.client()
            other.sends("Parse : SELECT $1", "Bind <- (2)", "Execute", "Sync")
            server.gets("Parse howdah_0000000001: SELECT $1", "Bind <- (2)", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Row 2", "Complete SELECT 1", "Ready I")
            other.gets("Parsed", "Bound", "Row 2", "Complete SELECT 1", "Ready I")
            client.sends("Parse : SELECT 4", "Bind <- ()", "Execute", "Sync")
            server.gets("Parse : SELECT 4", "Bind <- ()", "Execute", "Sync")
            server.sends("Parsed", "Bound", "Row 4", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 4", "Complete SELECT 1", "Ready I")
            client.sends("Parse : SELECT $1", "Bind <- (3)", "Execute", "Sync")
            server.gets("Bind <- howdah_0000000001 (3)", "Execute", "Sync")
            server.sends("Bound", "Row 3", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 3", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A failed Parse ends it")
    func failedParse() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Sync")
            let server = talk.server(on: 1)
            server.gets("Parse : SELECT 1", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Parse : SELECT x", "Sync")
            server.gets("Parse : SELECT x", "Sync")
            server.sends("Error 42501 column \"x\" does not exist", "Ready I")
            client.gets("Error 42501 column \"x\" does not exist", "Ready I")
            client.sends("Bind <- ()", "Sync")
            server.gets("Close S", "Bind <- ()", "Sync")
            server.sends("Closed", "Error 26000 unnamed prepared statement does not exist", "Ready I")
            client.gets("Error 26000 unnamed prepared statement does not exist", "Ready I")
        }
    }

    @Test("Close of it is answered by the proxy")
    func close() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : UPDATE t SET x = 1", "Close S", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse : UPDATE t SET x = 1", "Sync")
            server.sends("Parsed", "Ready I")
            client.gets("Parsed", "Closed", "Ready I")
            #expect(talk.engine.inspect().statementReferences == 0)
        }
    }

    @Test("DISCARD ALL leaves the unnamed statement, which it may be itself: once closed, it is gone")
    func discardAll() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query CREATE TEMP TABLE t (a int)")
            let server = talk.server(on: 0)
            server.completes("CREATE TABLE")
            server.answers("8")
            client.forget()
            server.forget()
            client.sends("Parse : DISCARD ALL", "Bind <- ()", "Execute", "Close S", "Bind <- ()", "Sync")
            server.sends("Parsed", "Bound", "Complete DISCARD ALL")
            // What the client has closed is closed there before it is bound.
            #expect(server.received.suffix(3) == ["Close S", "Bind <- ()", "Sync"])
        }
    }
}
