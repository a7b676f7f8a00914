@testable import ProxyCore
import ProxyTerms
import Testing

/// Statements that need a database to themselves.
struct DatabaseClaimTests {
    private static let statements = [
        "DROP DATABASE shop", "drop database \"shop\"", "ALTER DATABASE shop RENAME TO store",
        "ALTER DATABASE shop SET TABLESPACE fast", "CREATE DATABASE copy TEMPLATE shop",
        "DROP DATABASE shop WITH (FORCE)",
    ]

    /// In which database's pool a server is: all are opened under the client's own names.
    private func servers(_ talk: Conversation, user: String, on node: Int? = nil) -> [ScriptedServer] {
        talk.openServers(on: node).filter { $0.startup["user"] == user }
    }

    /// A conversation in which each database is one of its own.
    private func converse(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ script: (Conversation) throws -> Void
    ) rethrows {
        try ProxyCoreTests.converse(
            pool: { $0 = PoolOptions() },
            sourceLocation: sourceLocation
        ) { talk in try script(talk) }
    }

    /// Somebody has been in the database and left servers behind, on the primary and on the replica.
    private func leaveServers(_ talk: Conversation) {
        let guest = talk.client(user: "guest", database: "shop")
        guest.sends("Query SELECT 1")
        servers(talk, user: "guest", on: 1).first?.answers("1")
        guest.vanishes()
        #expect(servers(talk, user: "guest").count == 2)
        for server in servers(talk, user: "guest") { server.forget() }
    }

    @Test("What the proxy has there is closed, and the statement sent when it is gone", arguments: statements)
    func vacated(text: String) {
        converse { talk in
            leaveServers(talk)
            talk.shell.leavesCatalogs = false
            let admin = talk.client(user: "admin", database: "postgres")
            admin.sends("Query " + text)
            let own = servers(talk, user: "admin", on: 0)[0]
            #expect(own.received.isEmpty)
            #expect(talk.shell.vacatedCatalogs == ["shop"])
            let idle = servers(talk, user: "guest")
            for server in idle { server.gets("Terminate") }
            // Told good-bye, and still there.
            talk.engine.catalogVacated(database: "shop")
            talk.settle()
            #expect(own.received.isEmpty)
            for server in idle { server.vanishes("end") }
            own.gets("Query " + text)
            own.completes("DONE")
            admin.gets("Complete DONE", "Ready I")
            talk.pass(seconds: 0.2)
            #expect(talk.shell.vacatedCatalogs.isEmpty)
        }
    }

    @Test("In the extended protocol, also where the text was parsed before")
    func extended() {
        converse { talk in
            leaveServers(talk)
            let admin = talk.client(user: "admin", database: "postgres")
            let own = servers(talk, user: "admin", on: 0)[0]
            admin.sends("Parse s: DROP DATABASE shop", "Sync")
            own.gets("Parse howdah_0000000001: DROP DATABASE shop", "Sync")
            own.sends("Parsed", "Ready I")
            admin.gets("Parsed", "Ready I")
            #expect(servers(talk, user: "guest").count == 2)
            admin.sends("Bind <- s()", "Execute", "Sync")
            #expect(own.received.isEmpty)
            for server in servers(talk, user: "guest") { server.vanishes("end") }
            #expect(own.received.last == "Sync")
            own.sends("Bound", "Complete DROP DATABASE", "Ready I")
            admin.gets("Bound", "Complete DROP DATABASE", "Ready I")
        }
    }

    @Test("A session that does not end keeps the statement waiting as long as PostgreSQL would, and no longer")
    func limit() {
        converse { talk in
            leaveServers(talk)
            let admin = talk.client(user: "admin", database: "postgres")
            admin.sends("Query DROP DATABASE shop")
            let own = servers(talk, user: "admin", on: 0)[0]
            talk.pass(seconds: 4.5)
            #expect(own.received.isEmpty)
            talk.pass(seconds: 1)
            own.gets("Query DROP DATABASE shop")
            let error = "Error 55006 database \"shop\" is being accessed by other users"
            own.sends(error, "Ready I")
            admin.gets(error, "Ready I")
        }
    }

    @Test("A client of the proxy that is connected counts; while it has no server, one is opened for the node to see")
    func connectedClient() {
        converse { talk in
            let guest = talk.client(user: "guest", database: "shop")
            let admin = talk.client(user: "admin", database: "postgres")
            let own = servers(talk, user: "admin", on: 0)[0]
            // With a server: nothing is closed.
            admin.sends("Query DROP DATABASE shop")
            own.gets("Query DROP DATABASE shop")
            #expect(servers(talk, user: "guest").count == 1)
            let error = "Error 55006 database \"shop\" is being accessed by other users"
            own.sends(error, "Ready I")
            admin.gets(error, "Ready I")
            talk.pass(seconds: 0.2)
            servers(talk, user: "guest")[0].vanishes()
            admin.sends("Query DROP DATABASE shop")
            #expect(servers(talk, user: "guest").count == 1)
            own.gets("Query DROP DATABASE shop")
            own.sends(error, "Ready I")
            admin.gets(error, "Ready I")
            guest.vanishes()
        }
    }

    @Test("A forced DROP DATABASE ends the clients that are connected, as PostgreSQL does")
    func forced() {
        converse { talk in
            let guest = talk.client(user: "guest", database: "shop")
            let admin = talk.client(user: "admin", database: "postgres")
            let own = servers(talk, user: "admin", on: 0)[0]
            admin.sends("Query DROP DATABASE shop WITH (FORCE)")
            servers(talk, user: "guest")[0].vanishes("end")
            own.gets("Query DROP DATABASE shop WITH (FORCE)")
            guest.getsNothing()
            own.completes("DROP DATABASE")
            admin.gets("Complete DROP DATABASE", "Ready I")
            guest.getsError("Fatal 57P01 terminating connection due to administrator command")
            #expect(guest.isClosed)
        }
    }

    @Test("A client that leaves while its statement waits leaves nothing behind")
    func leaves() {
        converse { talk in
            leaveServers(talk)
            let admin = talk.client(user: "admin", database: "postgres")
            admin.sends("Query DROP DATABASE shop")
            admin.vanishes()
            // It would be carried out; taken out for good, as at the end of the process, it leaves nothing behind.
            #expect(talk.engine.databases.claims.count == 1)
            for client in talk.engine.clientTokens { talk.engine.closed(client, reason: "the end") }
            talk.settle()
            #expect(talk.shell.vacatedCatalogs.isEmpty)
            #expect(talk.engine.databases.claims.isEmpty)
        }
    }

    @Test("A cancel ends the wait, and gives back what was claimed")
    func cancelled() {
        converse { talk in
            leaveServers(talk)
            talk.shell.leavesCatalogs = false
            let admin = talk.client(user: "admin", database: "postgres")
            admin.sends("Query DROP DATABASE shop", "Query UPDATE t SET x = 1")
            admin.cancels()
            #expect(talk.cancels.isEmpty)
            #expect(talk.engine.databases.claims.isEmpty && talk.shell.vacatedCatalogs.isEmpty)
            admin.gets("Error 57014 canceling statement due to user request", "Ready I")
            let own = servers(talk, user: "admin", on: 0)[0]
            own.gets("Query UPDATE t SET x = 1")
            own.completes("UPDATE 1")
            admin.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("In a transaction it fails in any case: nothing is closed")
    func inTransaction() {
        converse { talk in
            leaveServers(talk)
            let admin = talk.client(user: "admin", database: "postgres")
            admin.sends("Query BEGIN", "Query DROP DATABASE shop")
            #expect(servers(talk, user: "guest").count == 2)
            let own = servers(talk, user: "admin", on: 0)[0]
            own.sends("Complete BEGIN", "Ready T", "Error 25001 cannot run inside a transaction block", "Ready E")
            admin.forget()
        }
    }
}
