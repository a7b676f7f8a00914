import PostgresWire
@testable import ProxyCore
import Testing

/// Log-ins that servers refuse: who is told at once, in the server's words, and who waits on.
struct LoginRefusalTests {
    static let forGood = [
        "42501 permission denied for database \"app\" [CheckMyDatabase]",
        "55000 database \"app\" is not currently accepting connections [CheckMyDatabase]",
        "53300 too many connections for role \"app\" [InitializeSessionUserId]",
        "53300 too many connections for database \"app\" [CheckMyDatabase]",
        "28000 role \"app\" is not permitted to log in [InitializeSessionUserId]",
        "28P01 password authentication failed for user \"app\" [auth_failed]",
        "3D000 database \"app\" does not exist [InitPostgres]",
        "22023 invalid value for parameter \"x\" [set_config_option]",
    ]

    /// What the server said, as the client is told it.
    private func told(_ words: String, _ severity: String) -> String {
        severity + " " + (words.split(separator: "[").first.map { String($0.dropLast()) } ?? "")
    }

    @Test("What concerns the user or the database is the client's FATAL error at once", arguments: forGood)
    func atLogin(words: String) {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            client.gets("Authentication 0")
            talk.server(on: 0).sends("Fatal " + words)
            client.getsError(told(words, "Fatal"))
            #expect(client.isClosed)
            // Nobody waits: nobody asks again.
            talk.pass(seconds: 3)
            #expect(talk.openServers().isEmpty)
            #expect(talk.servers.count == 1)
            // It has been mended: the next one gets in, without a pause.
            talk.letsIn = true
            let next = talk.client()
            next.sends("Sync")
            next.gets("Ready I")
        }
    }

    @Test("A client that logs in has the server asked at once, though another was refused a moment ago")
    func askedAnew() {
        converse { talk in
            talk.letsIn = false
            for number in 1...3 {
                let client = talk.connect()
                client.sendsStartup(.v3_0, [("user", "app")])
                client.gets("Authentication 0")
                #expect(talk.servers.count == number)
                talk.server(on: 0).sends("Fatal 42501 permission denied for database")
                client.getsError("Fatal 42501 permission denied for database")
            }
        }
    }

    @Test("Many at once are refused by one attempt")
    func together() {
        converse(pool: { $0.connectRamp = 1 }) { talk in
            talk.letsIn = false
            let clients = (0..<10).map { _ in
                let client = talk.connect()
                client.sendsStartup(.v3_0, [("user", "app")])
                client.gets("Authentication 0")
                return client
            }
            talk.server(on: 0).sends("Fatal 28P01 wrong")
            for client in clients { client.getsError("Fatal 28P01 wrong") }
            #expect(talk.servers.count == 1)
        }
    }

    @Test(
        "What passes is waited for",
        arguments: [
            "53300 sorry, too many clients already [InitProcess]",
            "53300 remaining connection slots are reserved for roles with the SUPERUSER attribute [InitPostgres]",
            "57P03 the database system is starting up", "53200 out of memory", "58000 could not open file",
        ]
    )
    func passing(words: String) {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            client.gets("Authentication 0")
            talk.server(on: 0).sends("Fatal " + words)
            client.getsNothing()
            talk.letsIn = true
            talk.pass(seconds: 1.2)
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("A client that is in gets an error for its statement at once where no server of its pool is left")
    func ofStatement() {
        converse { talk in
            let client = talk.client()
            talk.server(on: 0).vanishes()
            talk.letsIn = false
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Fatal 28000 role \"app\" is not permitted to log in")
            client.getsError("Error 28000 role \"app\" is not permitted to log in", ready: "I")
            // Its next one asks nobody within the pause: the answer is a second old at most.
            client.sends("Query UPDATE t SET x = 2")
            client.getsError("Error 28000 role \"app\" is not permitted to log in", ready: "I")
            #expect(talk.servers.count == 2)
            talk.letsIn = true
            talk.pass(seconds: 1)
            client.sends("Query UPDATE t SET x = 3")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("Who waits while a server of the pool still works is not refused")
    func othersWork() {
        converse { talk in
            let first = talk.client()
            let second = talk.client()
            first.sends("Query UPDATE t SET x = 1")
            talk.letsIn = false
            second.sends("Query UPDATE t SET x = 2")
            let working = talk.servers[0]
            talk.openServers(on: 0).last?.sends("Fatal 28000 role \"app\" is not permitted to log in")
            second.getsNothing()
            working.forget()
            working.completes("UPDATE 1")
            first.gets("Complete UPDATE 1", "Ready I")
            working.gets("Query UPDATE t SET x = 2")
            working.completes("UPDATE 1")
            second.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A limit that connections of the proxy's own have used up: a free one of another pool gives way")
    func ownConnections() {
        converse { talk in
            let other = talk.client(database: "other")
            other.sends("Sync")
            other.gets("Ready I")
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            client.gets("Authentication 0")
            let words = "Fatal 53300 too many connections for role \"app\" [InitializeSessionUserId]"
            talk.openServers(on: 0).last?.sends(words)
            client.getsNothing()
            #expect(talk.openServers().isEmpty)
            talk.letsIn = true
            talk.pass(seconds: 1.2)
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("Replicas that do not know the user yet: the read is the primary's")
    func replicasRefuse() {
        converse(nodes: 3) { talk in
            let client = talk.client()
            talk.letsIn = false
            client.sends("Query SELECT 1")
            for _ in 0..<2 {
                talk.openServers().first { $0.node > 0 }?.sends("Fatal 28000 role \"app\" does not exist")
                talk.settle()
            }
            talk.server(on: 0).gets("Query SELECT 1")
            talk.server(on: 0).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            // Not asked again within the pause.
            client.sends("Query SELECT 1")
            talk.server(on: 0).gets("Query SELECT 1")
            talk.server(on: 0).answers("1")
            client.forget()
            #expect(talk.servers.count == 3)
            talk.letsIn = true
            talk.pass(seconds: 1.1)
            client.sends("Query SELECT 1")
            #expect(talk.openServers().contains { $0.node > 0 && $0.received.last == "Query SELECT 1" })
        }
    }

    @Test("reads_on_primary = never: where every replica refuses, so is the read")
    func neverOnPrimary() {
        converse(nodes: 2, pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            talk.letsIn = false
            client.sends("Query SELECT 1")
            talk.server(on: 1).sends("Fatal 28000 role \"app\" does not exist")
            client.getsError("Error 28000 role \"app\" does not exist", ready: "I")
        }
    }

    @Test("A replication client is refused in the server's words, whatever they are")
    func replication() {
        converse { talk in
            for words in [
                "42501 permission denied to start WAL sender",
                "53300 number of requested standby connections exceeds \"max_wal_senders\" (currently 10)",
            ] {
                talk.letsIn = false
                let client = talk.connect()
                client.sendsStartup(.v3_0, [("user", "app"), ("replication", "database")])
                client.gets("Authentication 0")
                talk.server(on: 0).sends("Fatal " + words)
                client.getsError("Fatal " + words)
                #expect(client.isClosed)
            }
        }
    }

    @Test("A server that cannot be logged in to for want of a password: the client is told what is missing")
    func noSecret() {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            client.gets("Authentication 0")
            var builder = MessageBuilder()
            builder.message(BackendTag.authentication) { body in
                body.int32(10)
                body.string("SCRAM-SHA-256")
                body.byte(0)
            }
            talk.server(on: 0).sends(bytes: builder.bytes)
            talk.settle()
            #expect(client.messages.first?.field("C") == "28P01", "\(client.received)")
            #expect(client.messages.first?.field("M")?.contains("auth_file has no secret for user") == true)
            #expect(client.messages.first?.field("H")?.contains("auth_file") == true)
            #expect(client.isClosed)
            client.forget()
        }
    }

    @Test("A server that does not speak the protocol is not waited for either")
    func violation() {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            client.gets("Authentication 0")
            talk.server(on: 0).sends("Columns a")
            client.getsError("Fatal 08P01 the server sent a message of type 84 while it let us in")
        }
    }
}
