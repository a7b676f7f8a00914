@testable import ProxyCore
import Testing

/// Who gets which server, who waits and for how long, when servers are opened and closed.
struct PoolTests {
    /// A client whose statement runs on the primary.
    private func busy(_ talk: Conversation, _ number: Int) -> ScriptedClient {
        let client = talk.client()
        client.sends("Query UPDATE t SET x = \(number)")
        return client
    }

    @Test(
        "The time of statements is counted from the message that ends a cycle to its ReadyForQuery, and outlives pools"
    )
    func queryTime() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let before = talk.engine.counters()
            talk.pass(seconds: 2)
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            let counted = talk.engine.counters()
            #expect(counted.queryTime - before.queryTime == 2_000_000)
            #expect(counted.transactions - before.transactions == 1)
            client.sends("Terminate")
            talk.pass(seconds: 1200)
            #expect(talk.engine.inspect().servers == 0)
            let after = talk.engine.counters()
            #expect(after.queryTime == counted.queryTime && after.transactions == counted.transactions)
            #expect(talk.engine.counters(of: "none") == PoolCounters())
        }
    }

    @Test("query_wait_timeout: 53300 that names the setting")
    func waitTimeout() {
        converse(pool: {
            $0.size = 1
            $0.queryWaitTimeout = 2_000_000
        }) { talk in
            _ = busy(talk, 1)
            let client = busy(talk, 2)
            talk.pass(seconds: 1.9)
            client.getsNothing()
            talk.pass(seconds: 0.2)
            let error = client.getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
            #expect(error?.field("D") == "All 1 servers of each node were in use.")
            #expect(
                error?.field("H")
                    == "Raise pool_size for database \"app\" or user \"app\", or keep transactions shorter."
            )
            // It may go on.
            client.sends("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("query_wait_timeout in the extended protocol and with a transaction begun")
    func waitTimeoutInTransaction() {
        converse(pool: {
            $0.size = 1
            $0.queryWaitTimeout = 1_000_000
        }) { talk in
            _ = busy(talk, 1)
            let client = talk.client()
            client.sends("Query BEGIN", "Parse : UPDATE t SET x = 2", "Bind <- ()", "Execute", "Sync")
            client.gets("Complete BEGIN", "Ready T")
            talk.pass(seconds: 1.2)
            client.getsError("Error 53300 no server became free within query_wait_timeout", ready: "E")
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("Where a connection failed, the error says so")
    func waitTimeoutReasons() {
        converse(options: { $0.serverLoginRetry = 60_000_000 }, pool: { $0.queryWaitTimeout = 1_000_000 }) { talk in
            let client = talk.client()
            talk.topologyBecomes(.unknown(reason: "down"), .up(.replica))
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.refuseConnections(to: 1)
            talk.pass(seconds: 1.2)
            let second = client.getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
            #expect(second?.field("D") == "The last connection to a server failed: connection refused")
        }
    }

    @Test("Who waits again after a cancelled wait waits behind the others, and each for its own time")
    func waitAgain() {
        converse(pool: {
            $0.size = 1
            $0.queryWaitTimeout = 3_000_000
        }) { talk in
            let first = busy(talk, 1)
            let again = busy(talk, 2)
            talk.pass(seconds: 1)
            let patient = busy(talk, 3)
            talk.pass(seconds: 1)
            again.cancels()
            again.getsError("Error 57014 canceling statement due to user request", ready: "I")
            again.sends("Query UPDATE t SET x = 4")
            let server = talk.server(on: 0)
            server.forget()
            server.completes("UPDATE 1")
            first.gets("Complete UPDATE 1", "Ready I")
            server.gets("Query UPDATE t SET x = 3")
            // And the time of one behind it does not hang on its own.
            let last = busy(talk, 5)
            again.cancels()
            again.forget()
            talk.pass(seconds: 2)
            again.sends("Query UPDATE t SET x = 6")
            talk.pass(seconds: 1.2)
            last.getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
            again.getsNothing()
            patient.getsNothing()
        }
    }

    @Test("The queue is fair, for reads and writes alike")
    func fair() {
        converse(nodes: 1, pool: { $0.size = 1 }) { talk in
            _ = busy(talk, 1)
            let reader = talk.client()
            reader.sends("Query SELECT 2")
            talk.pass(seconds: 0.1)
            _ = busy(talk, 3)
            talk.pass(seconds: 0.1)
            let late = talk.client()
            late.sends("Query SELECT 4")
            let server = talk.server(on: 0)
            server.gets("Query UPDATE t SET x = 1")
            server.completes("UPDATE 1")
            server.gets("Query SELECT 2")
            server.answers("2")
            server.gets("Query UPDATE t SET x = 3")
            server.completes("UPDATE 1")
            server.gets("Query SELECT 4")
        }
    }

    @Test("pool_size bounds the servers of a node, the ramp those that are being opened")
    func sizeAndRamp() {
        converse(pool: {
            $0.size = 5
            $0.connectRamp = 2
        }) { talk in
            let first = talk.client()
            talk.acceptsConnections = false
            let clients = (1...8).map { busy(talk, $0) }
            #expect(talk.openServers(on: 0).count == 3)
            talk.acceptConnections()
            talk.pass(seconds: 0.3)
            #expect(talk.openServers(on: 0).count == 5)
            #expect(talk.engine.inspect().waiting == 3)
            #expect(clients.count == 8)
            first.getsNothing()
        }
    }

    @Test("One client that waits has one server opened, however long that takes")
    func oneForOne() {
        converse { talk in
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.pass(seconds: 2)
            #expect(talk.openServers(on: 1).count == 1)
            let writer = busy(talk, 1)
            let second = busy(talk, 2)
            talk.pass(seconds: 2)
            #expect(talk.openServers(on: 0).count == 2)
            writer.getsNothing()
            second.getsNothing()
        }
    }

    @Test("reserve_pool_size is opened for who has waited reserve_pool_timeout")
    func reserve() {
        converse(pool: {
            $0.size = 1
            $0.reserveSize = 1
            $0.reserveTimeout = 2_000_000
        }) { talk in
            _ = busy(talk, 1)
            _ = busy(talk, 2)
            _ = busy(talk, 3)
            talk.pass(seconds: 1.5)
            #expect(talk.openServers(on: 0).count == 1)
            talk.pass(seconds: 1)
            #expect(talk.openServers(on: 0).count == 2)
            talk.pass(seconds: 3)
            #expect(talk.openServers(on: 0).count == 2)
            #expect(talk.engine.inspect().waiting == 1)
        }
    }

    @Test("min_pool_size is kept open on every node, within the other limits")
    func minimum() {
        converse(options: { $0.maximumServers = 3 }, pool: { $0.minimumSize = 2 }) { talk in
            let client = talk.client()
            talk.pass(seconds: 6)
            #expect(talk.openServers(on: 0).count + talk.openServers(on: 1).count == 3)
            client.getsNothing()
        }
        converse(pool: {
            $0.minimumSize = 2
            $0.serverIdleTimeout = 3_000_000
        }) { talk in
            let client = talk.client()
            talk.pass(seconds: 20)
            #expect(talk.openServers(on: 0).count == 2)
            #expect(talk.openServers(on: 1).count == 2)
            client.getsNothing()
        }
    }

    @Test("server_idle_timeout closes with Terminate")
    func idleTimeout() {
        converse(pool: { $0.serverIdleTimeout = 3_000_000 }) { talk in
            let client = talk.client()
            let server = talk.server(on: 0)
            talk.pass(seconds: 2)
            server.getsNothing()
            talk.pass(seconds: 3)
            server.gets("Terminate")
            #expect(server.isClosed)
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).gets("Query UPDATE t SET x = 1")
        }
    }

    @Test("server_lifetime closes free servers, and those in use when they come back")
    func lifetime() {
        converse(pool: { $0.serverLifetime = 3_000_000 }) { talk in
            let client = busy(talk, 1)
            let used = talk.server(on: 0)
            used.forget()
            talk.pass(seconds: 5)
            #expect(!used.isClosed)
            used.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            used.gets("Terminate")
            #expect(used.isClosed)
        }
    }

    @Test("max_server_connections: a free server of another pool gives way")
    func maximumServers() {
        converse(options: { $0.maximumServers = 1 }) { talk in
            let first = talk.client(user: "one")
            #expect(talk.openServers().count == 1)
            let second = talk.client(user: "two")
            second.sends("Query UPDATE t SET x = 1")
            talk.pass(seconds: 1)
            #expect(talk.openServers().count == 1)
            let server = talk.server(on: 0)
            #expect(server.startup["user"] == "two")
            server.gets("Query UPDATE t SET x = 1")
            // One that is in use does not.
            first.sends("Query UPDATE t SET x = 2")
            talk.pass(seconds: 1)
            server.getsNothing()
            server.completes("UPDATE 1")
            talk.pass(seconds: 1)
            talk.server(on: 0).gets("Query UPDATE t SET x = 2")
        }
    }

    @Test("Pools that nobody uses are forgotten")
    func unusedPools() {
        converse(pool: { $0.serverIdleTimeout = 2_000_000 }) { talk in
            for number in 0..<5 { talk.client(user: "user\(number)").vanishes() }
            #expect(talk.openServers().count == 5)
            talk.pass(seconds: 6)
            #expect(talk.engine.inspect() == Engine.Inspection())
            _ = talk.client(user: "user1")
        }
    }

    @Test("A node that refuses is left alone for server_login_retry; reads go to the other replica")
    func refusingNode() {
        converse(nodes: 3) { talk in
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            let first = talk.openServers().last?.node ?? 0
            #expect(first > 0)
            talk.refuseConnections(to: first)
            talk.acceptConnections()
            talk.pass(seconds: 0.3)
            talk.server(on: 3 - first).gets("Query SELECT 1")
        }
    }

    @Test("A node that goes down loses its free servers; reads fall back to the primary")
    func nodeDown() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let replica = talk.server(on: 1)
            replica.answers("1")
            client.forget()
            replica.forget()
            talk.topologyBecomes(.up(.primary), .unknown(reason: "down"))
            replica.gets("Terminate")
            client.sends("Query SELECT 2")
            talk.server(on: 0).gets("Query SELECT 2")
        }
    }

    @Test("A write waits through a change of primary")
    func promotion() {
        converse { talk in
            let client = talk.client()
            talk.topologyBecomes(.unknown(reason: "down"), .up(.replica))
            client.sends("Query UPDATE t SET x = 1")
            talk.pass(seconds: 3)
            client.getsNothing()
            talk.topologyBecomes(.unknown(reason: "down"), .up(.primary))
            talk.server(on: 1).gets("Query UPDATE t SET x = 1")
            talk.server(on: 1).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("Two primaries are none")
    func twoPrimaries() {
        converse { talk in
            let client = talk.client()
            talk.topologyBecomes(.up(.primary), .up(.primary))
            client.sends("Query UPDATE t SET x = 1")
            #expect(talk.engine.inspect().waiting == 1)
        }
    }

    @Test("client_idle_timeout and idle_transaction_timeout")
    func clientTimeouts() {
        converse(pool: {
            $0.clientIdleTimeout = 5_000_000
            $0.idleTransactionTimeout = 2_000_000
        }) { talk in
            let idle = talk.client()
            let inTransaction = talk.client()
            inTransaction.sends("Query BEGIN")
            inTransaction.gets("Complete BEGIN", "Ready T")
            let busy = busy(talk, 1)
            talk.pass(seconds: 4)
            inTransaction.getsError("Fatal 25P03 terminating connection due to idle-in-transaction timeout")
            idle.getsNothing()
            talk.pass(seconds: 3)
            idle.getsError("Fatal 57P05 terminating connection due to idle-session timeout")
            busy.getsNothing()
        }
    }

    @Test("drain: whoever stands at a boundary is let go, the others when they get there")
    func drain() {
        converse { talk in
            let idle = talk.client()
            let begun = talk.client()
            begun.sends("Query BEGIN")
            begun.gets("Complete BEGIN", "Ready T")
            let busy = busy(talk, 1)
            talk.engine.drain()
            let fatal = "Fatal 57P01 terminating connection due to administrator command"
            idle.getsError(fatal)
            busy.getsNothing()
            begun.getsNothing()
            talk.server(on: 0).completes("UPDATE 1")
            busy.gets("Complete UPDATE 1", "Ready I", fatal)
            begun.sends("Query COMMIT")
            talk.pass(seconds: 1.2)
            begun.gets("Complete COMMIT", "Ready I", fatal)
            #expect(talk.engine.isDrained)
        }
    }

    @Test("A free server goes to who has its settings already, past the first in the queue four times")
    func settingsFirst() {
        converse(pool: { $0.size = 1 }) { talk in
            // Each first log-in with such settings takes a server.
            let holder = talk.client(["work_mem": "8MB"])
            let server = talk.server(on: 0)
            server.answers("8MB")
            let stranger = talk.client(["work_mem": "9MB"])
            server.answers("9MB")
            let alike = (0..<6).map { _ in talk.client(["work_mem": "8MB"]) }
            for client in [holder, stranger] + alike {
                client.forget()
                client.sends("Query UPDATE t SET x = 1")
            }
            server.answers("8MB")
            server.completes("UPDATE 1")
            holder.gets("Complete UPDATE 1", "Ready I")
            for client in alike.prefix(4) {
                server.completes("UPDATE 1")
                client.gets("Complete UPDATE 1", "Ready I")
                stranger.getsNothing()
            }
            // It has stood back four times; the server has its settings then, and goes back for the others.
            server.answers("9MB")
            server.completes("UPDATE 1")
            stranger.gets("Complete UPDATE 1", "Ready I")
            server.answers("8MB")
            for client in alike.suffix(2) {
                server.completes("UPDATE 1")
                client.gets("Complete UPDATE 1", "Ready I")
            }
        }
    }
}
