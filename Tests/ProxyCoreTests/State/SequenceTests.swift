import StatementRouting
import Testing

@testable import ProxyCore

/// currval and lastval give what the session has used, never what another has.
struct SequenceTests {
    private static let currval = "SELECT currval('s')"
    private static let forget = "Query BEGIN ISOLATION LEVEL READ COMMITTED;DISCARD SEQUENCES;COMMIT"

    /// The table `numbered` has a serial column.
    private func talkOfSequences(_ body: (Conversation) -> Void) {
        converse { talk in
            let facts = CatalogFacts(
                functions: [],
                relations: [],
                sequenceWriters: [SequenceWriterFact(schema: "public", name: "numbered", isByAnyWrite: false)],
                defaultSearchPath: SearchPath(schemas: ["public"]),
                generation: 1
            )
            // Only of databases to which somebody has come.
            _ = talk.client()
            let catalog = DatabaseCatalog(facts: facts, searchPath: "public", searchPathOfRole: [:])
            talk.engine.catalogLoaded(database: "app", catalog)
            body(talk)
        }
    }

    private func run(_ text: String, _ client: ScriptedClient, on server: () -> ScriptedServer, status: String = "I") {
        client.sends("Query \(text)")
        server().gets("Query \(text)")
        server().answers("1", status)
        client.forget()
    }

    @Test("Who has inserted gets its value, though nobody has asked before, and keeps the server from then on")
    func ownValue() {
        talkOfSequences { talk in
            let client = talk.client()
            run("INSERT INTO numbered DEFAULT VALUES", client, on: { talk.server(on: 0) })
            #expect(talk.engine.inspect().idleServers == 1)
            run(Self.currval, client, on: { talk.server(on: 0) })
            #expect(talk.engine.inspect().idleServers == 0)
        }
    }

    @Test("It is on the server where the client has inserted, whichever was used last")
    func ownServer() {
        talkOfSequences { talk in
            let client = talk.client()
            let other = talk.client()
            client.sends("Query INSERT INTO numbered DEFAULT VALUES")
            other.sends("Query INSERT INTO t VALUES (1)")
            let servers = talk.openServers(on: 0)
            #expect(servers.count == 2)
            for server in servers {
                server.forget()
                server.answers("1")
            }
            let own = servers[0]
            run("INSERT INTO t VALUES (2)", other, on: { servers[1] })
            run(Self.currval, client, on: { own })
        }
    }

    @Test("Where another has written since, everything is forgotten before it is asked for")
    func another() {
        talkOfSequences { talk in
            let client = talk.client()
            let other = talk.client()
            run("INSERT INTO numbered DEFAULT VALUES", client, on: { talk.server(on: 0) })
            run("INSERT INTO numbered DEFAULT VALUES", other, on: { talk.server(on: 0) })
            client.sends("Query \(Self.currval)")
            talk.server(on: 0).gets(Self.forget, "Query \(Self.currval)")
        }
    }

    @Test(
        "In a transaction another's value is forgotten, also behind an INSERT, which may have moved none",
        arguments: [true, false]
    )
    func transaction(inserts: Bool) {
        talkOfSequences { talk in
            let client = talk.client()
            let other = talk.client()
            run("INSERT INTO numbered DEFAULT VALUES", other, on: { talk.server(on: 0) })
            let server = talk.server(on: 0)
            client.sends("Query BEGIN")
            client.forget()
            let first = inserts ? "INSERT INTO numbered DEFAULT VALUES" : "SELECT a FROM t"
            client.sends("Query \(first)")
            server.gets("Query BEGIN", "Query \(first)")
            server.completes("BEGIN", "T")
            server.answers("1", "T")
            client.forget()
            client.sends("Query \(Self.currval)")
            server.gets("Query DISCARD SEQUENCES", "Query \(Self.currval)")
        }
    }

    @Test("Once somebody asks, only who may move a sequence keeps its server")
    func pins() {
        talkOfSequences { talk in
            let asking = talk.client()
            run("INSERT INTO numbered DEFAULT VALUES", asking, on: { talk.server(on: 0) })
            run(Self.currval, asking, on: { talk.server(on: 0) })
            run("DISCARD SEQUENCES", asking, on: { talk.server(on: 0) })
            let client = talk.client()
            for text in ["INSERT INTO t VALUES (1)", "UPDATE numbered SET a = 1", "DELETE FROM numbered"] {
                run(text, client, on: { talk.openServers(on: 0).last! })
                #expect(talk.engine.inspect().idleServers == 1, "\(text)")
            }
        }
    }
}
