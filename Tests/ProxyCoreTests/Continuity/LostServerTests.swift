import ProxyCore
import Testing

/// Servers whose connection breaks, whatever they were doing.
struct LostServerTests {
    private static let lost = "Error 08007 the server was lost before it answered"
    private static let lostInTransaction = "Error 40001 the server was lost in the middle of the transaction"

    @Test("While it is idle: nobody notices")
    func idle() {
        converse { talk in
            let client = talk.client()
            talk.server(on: 0).vanishes()
            client.getsNothing()
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("While a write runs: not known whether it took effect, and not run again")
    func write() {
        converse { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Fatal 57P01 terminating connection due to administrator command")
            client.getsNothing()
            server.vanishes()
            let error = client.getsError(Self.lost, ready: "I")
            #expect(error?.field("D")?.contains("n0: terminating connection due to administrator command") == true)
            #expect(error?.field("H") != nil)
            #expect(!talk.openServers().contains { $0.received.contains("Query UPDATE t SET x = 1") })
        }
    }

    @Test(
        "A read behind what may write, or behind a COMMIT, does not make it one: nothing says that it can be run again",
        arguments: [
            ["Query UPDATE t SET x = 1", "Query SELECT 1 /* howdah: primary */"],
            ["Query BEGIN; UPDATE t SET x = 1; COMMIT", "Query SELECT 1 /* howdah: primary */"],
            ["Query INSERT INTO t VALUES (1)", "Query SHOW work_mem"],
        ]
    )
    func readBehindAWrite(texts: [String]) {
        converse { talk in
            let client = talk.client()
            client.sends(texts[0], texts[1])
            let server = talk.server(on: 0)
            #expect(server.received.suffix(2) == texts[...])
            server.vanishes()
            let errors = client.received.filter { $0.hasPrefix("Error") }
            #expect(errors.count == 2 && errors.allSatisfy { $0.hasPrefix(Self.lost) }, "\(errors)")
            client.forget()
        }
    }

    @Test("While a read runs on a replica: it runs elsewhere")
    func read() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            server.sends("Columns v")
            server.vanishes()
            client.getsNothing()
            let other = talk.server(on: 0)
            other.gets("Query SELECT 1")
            other.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            client.sends("Query SHOW howdah.route")
            #expect(client.received.contains { $0.contains("retried") || $0.contains("lost") }, "\(client.received)")
        }
    }

    /// A node that is shut down ends its servers one after the other: those that are free are of no use either.
    @Test("While a read runs on a replica that ends: it is not tried on that node's other servers")
    func endingNode() {
        converse(
            nodes: 3,
            pool: {
                $0.size = 4
                $0.readYourWrites = .eventual
            }
        ) { talk in
            let clients = (0..<8).map { _ in talk.client() }
            for client in clients { client.sends("Query SELECT 1") }
            let before = talk.openServers().filter { $0.node > 0 && $0.received.last == "Query SELECT 1" }
            #expect(before.count(where: { $0.node == 1 }) > 1 && before.count(where: { $0.node == 2 }) > 1)
            for server in before { server.answers("1") }
            for server in before { server.forget() }
            for client in clients { client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I") }
            clients[0].sends("Query SELECT 2")
            var tried: [Int] = []
            for _ in 0..<2 {
                guard let server = talk.openServers().last(where: { $0.received.last == "Query SELECT 2" }) else {
                    break
                }
                tried.append(server.node)
                server.sends("Fatal 57P01 terminating connection due to administrator command")
                server.vanishes()
            }
            #expect(tried.sorted() == [1, 2])
            let primary = talk.openServers(on: 0).last { $0.received.last == "Query SELECT 2" }
            primary?.answers("2")
            clients[0].gets("Columns v", "Row 2", "Complete SELECT 1", "Ready I")
            // The next batch may run on any again.
            clients[0].sends("Query SELECT 3")
            let next = talk.openServers().last { $0.received.last == "Query SELECT 3" }
            #expect(next.map { $0.node > 0 } == true)
        }
    }

    @Test("Where nothing else takes reads, it is tried on the same replica's next server")
    func onlyReplica() {
        converse(pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            talk.server(on: 1).vanishes()
            client.getsNothing()
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("The only other replica goes away before the second try: it waits for the first to come back")
    func otherGoes() {
        converse(nodes: 3, pool: { $0.readsOnPrimary = .never }) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            guard let first = talk.openServers().last(where: { $0.received.last == "Query SELECT 1" }) else {
                Issue.record("nobody got it")
                return
            }
            talk.letsIn = false
            for server in talk.openServers() where server.node > 0 { server.vanishes() }
            client.getsNothing()
            let down = NodeState.unknown(reason: "gone")
            let isFirst = first.node == 1
            talk.topologyBecomes(.up(.primary), isFirst ? .up(.replica) : down, isFirst ? down : .up(.replica))
            talk.letsIn = true
            for server in talk.openServers(on: first.node) where !server.isLetIn { server.letIn() }
            talk.settle()
            let again = talk.openServers(on: first.node).last { $0.received.last == "Query SELECT 1" }
            again?.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A free server that has said that it ends is not given to anybody")
    func saidGoodbye() {
        converse { talk in
            let client = talk.client()
            let server = talk.server(on: 0)
            server.sends("Fatal 57P01 terminating connection due to administrator command")
            #expect(server.isClosed)
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("While a read's rows arrive: an error that says that it can be run again")
    func rows() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            server.sends("Columns v", "Row 1")
            server.vanishes()
            client.gets(
                "Columns v",
                "Row 1",
                "Error 08006 the server was lost while its answer was being read",
                "Ready I"
            )
        }
    }

    @Test("In the middle of a message that has begun to leave: the client's connection ends too")
    func halfMessage() {
        converse { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            server.sends("Columns v")
            server.sends(bytes: [0x44, 0, 0, 1, 0, 0, 1])
            server.vanishes()
            #expect(client.isClosed)
        }
    }

    @Test("In a transaction, while a statement runs: the transaction is lost until its end")
    func transaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.sends("Query UPDATE t SET x = 2")
            server.vanishes()
            client.getsError(Self.lostInTransaction, ready: "E")
            client.sends("Parse : SELECT 1", "Bind <- ()", "Execute", "Sync")
            client.getsError(
                "Error 25P02 current transaction is aborted, commands ignored until end of transaction block",
                ready: "E"
            )
            client.sends("Query COMMIT")
            client.gets("Complete ROLLBACK", "Ready I")
            #expect(talk.openServers(on: 0).isEmpty)
        }
    }

    @Test("In a transaction, before its COMMIT: that tells, and the transaction is over", arguments: [false, true])
    func beforeCommit(isExtended: Bool) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            server.vanishes()
            if isExtended {
                client.sends("Parse : COMMIT", "Bind <- ()", "Execute", "Sync")
            } else {
                client.sends("Query COMMIT")
            }
            client.getsError(Self.lostInTransaction, ready: "I")
            client.sends("Query BEGIN")
            client.gets("Complete BEGIN", "Ready T")
        }
    }

    @Test(
        "In a transaction, between statements: the next one tells",
        arguments: ["Query UPDATE t SET x = 2", "Query SELECT 1"]
    )
    func idleInTransaction(next: String) {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            server.vanishes()
            client.getsNothing()
            client.sends(next)
            client.getsError(Self.lostInTransaction, ready: "E")
            client.sends("Parse : ROLLBACK", "Bind <- ()", "Execute", "Sync")
            client.gets("Parsed", "Bound", "Complete ROLLBACK", "Ready I")
        }
    }

    @Test("In a pipeline: each Sync and Query gets its ReadyForQuery")
    func pipeline() {
        converse { talk in
            let client = talk.client()
            client.sends(
                "Query UPDATE t SET x = 1",
                "Parse s: UPDATE t SET x = 2",
                "Bind <- s ()",
                "Execute",
                "Sync",
                "Query UPDATE t SET x = 3"
            )
            let server = talk.server(on: 0)
            server.sends("Complete UPDATE 1", "Ready I", "Parsed")
            server.vanishes()
            client.gets("Complete UPDATE 1", "Ready I", "Parsed", Self.lost, "Ready I", Self.lost, "Ready I")
            // Its Parse was confirmed: the name is taken.
            client.sends("Parse s: UPDATE t SET x = 2", "Sync")
            talk.server(on: 0).gets("Parse s: ", "Parse s: UPDATE t SET x = 2", "Sync", "Close S s", "Sync")
        }
    }

    @Test("In the middle of a batch: the rest up to Sync is dropped")
    func batch() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : UPDATE t SET x = 1", "Bind <- ()", "Execute", "Flush")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound")
            client.gets("Parsed", "Bound")
            server.vanishes()
            client.getsError(Self.lost)
            client.sends("Bind <- ()", "Execute")
            client.getsNothing()
            client.sends("Sync")
            client.gets("Ready I")
        }
    }

    @Test("In COPY FROM STDIN: an error, and what comes of the copy is ignored")
    func copyIn() {
        converse { talk in
            let client = talk.client()
            client.sends("Query COPY t FROM STDIN")
            let server = talk.server(on: 0)
            server.sends("CopyIn")
            client.gets("CopyIn")
            client.sends("CopyData 1\n")
            server.vanishes()
            client.getsError(Self.lost, ready: "I")
            client.sends("CopyData 2\n", "CopyDone", "Query UPDATE t SET x = 1")
            talk.server(on: 0).gets("Query UPDATE t SET x = 1")
        }
    }

    @Test("While it was being cleaned for the next client: that one gets another")
    func cleaning() {
        converse(pool: { $0.size = 1 }) { talk in
            let client = talk.client()
            client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            let server = talk.server(on: 0)
            server.sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            client.vanishes()
            server.forget()
            talk.settle()
            let other = talk.client()
            other.sends("Query UPDATE t SET x = 2")
            #expect(talk.engine.inspect().waiting == 1)
            server.vanishes()
            talk.server(on: 0).gets("Query UPDATE t SET x = 2")
        }
    }

    @Test("While it logs in: the next is tried after a pause, and the wait goes on")
    func loggingIn() {
        converse { talk in
            talk.letsIn = false
            let client = talk.connect()
            client.sendsStartup(.v3_0, [("user", "app")])
            talk.server(on: 0).vanishes()
            #expect(talk.openServers().isEmpty)
            talk.letsIn = true
            talk.pass(seconds: 1.5)
            talk.settle()
            #expect(client.received.last == "Ready I")
        }
    }

    @Test("With its Parse the unnamed statement is gone, the one before it too")
    func unnamed() {
        converse { talk in
            let client = talk.client()
            client.sends("Parse : SELECT 1", "Sync")
            let replica = talk.server(on: 1)
            replica.gets("Parse : SELECT 1", "Sync")
            replica.sends("Parsed", "Ready I")
            client.gets("Parsed", "Ready I")
            client.sends("Parse : UPDATE t SET x = 1", "Sync")
            let server = talk.server(on: 0)
            server.gets("Parse : UPDATE t SET x = 1", "Sync")
            server.vanishes()
            _ = client.getsError(Self.lost, ready: "I")
            client.sends("Bind <- ()", "Sync")
            replica.gets("Close S", "Bind <- ()", "Sync")
            replica.sends("Closed", "Error 26000 unnamed prepared statement does not exist", "Ready I")
            client.gets("Error 26000 unnamed prepared statement does not exist", "Ready I")
        }
    }

    @Test(
        "In a batch that has failed already: no second error, and the rest up to Sync is dropped",
        arguments: [false, true]
    )
    func failedBatch(isInTransaction: Bool) {
        converse { talk in
            let client = talk.client()
            if isInTransaction {
                client.sends("Query BEGIN", "Query UPDATE t SET x = 1")
                talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
                client.forget()
            }
            client.sends("Parse : UPDATE t SET x = 1 / 0", "Bind <- ()", "Execute", "Flush")
            let server = talk.server(on: 0)
            server.sends("Parsed", "Bound", "Error 22012 division by zero")
            client.gets("Parsed", "Bound", "Error 22012 division by zero")
            server.vanishes()
            client.getsNothing()
            client.sends("Sync")
            client.gets(isInTransaction ? "Ready E" : "Ready I")
            client.sends("Query ROLLBACK")
            if isInTransaction { client.gets("Complete ROLLBACK", "Ready I") }
        }
    }
}
