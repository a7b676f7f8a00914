import ProxyCore
import Testing

/// Cancel requests reach the one statement that they mean (PostgreSQL documentation, 55.2.8).
struct CancelTests {
    @Test("The request goes to the node and the process that runs the statement")
    func reachesServer() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_sleep(100)")
            let server = talk.server(on: 1)
            client.cancels()
            #expect(talk.cancels.count == 1)
            #expect(talk.cancels.first?.node == 1)
            #expect(talk.cancels.first?.asks(for: server) == true)
            talk.cancels.first?.vanishes("closed")
            server.sends("Error 57014 canceling statement due to user request [ProcessInterrupts]", "Ready I")
            client.gets("Error 57014 canceling statement due to user request", "Ready I")
        }
    }

    @Test("Until the node has dealt with it, nobody else gets the server")
    func serverIsHeldBack() {
        converse(pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            let other = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            client.cancels()
            // The statement was over before the signal came.
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            server.forget()
            other.sends("Query UPDATE t SET x = 2")
            server.getsNothing()
            talk.cancels.first?.vanishes("closed")
            server.gets("Query UPDATE t SET x = 2")
            server.completes("UPDATE 1")
            other.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A cancel that cannot be brought, or is not answered, sets the server free too")
    func cancelFails() {
        converse(options: { $0.serverConnectTimeout = 2_000_000 }, pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            talk.acceptsConnections = false
            client.cancels()
            server.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0)
            talk.pass(seconds: 5)
            #expect(talk.engine.inspect().idleServers == 1)
            #expect(talk.engine.inspect().cancels == 0)
        }
    }

    @Test("A wrong key is ignored")
    func wrongKey() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_sleep(100)")
            let secret = client.key?.secret ?? []
            client.cancels(key: secret.map { $0 ^ 1 })
            client.cancels(key: secret + [0, 0])
            client.cancels(key: secret + secret)
            #expect(talk.cancels.isEmpty)
        }
    }

    @Test("The longer keys of protocol 3.2")
    func longKey() {
        converse { talk in
            let client = talk.client(version: .v3_2)
            client.sends("Query SELECT pg_sleep(100)")
            client.cancels()
            #expect(talk.cancels.count == 1)
        }
    }

    @Test("A client that runs nothing has nothing to cancel")
    func idle() {
        converse { talk in
            let client = talk.client()
            client.cancels()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.cancels()
            #expect(talk.cancels.isEmpty)
        }
    }

    @Test("A wait for a server is cancelled without one")
    func waiting() {
        converse(pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            let other = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            other.sends("Query UPDATE t SET x = 2", "Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
            other.cancels()
            #expect(talk.cancels.isEmpty)
            other.gets("Error 57014 canceling statement due to user request", "Ready I")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 0).forget()
            talk.server(on: 0).completes("UPDATE 1")
            talk.server(on: 0).getsNothing()
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A wait in the extended protocol is cancelled up to its Sync")
    func waitingExtended() {
        converse(pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            let other = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            other.sends("Parse : UPDATE t SET x = 2", "Bind <- ()", "Execute", "Sync", "Sync")
            other.cancels()
            other.gets("Error 57014 canceling statement due to user request", "Ready I", "Ready I")
        }
    }

    @Test("A client that goes while its statement runs: it is cancelled, and its server given up")
    func clientGoes() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            client.vanishes()
            talk.settle()
            #expect(server.isClosed)
            #expect(talk.cancels.first?.asks(for: server) == true)
        }
    }
}
