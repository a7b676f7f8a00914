@testable import ProxyCore
import Testing

/// What came with the start-up packet is what RESET returns to, and what the client is told then.
struct StartValueTests {
    private static let brings = "Query SET \"client_encoding\" TO 'LATIN1'"

    /// A client that came with LATIN1, and the server of the primary, whose own default is UTF8.
    private func latin(_ script: (Conversation, ScriptedClient, ScriptedServer) -> Void) {
        converse { talk in
            talk.shell.catalog = Conversation.catalog()
            let client = talk.client(["client_encoding": "LATIN1"])
            let server = talk.server(on: 0)
            server.sends(
                "Columns v",
                "Row LATIN1",
                "Complete SELECT 1",
                "Parameter client_encoding=LATIN1",
                "Ready I"
            )
            talk.settle()
            client.forget()
            server.forget()
            script(talk, client, server)
        }
    }

    /// The server's answer to what brings the value back.
    private func bringBack(_ server: ScriptedServer, _ status: String = "I") {
        server.sends("Complete SET", "Parameter client_encoding=LATIN1", "Ready \(status)")
    }

    @Test(
        "Before ReadyForQuery the value is back, and no other has been told",
        arguments: [
            ("RESET client_encoding", "RESET"), ("RESET ALL", "RESET"), ("SET client_encoding TO DEFAULT", "SET"),
            ("SELECT set_config('client_encoding', NULL, false)", "SELECT 1"),
            ("SET client_encoding = 'KOI8'; RESET client_encoding", "RESET"),
        ]
    )
    func atOnce(text: String, tag: String) {
        latin { talk, client, server in
            client.sends("Query \(text)")
            server.gets("Query \(text)")
            server.sends("Complete \(tag)", "Parameter client_encoding=UTF8", "Ready I")
            server.gets(Self.brings)
            client.gets("Complete \(tag)")
            bringBack(server)
            client.gets("Parameter client_encoding=LATIN1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 1)
            // Nothing more need be said to the server, and the next client finds it as it should be.
            client.sends("Query INSERT INTO t VALUES (1)")
            server.gets("Query INSERT INTO t VALUES (1)")
        }
    }

    @Test("A text that begins a transaction and resets nothing leaves no doubt to the next one")
    func doubtOfAnother() {
        latin { talk, client, server in
            client.sends("Query BEGIN; SET work_mem = '5MB'")
            server.gets("Query BEGIN; SET work_mem = '5MB'")
            server.sends("Complete BEGIN", "Complete SET", "Ready T")
            client.sends("Query ROLLBACK")
            server.gets("Query ROLLBACK")
            server.sends("Complete ROLLBACK", "Ready I")
            talk.settle()
            server.forget()
            client.forget()
            client.sends("Query RESET ALL")
            server.gets("Query RESET ALL")
            server.sends("Complete RESET", "Parameter client_encoding=UTF8", "Ready I")
            server.gets(Self.brings)
            bringBack(server)
            client.gets("Complete RESET", "Parameter client_encoding=LATIN1", "Ready I")
            // Who comes next does not find it.
            _ = talk.client()
            server.gets(ScriptedServer.brings("RESET \"client_encoding\""))
        }
    }

    @Test("So it is with DISCARD ALL")
    func discardAll() {
        latin { talk, client, server in
            client.sends("Query SET client_encoding = 'KOI8'")
            server.sends("Complete SET", "Parameter client_encoding=KOI8", "Ready I")
            client.gets("Complete SET", "Parameter client_encoding=KOI8", "Ready I")
            client.sends("Query DISCARD ALL")
            server.gets("Query SET client_encoding = 'KOI8'", "Query DISCARD ALL")
            server.sends("Complete DISCARD ALL", "Parameter client_encoding=UTF8", "Ready I")
            server.gets(Self.brings)
            bringBack(server)
            client.gets("Complete DISCARD ALL", "Parameter client_encoding=LATIN1", "Ready I")
            // The next, who came with nothing, does not find it so.
            _ = talk.client()
            server.gets(ScriptedServer.brings("RESET \"client_encoding\""))
        }
    }

    @Test("What a batch sets behind its RESET stays")
    func setAgain() {
        latin { talk, client, server in
            client.sends("Query RESET client_encoding; SET client_encoding = 'KOI8'")
            server.sends("Complete RESET", "Complete SET", "Parameter client_encoding=KOI8", "Ready I")
            client.gets("Complete RESET", "Complete SET", "Parameter client_encoding=KOI8", "Ready I")
            #expect(!server.received.contains(Self.brings))
        }
    }

    @Test("In a transaction it is part of that: ROLLBACK takes back both")
    func inTransaction() {
        latin { talk, client, server in
            client.sends("Query SET client_encoding = 'KOI8'")
            server.sends("Complete SET", "Parameter client_encoding=KOI8", "Ready I")
            client.sends("Query BEGIN", "Query RESET client_encoding")
            server.completes("BEGIN", "T")
            client.forget()
            server.sends("Complete RESET", "Parameter client_encoding=UTF8", "Ready T")
            bringBack(server, "T")
            client.gets("Complete RESET", "Parameter client_encoding=LATIN1", "Ready T")
            client.sends("Query ROLLBACK")
            server.sends("Complete ROLLBACK", "Parameter client_encoding=KOI8", "Ready I")
            client.gets("Complete ROLLBACK", "Parameter client_encoding=KOI8", "Ready I")
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets(
                ScriptedServer.brings("SELECT pg_catalog.set_config('client_encoding','KOI8',false)"),
                "Query SELECT 1"
            )
        }
    }

    @Test("In the extended protocol too; what is sent behind it waits")
    func extended() {
        latin { talk, client, server in
            let batch = ["Parse : RESET ALL", "Bind  < ()", "Execute /0", "Sync"]
            for message in batch { client.sends(message) }
            client.sends("Query INSERT INTO t VALUES (1)")
            talk.settle()
            #expect(!server.received.contains("Query INSERT INTO t VALUES (1)"))
            server.sends("Parsed", "Bound", "Complete RESET", "Parameter client_encoding=UTF8", "Ready I")
            talk.settle()
            #expect(server.received.last == Self.brings)
            bringBack(server)
            client.gets("Parsed", "Bound", "Complete RESET", "Parameter client_encoding=LATIN1", "Ready I")
            #expect(server.received.last == "Query INSERT INTO t VALUES (1)")
        }
    }

    @Test("Where a text may have taken its RESET back, only a value that is at its default is brought back")
    func uncertain() {
        latin { talk, client, server in
            client.sends("Query BEGIN; RESET client_encoding; ROLLBACK")
            server.sends("Complete BEGIN", "Complete RESET", "Complete ROLLBACK", "Ready I")
            talk.settle()
            #expect(server.received.last?.hasSuffix("WHERE s.source<>'session'") == true)
            server.sends("Columns v", "Complete SELECT 0", "Ready I")
            client.gets("Complete BEGIN", "Complete RESET", "Complete ROLLBACK", "Ready I")
        }
    }

    @Test("A RESET that fails brings nothing back; a transaction in which it cannot be brought back fails")
    func failures() {
        latin { talk, client, server in
            client.sends("Query RESET client_encoding")
            server.sends("Error 22023 no", "Ready I")
            client.gets("Error 22023 no", "Ready I")
            client.forget()
            client.sends("Query BEGIN", "Query RESET client_encoding")
            server.completes("BEGIN", "T")
            server.completes("RESET", "T")
            server.sends("Error 57014 canceled", "Ready E")
            client.gets("Complete BEGIN", "Ready T", "Complete RESET", "Error 57014 canceled", "Ready E")
        }
    }

    @Test("A client that is kept on its server gets its value back as well")
    func pinned() {
        latin { talk, client, server in
            client.sends("Query SELECT setseed(0.5)")
            server.answers("")
            talk.settle()
            client.forget()
            client.sends("Query RESET client_encoding")
            server.sends("Complete RESET", "Parameter client_encoding=UTF8", "Ready I")
            bringBack(server)
            client.gets("Complete RESET", "Parameter client_encoding=LATIN1", "Ready I")
        }
    }
}
