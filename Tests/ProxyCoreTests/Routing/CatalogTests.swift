import Bytes
@testable import ProxyCore
import StatementRouting
import Testing

/// Catalog facts: whose are asked for, and what becomes of reads while they may be out of date.
struct CatalogTests {
    private static let catalog = DatabaseCatalog(
        facts: CatalogFacts(
            functions: [
                FunctionFact(
                    schema: "public",
                    name: "f",
                    minimumArguments: 0,
                    maximumArguments: 0,
                    volatility: .stable
                )
            ],
            relations: [],
            volatileOperators: [],
            volatileTypes: [],
            defaultSearchPath: SearchPath(setting: "public", user: "app"),
            generation: 1
        ),
        searchPath: "public",
        searchPathOfRole: [:]
    )

    @Test("A database is asked for once a server has logged in to it, and forgotten with its last pool")
    func wanted() {
        converse(pool: { $0.serverIdleTimeout = 5_000_000 }) { talk in
            talk.letsIn = false
            let nobody = talk.connect()
            nobody.sendsStartup(.v3_0, [("user", "app"), ("database", "made-up")])
            #expect(talk.shell.wantedCatalogs.isEmpty)
            talk.server(on: 0).sends("Fatal 3D000 database \"made-up\" does not exist")
            nobody.forget()
            talk.pass(seconds: 2)
            #expect(talk.shell.wantedCatalogs.isEmpty)
            talk.letsIn = true
            let client = talk.client()
            #expect(talk.shell.wantedCatalogs == ["app"])
            client.vanishes()
            talk.pass(seconds: 3)
            #expect(talk.shell.wantedCatalogs == ["app"])
            talk.pass(seconds: 5)
            #expect(talk.shell.wantedCatalogs.isEmpty)
            #expect(talk.engine.databases.catalogs.count == 0)
        }
    }

    @Test("Beyond max_catalogs a database is read by PostgreSQL's own functions alone")
    func limit() {
        var store = CatalogStore(limit: 2)
        let wanted = ["a", "a", "b", "c"].map { store.want($0) }
        #expect(wanted == [true, false, true, false])
        let (loaded, change) = (store.load("c", Self.catalog), store.noteChange("c"))
        #expect(!loaded && change == nil)
        let forgotten = [store.remove("a"), store.remove("a")]
        #expect(forgotten == [true, false])
        let later = (store.want("c"), store.load("c", Self.catalog))
        #expect(later == (true, true))
        #expect(store["c"].searchPath == "public")
    }

    @Test("Facts are out of date until a look has seen the last change")
    func outdated() {
        var store = CatalogStore(limit: 2)
        _ = (store.want("a"), store.want("b"))
        let first = store.noteChange("a") ?? 0
        let second = store.noteChange("a") ?? 0
        store.settle("a", first)
        #expect(store.isOutdated("a"))
        #expect(!store.isOutdated("b"))
        store.settle("a", second)
        #expect(!store.isOutdated("a"))
        // An answer that comes late takes nothing back.
        store.settle("a", first)
        #expect(!store.isOutdated("a"))
    }

    @Test("The look is asked for when the transaction is over; until it is made calls of functions are the primary's")
    func afterDDL() {
        converse { talk in
            talk.shell.catalog = Self.catalog
            talk.shell.settlesCatalogs = false
            let client = talk.client()
            let other = talk.client()
            let server = talk.server(on: 0)
            client.sends("Query BEGIN", "Query ALTER FUNCTION f() VOLATILE")
            server.sends("Complete BEGIN", "Ready T", "Complete ALTER FUNCTION", "Ready T")
            client.forget()
            #expect(talk.shell.catalogChanges.isEmpty)
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.forget()
            #expect(talk.shell.catalogChanges.count == 1)
            server.forget()
            other.sends("Query SELECT f()")
            server.gets("Query SELECT f()")
            server.answers("1")
            other.forget()
            other.sends("Query SHOW howdah.route")
            #expect(other.received.joined().contains("the schema has just changed"), "\(other.received)")
            other.forget()
            // What calls nothing is not concerned.
            other.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
            other.forget()
            talk.engine.catalogSettled(database: "app", change: talk.shell.catalogChanges[0])
            other.sends("Query SELECT f()")
            talk.server(on: 1).gets("Query SELECT f()")
            talk.server(on: 1).answers("1")
            other.forget()
        }
    }

    @Test("A server that is lost with DDL under way has its database looked at")
    func lost() {
        converse { talk in
            let client = talk.client()
            client.sends("Query CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
            talk.server(on: 0).vanishes()
            #expect(talk.shell.catalogChanges.count == 1)
            client.forget()
        }
    }

    @Test("Temporary objects are nothing that the facts tell of")
    func temporary() {
        converse { talk in
            let client = talk.client()
            client.sends("Query CREATE TEMP TABLE t (a int)")
            talk.server(on: 0).completes("CREATE TABLE")
            client.forget()
            #expect(talk.shell.catalogChanges.isEmpty)
            client.vanishes()
        }
    }
}
