import ProxyCore
import Testing

/// A primary that is lost: who waits, for how long, and what was running.
struct FailoverTests {
    private static let lost = NodeState.unknown(reason: "connection refused")

    // MARK: Waiting

    @Test("Writes wait for the next primary and go on in order; idle clients and readers notice nothing")
    func waits() {
        converse(nodes: 3, pool: { $0.size = 1 }) { talk in
            let idle = talk.client()
            let clients = (1...3).map { number in (talk.client(), "Query UPDATE t SET x = \(number)") }
            talk.topologyBecomes(Self.lost, .up(.replica), .up(.replica))
            for (client, text) in clients { client.sends(text) }
            let reader = talk.client()
            reader.sends("Query SELECT 1")
            talk.openServers().last { $0.received.last == "Query SELECT 1" }?.answers("1")
            reader.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            talk.pass(seconds: 5)
            for (client, _) in clients { client.getsNothing() }
            talk.topologyBecomes(Self.lost, .up(.primary), .up(.replica))
            for (client, text) in clients {
                let server = talk.openServers(on: 1).last { $0.received.last == text }
                server?.completes("UPDATE 1")
                client.gets("Complete UPDATE 1", "Ready I")
            }
            idle.getsNothing()
            #expect(talk.openServers(on: 0).isEmpty)
        }
    }

    @Test("A transaction of which only BEGIN was answered simply waits")
    func begun() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
            talk.topologyBecomes(Self.lost, .up(.replica))
            client.sends("Query UPDATE t SET x = 1")
            client.getsNothing()
            talk.topologyBecomes(Self.lost, .up(.primary))
            let server = talk.openServers(on: 1).last { $0.received.last == "Query UPDATE t SET x = 1" }
            server?.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete UPDATE 1", "Ready T")
            client.sends("Query COMMIT")
            server?.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
        }
    }

    @Test("failover_wait: 57P03 that tells what is known; query_wait_timeout is another matter")
    func failoverWait() {
        converse(
            options: {
                $0.failoverWait = 3_000_000
                $0.serverLoginRetry = 60_000_000
            },
            pool: { $0.queryWaitTimeout = 1_000_000 }
        ) { talk in
            let client = talk.client()
            talk.topologyBecomes(Self.lost, .up(.replica))
            talk.pass(seconds: 10)
            client.sends("Query UPDATE t SET x = 1")
            talk.pass(seconds: 2.8)
            client.getsNothing()
            talk.pass(seconds: 0.4)
            let error = client.getsError("Error 57P03 no primary takes writes", ready: "I")
            let detail = error?.field("D") ?? ""
            #expect(detail.contains("Node n0, the primary, was lost at 1970-01-01 00:00:00"), "\(detail)")
            #expect(detail.contains("connection refused"), "\(detail)")
            #expect(error?.field("H")?.contains("failover_wait") == true)
        }
    }

    @Test("When the primary is back, the wait for a free server begins anew")
    func waitTimesDoNotAddUp() {
        converse(pool: {
            $0.queryWaitTimeout = 1_000_000
            $0.size = 1
        }) { talk in
            let clients = (1...2).map { number in (talk.client(), "Query UPDATE t SET x = \(number)") }
            talk.topologyBecomes(Self.lost, .up(.replica))
            for (client, text) in clients { client.sends(text) }
            talk.pass(seconds: 5)
            talk.topologyBecomes(.up(.primary), .up(.replica))
            talk.pass(seconds: 0.8)
            for (client, _) in clients { client.getsNothing() }
            talk.pass(seconds: 0.4)
            clients[1].0.getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
            talk.server(on: 0).completes("UPDATE 1")
            clients[0].0.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("failover_queue: who comes too late is told at once")
    func queueIsBounded() {
        converse(options: { $0.failoverQueue = 2 }) { talk in
            let clients = (1...3).map { _ in talk.client() }
            talk.topologyBecomes(Self.lost, .up(.replica))
            for client in clients { client.sends("Query UPDATE t SET x = 1") }
            clients[0].getsNothing()
            clients[1].getsNothing()
            let error = clients[2].getsError("Error 57P03 no primary takes writes", ready: "I")
            #expect(error?.field("H")?.contains("failover_queue") == true)
            clients[2].sends("Parse : UPDATE t SET x = 1", "Bind <- ()", "Execute", "Sync")
            clients[2].getsError("Error 57P03 no primary takes writes", ready: "I")
            clients[2].sends("Query BEGIN", "Query UPDATE t SET x = 1")
            clients[2].gets("Complete BEGIN", "Ready T", "Error 57P03 no primary takes writes", "Ready E")
        }
    }

    @Test(
        "A primary that lets nobody in is waited for in the same way",
        arguments: [
            "refused", "Fatal 57P03 the database system is starting up",
            "Fatal 57P03 the database system is shutting down",
            "Fatal 57P01 terminating connection due to administrator command", "closed",
        ]
    )
    func refusal(how: String) {
        converse(
            options: { $0.failoverWait = 5_000_000 },
            pool: { $0.queryWaitTimeout = 1_000_000 }
        ) { talk in
            let client = talk.client()
            talk.server(on: 0).vanishes()
            talk.letsIn = false
            talk.acceptsConnections = how != "refused"
            client.sends("Query UPDATE t SET x = 1")
            func refuse() {
                switch how {
                case "refused": talk.refuseConnections(to: 0)
                case "closed": for server in talk.openServers(on: 0) { server.vanishes() }
                default: for server in talk.openServers(on: 0) { server.sends(how) }
                }
            }
            for _ in 0..<4 {
                refuse()
                talk.pass(seconds: 1.1)
            }
            client.getsNothing()
            #expect(talk.shell.suspects.contains(0) || how == "closed")
            talk.letsIn = true
            talk.acceptConnections()
            for server in talk.openServers(on: 0) where !server.isLetIn { server.letIn() }
            talk.pass(seconds: 1.1)
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("Too many connections are no outage: query_wait_timeout")
    func tooManyConnections() {
        converse(options: { $0.serverLoginRetry = 60_000_000 }, pool: { $0.queryWaitTimeout = 1_000_000 }) { talk in
            let client = talk.client()
            talk.server(on: 0).vanishes()
            talk.letsIn = false
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Fatal 53300 sorry, too many clients already")
            talk.pass(seconds: 1.2)
            let error = client.getsError("Error 53300 no server became free within query_wait_timeout", ready: "I")
            #expect(error?.field("D")?.contains("too many clients") == true)
        }
    }

    @Test("Without any node reads wait too")
    func readsWait() {
        converse(options: { $0.failoverWait = 2_000_000 }, pool: { $0.queryWaitTimeout = 1_000_000 }) { talk in
            let client = talk.client()
            talk.topologyBecomes(Self.lost, Self.lost)
            client.sends("Query SELECT 1")
            talk.pass(seconds: 1.5)
            client.getsNothing()
            talk.topologyBecomes(Self.lost, .up(.replica))
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            talk.topologyBecomes(Self.lost, Self.lost)
            client.sends("Query SELECT 1")
            talk.pass(seconds: 2.2)
            client.getsError("Error 57P03 no node takes reads", ready: "I")
        }
    }

    @Test("A wait for the primary can be cancelled; what a client has sent that leaves meanwhile is carried out")
    func cancelled() {
        converse { talk in
            let (first, second) = (talk.client(), talk.client())
            talk.topologyBecomes(Self.lost, .up(.replica))
            first.sends("Query UPDATE t SET x = 1")
            second.sends("Query UPDATE t SET x = 2")
            first.cancels()
            first.getsError("Error 57014 canceling statement due to user request", ready: "I")
            second.vanishes()
            talk.topologyBecomes(Self.lost, .up(.primary))
            let sent: [String] = talk.openServers(on: 1).reduce(into: []) { $0 += $1.received }
            #expect(sent.filter { $0.contains("UPDATE") } == ["Query UPDATE t SET x = 2"])
        }
    }

    // MARK: What was running

    /// A client in a transaction on node 0 that has updated once.
    private func inTransaction(_ talk: Conversation) -> (ScriptedClient, ScriptedServer) {
        let client = talk.client()
        client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
        let server = talk.server(on: 0)
        server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
        client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
        return (client, server)
    }

    @Test("Before its COMMIT a transaction has had no effect, and may be run again")
    func beforeCommit() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            client.sends("Query UPDATE t SET x = 2")
            server.vanishes()
            let error = client.getsError("Error 40001 the server was lost in the middle of the transaction", ready: "E")
            #expect(error?.field("D")?.contains("No COMMIT had been sent") == true)
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test(
        "With COMMIT sent its outcome is not known, and it is over",
        arguments: [
            ["Query COMMIT"], ["Parse : COMMIT", "Bind <- ()", "Execute", "Sync"], ["Query UPDATE t SET x = 2; COMMIT"],
            ["Query PREPARE TRANSACTION 'x'"], ["Query COMMIT AND CHAIN"],
        ]
    )
    func withCommit(messages: [String]) {
        converse { talk in
            let (client, server) = inTransaction(talk)
            for message in messages { client.sends(message) }
            server.vanishes()
            let isPlain = messages[0] == "Query COMMIT" || messages.count > 1
            let error = client.getsError(
                "Error 08007 the server was lost before it answered",
                ready: isPlain ? "I" : "E"
            )
            #expect(error?.field("D")?.contains("whether the transaction took effect is not known") == true)
            if !isPlain {
                client.sends("Query ROLLBACK")
                client.gets("Complete ROLLBACK", "Ready I")
            }
        }
    }

    @Test("A pipeline up to its COMMIT: each batch gets its error, and the transaction is over with the last")
    func pipelineWithCommit() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            client.sends("Query UPDATE t SET x = 2", "Query COMMIT")
            server.vanishes()
            let words = "Error 08007 the server was lost before it answered"
            client.gets(words, "Ready E", words, "Ready I")
        }
    }

    @Test("ROLLBACK that was not answered: nothing has taken effect")
    func withRollback() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            client.sends("Query ROLLBACK")
            server.vanishes()
            client.getsError("Error 40001 the server was lost in the middle of the transaction", ready: "I")
        }
    }

    @Test("After COMMIT AND CHAIN the next transaction is another: it has had no effect")
    func chained() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            client.sends("Query COMMIT AND CHAIN")
            server.sends("Complete COMMIT", "Ready T")
            client.gets("Complete COMMIT", "Ready T")
            server.vanishes()
            client.sends("Query UPDATE t SET x = 2")
            client.getsError("Error 40001 the server was lost in the middle of the transaction", ready: "E")
        }
    }

    @Test("A transaction that had failed already is told nothing more")
    func failedBefore() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            client.sends("Query SELECT 1/0")
            server.sends("Error 22012 division by zero", "Ready E")
            client.gets("Error 22012 division by zero", "Ready E")
            server.vanishes()
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
        }
    }

    @Test("A read-only transaction on a replica may be run again")
    func readOnly() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "Query SELECT 1")
            client.gets("Complete BEGIN", "Ready T")
            let server = talk.server(on: 1)
            server.sends("Complete BEGIN", "Ready T")
            server.answers("1", "T")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready T")
            client.sends("Query SELECT 2")
            server.vanishes()
            let error = client.getsError("Error 40001 the server was lost in the middle of the transaction", ready: "E")
            #expect(error?.field("D")?.contains("has only read") == true)
        }
    }

    @Test("Afterwards the client goes on with the next primary, with its settings and prepared statements")
    func goesOn() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SET work_mem = '9MB'", "Parse s: UPDATE t SET x = $1", "Sync")
            var server = talk.server(on: 0)
            server.sends("Complete SET", "Ready I")
            server = talk.server(on: 0)
            server.sends("Parsed", "Ready I")
            client.gets("Complete SET", "Ready I", "Parsed", "Ready I")
            client.sends("Bind <- s (1)", "Execute", "Sync")
            server.vanishes()
            client.getsError("Error 08007 the server was lost before it answered", ready: "I")
            talk.topologyBecomes(Self.lost, .up(.primary))
            client.sends("Bind <- s (2)", "Execute", "Sync")
            guard let next = talk.openServers(on: 1).last(where: { $0.received.last == "Sync" }) else {
                Issue.record("nobody got it")
                return
            }
            #expect(next.received.contains { $0.contains("work_mem") }, "\(next.received)")
            #expect(next.received.contains { $0.hasSuffix(": UPDATE t SET x = $1") }, "\(next.received)")
            next.sends("Columns v", "Row 9MB", "Complete SELECT 1", "Ready I")
            next.sends("Parsed", "Bound", "Complete UPDATE 1", "Ready I")
            client.gets("Bound", "Complete UPDATE 1", "Ready I")
        }
    }

    // MARK: Another primary

    @Test("What a former primary still runs is cut off when there is another")
    func formerPrimary() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            let writer = talk.client()
            writer.sends("Query UPDATE t SET x = 3")
            talk.topologyBecomes(.up(.replica), .up(.primary))
            #expect(server.isClosed)
            writer.getsError("Error 08007 the server was lost before it answered", ready: "I")
            client.sends("Query UPDATE t SET x = 2")
            let error = client.getsError("Error 40001 the server was lost in the middle of the transaction", ready: "E")
            #expect(error?.field("D")?.contains("not the primary any more") == true)
            client.sends("Query ROLLBACK")
            client.gets("Complete ROLLBACK", "Ready I")
            client.sends("Query UPDATE t SET x = 4")
            talk.openServers(on: 1).last { $0.received.last == "Query UPDATE t SET x = 4" }?.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("A primary that merely does not answer the checks runs on what it has")
    func unseenPrimary() {
        converse { talk in
            let (client, server) = inTransaction(talk)
            talk.topologyBecomes(Self.lost, .up(.replica))
            client.sends("Query COMMIT")
            server.completes("COMMIT")
            client.gets("Complete COMMIT", "Ready I")
        }
    }

    @Test("A primary that says at log-in that it is a standby gets no write")
    func demoted() {
        converse { talk in
            let client = talk.client()
            talk.server(on: 0).vanishes()
            talk.letsIn = false
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).letIn(isStandby: true)
            talk.settle()
            #expect(talk.openServers(on: 0).isEmpty)
            #expect(talk.shell.suspects.contains(0))
            client.getsNothing()
            talk.letsIn = true
            talk.topologyBecomes(.up(.replica), .up(.primary))
            talk.openServers(on: 1).last { $0.received.last == "Query UPDATE t SET x = 1" }?.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }
}
