import PostgresWire
@testable import ProxyCore
import Testing

/// From a client's first byte to its first ReadyForQuery (PostgreSQL documentation, 55.2.1).
struct StartupTests {
    @Test("Protocol 3.0: the server's parameters, a key of four bytes, ReadyForQuery")
    func oldProtocol() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            client.gets(
                "Authentication 0",
                "Parameter server_version=17.0",
                "Parameter in_hot_standby=off",
                "Key",
                "Ready I"
            )
            #expect(client.key?.secret.count == 4)
            #expect(talk.server(on: 0).startup == ["user": "app", "database": "app"])
        }
    }

    @Test("Protocol 3.2 has longer keys")
    func newProtocol() {
        converse { talk in
            let client = talk.client(version: .v3_2)
            #expect(client.key?.secret.count == 8)
        }
    }

    @Test("A version and options that nobody knows are negotiated down")
    func grease() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(
                ProtocolVersion(major: 3, minor: 9999),
                [("user", "app"), ("_pq_.test_protocol_negotiation", "1")]
            )
            client.gets(
                "Negotiate 2 1",
                "Authentication 0",
                "Parameter server_version=17.0",
                "Parameter in_hot_standby=off",
                "Key",
                "Ready I"
            )
            #expect(client.key?.secret.count == 8)
        }
    }

    @Test("Options alone are negotiated too, at the version that was asked for")
    func unknownOption() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("_pq_.x", "1"), ("_pq_.y", "")])
            talk.settle()
            #expect(client.received.first == "Negotiate 0 2")
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("Requests for encryption are answered N, one after the other, and the start-up follows")
    func encryption() {
        converse { talk in
            let client = talk.connect()
            client.asksForEncryption(5680)
            client.gets("Encryption N")
            client.asksForEncryption(5679)
            client.gets("Encryption N")
            client.sendsStartup(.v3_0, [("user", "app")])
            talk.settle()
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("The packet may come byte by byte")
    func inPieces() {
        converse { talk in
            talk.chunk = 1
            let client = talk.client()
            #expect(client.received.isEmpty)
            #expect(client.key != nil)
        }
    }

    @Test("The database is the user's where none is named")
    func database() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            talk.settle()
            #expect(client.received.last == "Ready I")
        }
    }

    @Test(
        "What is no start-up packet is refused, and the connection closed",
        arguments: [
            ([0, 0, 0, 7, 0, 3, 0], "invalid length of startup packet"),
            ([255, 255, 255, 255, 0], "invalid length of startup packet"),
            ([0, 0, 0x27, 0x11, 0, 3, 0, 0], "invalid length of startup packet"),
            ([0, 0, 0, 10, 0, 3, 0, 0, 0, 0], "invalid startup packet layout: expected terminator as last byte"),
            (
                [0, 0, 0, 8, 0, 2, 0, 0],
                "unsupported frontend protocol 2.0: server supports 3.0 to 3.2"
            ),
            ([0, 0, 0, 9, 0, 3, 0, 0, 0], "no PostgreSQL user name specified in startup packet"),
            (Array("GET / HTTP/1.1\r\n".utf8), "invalid length of startup packet"),
        ] as [([UInt8], String)]
    )
    func notStartup(bytes: [UInt8], message: String) {
        converse { talk in
            let neighbour = talk.client()
            let client = talk.connect()
            client.sends(bytes: bytes)
            #expect(client.messages.first?.field("M") == message)
            #expect(client.messages.first?.field("S") == "FATAL")
            #expect(client.messages.count == 1)
            #expect(client.isClosed)
            neighbour.sends("Sync")
            neighbour.gets("Ready I")
        }
    }

    @Test("A client that goes in the middle of its start-up leaves nothing behind")
    func goesEarly() {
        converse { talk in
            let client = talk.connect()
            client.sends(bytes: [0, 0, 0, 20, 0, 3])
            client.vanishes()
            #expect(talk.engine.inspect() == Engine.Inspection())
        }
    }

    @Test("Who does not come to the point is told so")
    func loginTimeout() {
        converse(options: { $0.clientLoginTimeout = 3_000_000 }) { talk in
            let client = talk.connect()
            talk.pass(seconds: 2.5)
            client.getsNothing()
            talk.pass(seconds: 2)
            let error = client.getsError("Fatal 08P01 canceling authentication due to timeout")
            #expect(error?.field("H") == "Raise client_login_timeout.")
            #expect(client.isClosed)
        }
    }

    @Test("max_client_connections")
    func tooManyClients() {
        converse(options: { $0.maximumClients = 1 }) { talk in
            let first = talk.client()
            let second = talk.connect()
            second.sendsStartup(.v3_0, [("user", "app")])
            let error = second.getsError("Fatal 53300 sorry, too many clients already")
            #expect(error?.field("H") == "Raise max_client_connections (now 1).")
            #expect(second.isClosed)
            first.sends("Terminate")
            let third = talk.client()
            third.sends("Sync")
            third.gets("Ready I")
        }
    }

    @Test("max_client_connections of a database")
    func tooManyOfDatabase() {
        converse(pool: { $0.maximumDatabaseClients = 1 }) { talk in
            let first = talk.client()
            let second = talk.connect()
            second.sendsStartup(.v3_0, [("user", "app"), ("database", "app")])
            talk.settle()
            let error = second.messages.last
            #expect(error?.asBackend == "Fatal 53300 too many connections for database \"app\"")
            #expect(error?.field("H") == "Raise max_client_connections (now 1) in [database app].")
            first.vanishes()
            _ = talk.client()
        }
    }

    @Test("A replication client gets a server of its own on the primary, which nobody else gets behind it")
    func replication() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app"), ("replication", "database")])
            talk.settle()
            #expect(client.received.last == "Ready I")
            client.forget()
            let server = talk.server(on: 0)
            #expect(server.startup["replication"] == "database")
            client.sends("Query IDENTIFY_SYSTEM")
            server.gets("Query IDENTIFY_SYSTEM")
            server.answers("7")
            client.gets("Columns v", "Row 7", "Complete SELECT 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            client.sends("Terminate")
            server.gets("Terminate")
            #expect(server.isClosed)
        }
    }

    @Test("A stream of a WAL sender ends with its client, however that leaves", arguments: [true, false])
    func streamEnds(saysGoodBye: Bool) {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app"), ("replication", "database")])
            talk.settle()
            client.forget()
            let server = talk.server(on: 0)
            client.sends("Query START_REPLICATION SLOT s LOGICAL 0/0")
            server.gets("Query START_REPLICATION SLOT s LOGICAL 0/0")
            server.sends("CopyBoth", "CopyData x")
            #expect(client.received.last == "CopyData x")
            #expect(!server.isClosed)
            if saysGoodBye { client.sends("Terminate") } else { client.endsSending() }
            talk.settle()
            #expect(server.isClosed)
            #expect(client.isClosed)
        }
    }

    @Test("One that the client has ended is over when the server says so, too")
    func streamIsEnded() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "app"), ("replication", "database")])
            talk.settle()
            client.forget()
            let server = talk.server(on: 0)
            client.sends("Query START_REPLICATION SLOT s LOGICAL 0/0")
            server.sends("CopyBoth", "CopyData x")
            client.forget()
            server.forget()
            client.sends("CopyData y", "CopyDone", "Query IDENTIFY_SYSTEM")
            #expect(server.received.prefix(2) == ["CopyData y", "CopyDone"])
            server.sends("CopyData z", "CopyDone", "Complete START_REPLICATION", "Ready I")
            client.gets("CopyData z", "CopyDone", "Complete START_REPLICATION", "Ready I")
            #expect(server.received.last == "Query IDENTIFY_SYSTEM")
        }
    }

    @Test("A replication client whose server is lost is told so, and goes with it")
    func lostReplication() {
        converse { talk in
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("replication", "true")])
            client.forget()
            talk.server(on: 0).vanishes("connection reset")
            client.getsError("Fatal 08006 connection reset")
            #expect(client.isClosed)
        }
    }

    @Test("What a node says of a wrong password or database is told in its own words")
    func refusedByNode() {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app"), ("database", "nosuch")])
            client.gets("Authentication 0")
            let server = talk.server(on: 0)
            server.sends("Fatal 3D000 database \"nosuch\" does not exist")
            client.getsError("Fatal 3D000 database \"nosuch\" does not exist")
            #expect(client.isClosed)
            #expect(server.isClosed)
        }
    }

    @Test("Settings of the start-up packet are given to the server before its parameters are told")
    func settings() {
        converse { talk in
            let client = talk.client(["application_name": "shop", "options": "-c work_mem=8MB"])
            client.gets("Authentication 0")
            let server = talk.server(on: 0)
            server.gets(
                ScriptedServer.brings(
                    "SELECT pg_catalog.set_config('application_name','shop',false),"
                        + "pg_catalog.set_config('work_mem','8MB',false)"
                )
            )
            server.sends("Columns a,b", "Row shop,8MB", "Parameter application_name=shop")
            server.completes("SELECT 1")
            client.gets(
                "Parameter server_version=17.0",
                "Parameter in_hot_standby=off",
                "Parameter application_name=shop",
                "Key",
                "Ready I"
            )
            // Another with the same settings needs no server.
            let second = talk.client(["work_mem": "8MB", "application_name": "shop"])
            second.sends("Sync")
            second.gets("Ready I")
            server.getsNothing()
        }
    }

    @Test("A setting that the server refuses is the client's error")
    func wrongSetting() {
        converse { talk in
            let client = talk.client(["work_mem": "a lot"])
            client.gets("Authentication 0")
            let server = talk.server(on: 0)
            server.gets(ScriptedServer.brings("SELECT pg_catalog.set_config('work_mem','a lot',false)"))
            server.sends("Error 22023 invalid value for parameter \"work_mem\": \"a lot\"", "Ready E")
            client.getsError("Fatal 22023 invalid value for parameter \"work_mem\": \"a lot\"")
            #expect(client.isClosed)
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
            let second = talk.client()
            second.sends("Sync")
            second.gets("Ready I")
        }
    }

    @Test("What is sent before the first ReadyForQuery waits for it")
    func early() {
        converse { talk in
            talk.acceptsConnections = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            client.gets("Authentication 0")
            client.sends("Query SELECT 1 /* howdah: primary */")
            talk.acceptConnections()
            talk.server(on: 0).gets("Query SELECT 1 /* howdah: primary */")
            talk.server(on: 0).answers("1")
            client.gets(
                "Parameter server_version=17.0",
                "Parameter in_hot_standby=off",
                "Key",
                "Ready I",
                "Columns v",
                "Row 1",
                "Complete SELECT 1",
                "Ready I"
            )
        }
    }
}
