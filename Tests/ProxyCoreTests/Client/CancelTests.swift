import ProxyCore
import Testing

/// Cancel requests reach the one statement that they mean (PostgreSQL documentation, 55.2.8).
struct CancelTests {
    private func closed(_ peers: [ScriptedPeer]) -> Int {
        peers.reduce(0) { $0 + ($1.isClosed ? 1 : 0) }
    }

    @Test("The request goes to the node and the process that runs the statement")
    func reachesServer() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_sleep(100)")
            let server = talk.server(on: 1)
            let asking = client.cancels()
            #expect(talk.cancels.count == 1)
            #expect(talk.cancels.first?.node == 1)
            #expect(talk.cancels.first?.asks(for: server) == true)
            // Its end tells who has asked that the signal has been sent.
            #expect(!asking.isClosed)
            talk.cancels.first?.vanishes("closed")
            #expect(asking.isClosed)
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

    @Test("A wait for the primary's position is cancelled, and can be begun again")
    func locating() {
        converse { talk in
            let client = talk.client()
            for _ in 0..<2 {
                client.sends("Query SHOW howdah.position")
                client.getsNothing()
                client.cancels()
                client.gets("Error 57014 canceling statement due to user request", "Ready I")
            }
            #expect(talk.cancels.isEmpty)
            client.sends("Query SHOW howdah.position")
            let position = SessionPosition(position: WALPosition(rawValue: 0x3000), timeline: 1)
            let sample = PrimarySample(number: 1_000, position: position)
            talk.engine.freshnessReported(FreshnessReport(nodes: [NodeFreshness(), NodeFreshness()], newest: sample))
            talk.settle()
            client.gets("Columns howdah.position", "Row 0/3000@1", "Complete SHOW", "Ready I")
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

    @Test("Until the signal has been sent, the next batch waits; what belongs to the one that runs does not")
    func nextBatchWaits() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "CopyIn")
            server.forget()
            client.cancels()
            client.sends("CopyData 1\n")
            server.gets("CopyData 1\n")
            server.sends("Error 57014 canceling statement due to user request", "Ready E")
            client.sends("Query ROLLBACK")
            server.getsNothing()
            talk.cancels.first?.vanishes("closed")
            server.gets("Query ROLLBACK")
            server.completes("ROLLBACK")
        }
    }

    @Test("A node that does not deal with it holds the next batch for server_connect_timeout at most")
    func nextBatchWaitsNotForEver() {
        converse(options: { $0.serverConnectTimeout = 2_000_000 }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T")
            talk.acceptsConnections = false
            let asking = client.cancels()
            server.completes("UPDATE 1", "T")
            server.forget()
            client.sends("Query COMMIT")
            server.getsNothing()
            talk.pass(seconds: 4)
            #expect(asking.isClosed)
            server.gets("Query COMMIT")
            server.completes("COMMIT")
        }
    }

    @Test("A flood of requests: one at a time is brought to the node, and the others share the next")
    func flood() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1", "Query UPDATE t SET x = 2")
            let server = talk.server(on: 0)
            let asking = (0..<20).map { _ in client.cancels() }
            #expect(talk.cancels.count == 1)
            server.sends("Error 57014 canceling statement due to user request", "Ready I")
            talk.cancels.first?.vanishes("closed")
            // They came after the signal may have been sent: it is the second statement that they may mean.
            #expect(closed(asking) == 1)
            #expect(talk.cancels.count == 2)
            server.completes("UPDATE 1")
            talk.cancels.last?.vanishes("closed")
            #expect(closed(asking) == asking.count)
            #expect(talk.cancels.count == 2)
        }
    }

    @Test("Where nothing runs any more the others are let go with the first")
    func floodEnds() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let asking = (0..<5).map { _ in client.cancels() }
            talk.server(on: 0).completes("UPDATE 1")
            talk.cancels.first?.vanishes("closed")
            #expect(closed(asking) == asking.count)
            #expect(talk.cancels.count == 1)
        }
    }

    @Test("The server, or the node, is gone meanwhile", arguments: [true, false])
    func serverGone(isServer: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            talk.acceptsConnections = !isServer
            let asking = [client.cancels(), client.cancels()]
            talk.server(on: 0).vanishes()
            talk.acceptConnections()
            talk.cancels.first?.vanishes("connection refused")
            #expect(closed(asking) == asking.count)
        }
    }

    @Test("A statement that moves to another server for its second try takes the cancel along")
    func secondTry() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT * FROM v", "Query SELECT 2")
            let replica = talk.server(on: 1)
            client.cancels()
            replica.sends("Error 25006 cannot execute INSERT in a read-only transaction", "Ready I")
            talk.settle()
            #expect(client.received.first == "Error 57014 canceling statement due to user request")
            talk.cancels.first?.vanishes("closed")
            for server in talk.openServers(on: 0) { #expect(!server.received.contains("Query SELECT * FROM v")) }
            client.forget()
        }
    }

    @Test("The number and the secret of one that has left reach nobody")
    func late() {
        converse { talk in
            let client = talk.client()
            client.sends("Terminate")
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 1")
            #expect(other.key?.processID != client.key?.processID)
            client.cancels()
            #expect(talk.cancels.isEmpty)
        }
    }

    @Test("A client whose connection breaks while its read runs: it is cancelled, and its server given up")
    func clientGoes() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT pg_sleep(100)")
            let server = talk.server(on: 1)
            client.vanishes()
            talk.settle()
            #expect(server.isClosed)
            #expect(talk.cancels.first?.asks(for: server) == true)
        }
    }
}
