@testable import ProxyCore
import ProxyTerms
import Testing

/// Pinned clients whose plain reads run on replicas (`pinned_reads = replica`).
struct PinnedReadsTests {
    private static let lock = "SELECT pg_advisory_lock(1)"
    private static let read = "Query SELECT a FROM item"
    private static let answer = ["Columns v", "Row 1", "Complete SELECT 1", "Ready I"]

    private func pinned(
        nodes: Int = 2,
        options: (inout EngineOptions) -> Void = { _ in },
        pool change: (inout PoolOptions) -> Void = { _ in },
        by text: String = lock,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ script: (Conversation, ScriptedClient, _ own: ScriptedServer, _ replica: ScriptedServer) -> Void
    ) {
        converse(
            nodes: nodes,
            options: options,
            pool: {
                $0.pinnedReads = .replica
                change(&$0)
            },
            sourceLocation: sourceLocation
        ) { talk in
            let client = talk.client()
            client.sends(Self.read)
            let replica = talk.openServers().last { $0.received.last == Self.read } ?? talk.server(on: 1)
            replica.answers("1")
            replica.forget()
            let own = pin(talk, client, text)
            script(talk, client, own, replica)
        }
    }

    /// Pins the client; the server says that the reason is there.
    private func pin(_ talk: Conversation, _ client: ScriptedClient, _ text: String) -> ScriptedServer {
        client.sends("Query \(text)")
        let own = talk.server(on: 0)
        own.answers("")
        if own.received.count > 1 { own.answers("\(PinReason.temporaryObject.bit | PinReason.advisoryLock.bit)") }
        own.forget()
        client.forget()
        return own
    }

    @Test("A read goes to the replica, all else to the client's own server, and nobody else gets that")
    func reads() {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            #expect(talk.engine.inspect().idleServers == 0)
            replica.answers("1")
            client.gets(words: Self.answer)
            #expect(talk.engine.inspect().idleServers == 1)
            client.sends("Query SHOW howdah.route")
            client.gets(
                "Columns howdah.route",
                "Row n1 (replica): a read to which the session's pin does not matter",
                "Complete SHOW",
                "Ready I"
            )
            client.sends("Query UPDATE item SET a = 2")
            own.gets("Query UPDATE item SET a = 2")
            own.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            client.sends("Query BEGIN", Self.read)
            own.gets("Query BEGIN", Self.read)
            replica.getsNothing()
        }
    }

    @Test("Who leaves behind a read leaves no server behind that has answered meanwhile")
    func leavesBehindRead() {
        pinned { talk, client, own, replica in
            client.sends("Query SELECT pg_advisory_unlock(1)")
            own.gets("Query SELECT pg_advisory_unlock(1)")
            own.answers("t")
            own.gets("Query " + PinReason.probe(for: [.advisoryLock]))
            client.sends(Self.read, "Terminate")
            replica.gets(Self.read)
            own.answers("\(PinReason.advisoryLock.bit)")
            own.getsNothing()
            replica.answers("1")
            own.gets("Query DISCARD ALL")
            own.completes("DISCARD ALL")
            #expect(talk.engine.inspect().idleServers == 2)
        }
    }

    @Test("With pinned_reads = primary all stays")
    func switchedOff() {
        pinned(pool: { $0.pinnedReads = .primary }) { _, client, own, replica in
            client.sends(Self.read)
            own.gets(Self.read)
            replica.getsNothing()
        }
    }

    @Test(
        "What is no plain read, or hangs on its session, stays",
        arguments: [
            "SELECT a FROM item /* howdah: primary */", "SELECT a FROM item FOR UPDATE", "SELECT 1; SELECT 2",
            "SELECT nosuch(1)", "SELECT nextval('s')", "FETCH c", "SELECT * FROM pg_locks",
            "SELECT relname FROM pg_class", "SELECT 'item'::regclass", "SELECT pg_my_temp_schema()",
            "SELECT to_regclass('item')", "SET work_mem = '1MB'", "SELECT currval('s')",
            "EXPLAIN ANALYZE DELETE FROM t",
            "SELECT pg_temp.f()", "LOCK TABLE item", "COMMIT",
        ]
    )
    func stays(text: String) {
        pinned { _, client, own, replica in
            client.sends("Query \(text)")
            #expect(own.received.last == "Query \(text)")
            replica.getsNothing()
        }
    }

    @Test(
        "A temporary table keeps the reads that may name it, and code all",
        arguments: [
            ("CREATE TEMPORARY TABLE x (a int)", "SELECT a FROM item", true),
            ("CREATE TEMPORARY TABLE x (a int)", "SELECT a FROM x", false),
            ("CREATE TEMPORARY TABLE x (a int)", "SELECT a FROM public.x", false),
            ("CREATE TEMPORARY TABLE x (a int)", "SELECT a FROM item JOIN LATERAL (SELECT 1 FROM x) y ON true", false),
            ("CREATE TEMPORARY TABLE x (a int)", "SELECT NULL::x", false),
            ("CREATE TEMPORARY TABLE x AS SELECT a FROM item", "SELECT a FROM item", true),
            ("CREATE TABLE pg_temp.x (a int)", "SELECT a FROM x", false),
            ("SELECT a INTO TEMP x FROM item", "SELECT a FROM item", true),
            ("SELECT a INTO TEMP x FROM item", "SELECT a FROM x", false),
            ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT a FROM item", false),
            ("CREATE TYPE pg_temp.mood AS ENUM ('sad')", "SELECT a FROM item", false),
        ]
    )
    func temporary(create: String, text: String, leaves: Bool) {
        pinned(by: create) { _, client, own, replica in
            client.sends("Query \(text)")
            (leaves ? replica : own).gets("Query \(text)")
            (leaves ? own : replica).getsNothing()
        }
    }

    @Test(
        "What comes after the temporary table may make more",
        arguments: [
            ("CREATE VIEW item AS SELECT * FROM x", false), ("ALTER TABLE x RENAME TO item", false),
            ("DO 'BEGIN END'", false), ("CALL p()", false), ("SELECT nosuch()", false),
            ("CREATE INDEX ON x (a)", true), ("DROP TABLE y", true), ("CREATE TABLE item2 (a int)", true),
            ("INSERT INTO x SELECT a FROM item", true), ("ANALYZE x", true), ("CREATE TEMP TABLE item (a int)", false),
        ]
    )
    func more(text: String, leaves: Bool) {
        pinned(by: "CREATE TEMPORARY TABLE x (a int)") { talk, client, own, replica in
            let same = pin(talk, client, text)
            #expect(same === own)
            client.sends(Self.read)
            (leaves ? replica : own).gets(Self.read)
        }
    }

    @Test("What cannot be known of a session keeps all its reads", arguments: ["LOAD 'x'", "SELECT setseed(0.5)"])
    func matters(text: String) {
        pinned(by: text) { _, client, own, replica in
            client.sends(Self.read)
            own.gets(Self.read)
            replica.getsNothing()
        }
    }

    @Test("Where no replica is free the client does not wait; one is opened for the next time")
    func noneFree() {
        pinned(pool: { $0.size = 2 }) { talk, client, own, replica in
            let other = talk.client()
            other.sends(Self.read)
            replica.gets(Self.read)
            talk.acceptsConnections = false
            client.sends(Self.read)
            own.gets(Self.read)
            own.answers("1")
            client.gets(words: Self.answer)
            talk.acceptConnections()
            let second = talk.openServers(on: 1).last
            client.sends(Self.read)
            second?.gets(Self.read)
        }
    }

    @Test("Nor where there is no replica")
    func noReplica() {
        pinned { talk, client, own, _ in
            talk.topologyBecomes(.up(.primary), .unknown(reason: "away"))
            client.sends(Self.read)
            own.gets(Self.read)
        }
    }

    @Test("Nor where none has replayed what the session has written")
    func notFresh() {
        pinned(pool: { $0.readYourWrites = .session }) { talk, client, own, replica in
            let asked = talk.shell.samplesAsked
            client.sends(Self.read)
            own.gets(Self.read)
            #expect(talk.shell.samplesAsked == asked + 1)
            own.answers("1")
            client.gets(words: Self.answer)
            let nodes = [NodeFreshness(), NodeFreshness(covered: 9, lag: 0, lagBytes: 0, verdict: .near)]
            talk.engine.freshnessReported(FreshnessReport(nodes: nodes, newest: nil))
            client.sends(Self.read)
            replica.gets(Self.read)
        }
    }

    @Test("Where one is near the read waits for it, with its own server in hand, up to freshness_wait")
    func waitsForFreshness() {
        func report(_ talk: Conversation, covered: SampleNumber) {
            let nodes = [NodeFreshness(), NodeFreshness(covered: covered, lag: 0, lagBytes: 0, verdict: .near)]
            talk.engine.freshnessReported(FreshnessReport(nodes: nodes, newest: nil))
            talk.settle()
        }
        pinned(pool: {
            $0.readYourWrites = .session
            $0.freshnessWait = 5000
        }) { talk, client, own, replica in
            report(talk, covered: 0)
            client.sends(Self.read)
            own.getsNothing()
            replica.getsNothing()
            #expect(talk.engine.nextDeadline == talk.engine.now + 5000)
            report(talk, covered: 9)
            replica.gets(Self.read)
            replica.answers("1")
            client.gets(words: Self.answer)
            client.sends("Query UPDATE t SET a = 1")
            own.completes("UPDATE 1")
            own.forget()
            client.forget()
            report(talk, covered: 0)
            client.sends(Self.read)
            own.getsNothing()
            talk.engine.now += 5000
            talk.engine.wake()
            own.gets(Self.read)
            own.answers("1")
            client.gets(words: Self.answer)
            #expect(talk.engine.nextDeadline == .max)
        }
    }

    @Test("Its settings and its statements go along")
    func whatTravels() {
        pinned { _, client, own, replica in
            client.sends("Query SET work_mem = '1MB'")
            own.completes("SET")
            own.forget()
            client.forget()
            client.sends("Parse s: SELECT a FROM item", "Bind <- s", "Execute", "Sync")
            #expect(replica.received.first?.contains("set_config('work_mem','1MB'") == true, "\(replica.received)")
            #expect(replica.received.suffix(3) == ["Bind <- howdah_0000000001 ()", "Execute", "Sync"])
            replica.answers("1MB")
            replica.sends("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Parsed", "Bound", "Row 1", "Complete SELECT 1", "Ready I")
            replica.forget()
            client.sends("Bind <- s", "Execute", "Sync")
            replica.gets("Bind <- howdah_0000000001 ()", "Execute", "Sync")
            replica.sends("Bound", "Row 1", "Complete SELECT 1", "Ready I")
            client.gets("Bound", "Row 1", "Complete SELECT 1", "Ready I")
            // And in a transaction it is brought to the client's own server.
            client.sends("Query BEGIN", "Bind <- s", "Execute", "Sync")
            own.gets(
                "Query BEGIN",
                "Parse howdah_0000000001: SELECT a FROM item",
                "Bind <- howdah_0000000001 ()",
                "Execute",
                "Sync"
            )
        }
    }

    @Test("What is sent behind waits until the read is over, and is answered in order")
    func order() {
        pinned { _, client, own, replica in
            client.sends(Self.read, "Query INSERT INTO t VALUES (1)", Self.read)
            replica.gets(Self.read)
            own.getsNothing()
            replica.answers("1")
            own.gets("Query INSERT INTO t VALUES (1)", Self.read)
            own.completes("INSERT 0 1")
            own.answers("2")
            client.gets(
                words: Self.answer + [
                    "Complete INSERT 0 1", "Ready I", "Columns v", "Row 2", "Complete SELECT 1", "Ready I",
                ]
            )
        }
    }

    @Test(
        "What the replica cannot run the client's own server runs",
        arguments: [
            "Error 25006 cannot execute INSERT in a read-only transaction",
            "Error 42P01 relation \"item\" does not exist",
            "Error 57P01 terminating connection due to administrator command",
            "Error 40001 canceling statement due to conflict with recovery [ProcessInterrupts]",
        ]
    )
    func repaired(error: String) {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            replica.sends(error, "Ready I")
            own.gets(Self.read)
            own.answers("1")
            client.gets(words: Self.answer)
            client.sends("Query SHOW howdah.route")
            #expect(client.received.contains("Row n0 (primary): a replica refused it, or was lost"))
            client.forget()
            client.sends(Self.read)
            // As a write it stays from now on; else it may try again.
            (error.contains("25006") ? own : replica).gets(Self.read)
            replica.forget()
        }
    }

    @Test("An error that the own server has, too, is the client's")
    func failsTwice() {
        pinned { _, client, own, replica in
            let error = "Error 22012 division by zero"
            client.sends(Self.read)
            replica.gets(Self.read)
            replica.sends(error, "Ready I")
            own.gets(Self.read)
            own.sends(error, "Ready I")
            client.gets(error, "Ready I")
        }
    }

    @Test("A cancel reaches the replica's server, and its error the client")
    func cancel() {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            client.cancels()
            #expect(talk.cancels.first?.node == 1)
            #expect(talk.cancels.first?.asks(for: replica) == true)
            talk.cancels.first?.vanishes("closed")
            replica.sends("Error 57014 canceling statement due to user request [ProcessInterrupts]", "Ready I")
            own.getsNothing()
            client.gets("Error 57014 canceling statement due to user request", "Ready I")
        }
    }

    @Test("A replica that is lost before a row has left costs nothing")
    func replicaLost() {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            replica.vanishes()
            own.gets(Self.read)
            own.answers("1")
            client.gets(words: Self.answer)
            #expect(talk.engine.inspect().idleServers == 0, "the pin holds")
        }
    }

    @Test("One that is lost later is an error, and the session goes on where it is pinned")
    func replicaLostLater() {
        pinned { talk, client, own, replica in
            client.sends(Self.read, "Query UPDATE t SET a = 1")
            replica.gets(Self.read)
            replica.sends("Columns v", "Row 1")
            client.gets("Columns v", "Row 1")
            replica.vanishes()
            client.getsError("Error 08006 the server was lost while its answer was being read", ready: "I")
            own.gets("Query UPDATE t SET a = 1")
            own.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 0, "the pin holds")
        }
    }

    @Test("A parked server that is lost ends the pin, and not the read: the next statement tells")
    func parkedLost() {
        pinned { talk, client, own, replica in
            client.sends(Self.read, "Query UPDATE t SET a = 1")
            replica.gets(Self.read)
            own.sends("Fatal 57P01 terminating connection due to administrator command")
            own.vanishes()
            client.getsNothing()
            replica.answers("1")
            let told = "Error 08006 the server on which this session had state of its own was lost"
            client.gets(words: Self.answer + [told, "Ready I"])
            client.sends("Query UPDATE t SET a = 1")
            talk.server(on: 0).gets("Query UPDATE t SET a = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            #expect(talk.engine.inspect().idleServers == 2, "nothing is pinned")
        }
    }

    @Test(
        "A parked server has said that it ends when the read is over: nothing is sent to it, and the client is told",
        arguments: [[], ["Sync"]]
    )
    func parkedEnds(between: [String]) {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            for message in between + ["Query UPDATE t SET a = 1", "Query UPDATE t SET a = 2"] { client.sends(message) }
            replica.gets(Self.read)
            own.sends("Fatal 57P01 terminating connection due to administrator command")
            replica.answers("1")
            let told = "Error 08006 the server on which this session had state of its own was lost"
            client.gets(words: Self.answer + between.map { _ in "Ready I" } + [told, "Ready I"])
            #expect(own.received.isEmpty && own.isClosed)
            talk.server(on: 0).gets("Query UPDATE t SET a = 2")
        }
    }

    /// The read has begun to come when the cycle ends that may end the pin: so the server is not asked before the read
    /// is over.
    @Test("A parked server that ends is not asked for pins when the read is over")
    func parkedEndsUnasked() {
        pinned { talk, client, own, replica in
            client.sends("Query SELECT pg_advisory_unlock(1)")
            let text = Array("SELECT a FROM item".utf8) + [0]
            let bytes = Array("Q".utf8) + [0, 0, 0, UInt8(text.count + 4)] + text
            client.sends(bytes: Array(bytes[..<9]))
            own.answers("t")
            own.gets("Query SELECT pg_advisory_unlock(1)")
            client.sends(bytes: Array(bytes[9...]))
            replica.gets(Self.read)
            own.sends("Fatal 57P01 terminating connection due to administrator command")
            replica.answers("1")
            own.getsNothing()
            #expect(own.isClosed)
        }
    }

    @Test("What a parked server says unasked comes behind the read")
    func unasked() {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            replica.sends("Columns v", "Row 1")
            own.sends("Notice 01000 by the way")
            #expect(own.link.isPaused)
            client.gets("Columns v", "Row 1")
            replica.sends("Complete SELECT 1", "Ready I")
            client.gets("Complete SELECT 1", "Ready I", "Notice 01000 by the way")
            #expect(!own.link.isPaused)
        }
    }

    @Test("The answer that ends the pin may come while the server is parked")
    func pinEndsMeanwhile() {
        pinned { talk, client, own, replica in
            client.sends("Query SELECT pg_advisory_unlock(1)")
            own.answers("t")
            client.forget()
            own.gets("Query SELECT pg_advisory_unlock(1)", "Query " + PinReason.probe(for: [.advisoryLock]))
            client.sends(Self.read)
            replica.gets(Self.read)
            own.answers("0")
            #expect(talk.engine.inspect().idleServers == 0)
            replica.answers("1")
            client.gets(words: Self.answer)
            #expect(talk.engine.inspect().idleServers == 2)
        }
    }

    @Test("A client that leaves meanwhile leaves nothing on its own server")
    func leaves() {
        pinned { talk, client, own, replica in
            client.sends(Self.read)
            replica.gets(Self.read)
            own.sends("Notice 01000 by the way")
            client.vanishes()
            #expect(talk.cancels.first?.asks(for: replica) == true)
            own.gets("Query DISCARD ALL")
            own.completes("DISCARD ALL")
            #expect(talk.engine.inspect().idleServers == 1)
        }
    }

    @Test("A client that is slow pauses the replica's server alone, and is read on when it has caught up")
    func slowClient() {
        pinned { talk, client, own, replica in
            talk.shell.highWater = 100
            talk.shell.lowWater = 50
            client.reads = false
            client.sends(Self.read)
            replica.sends("Columns v", "Row " + String(repeating: "x", count: 400))
            #expect(replica.link.isPaused)
            #expect(!own.link.isPaused)
            client.readsAgain()
            #expect(!replica.link.isPaused)
            replica.sends("Complete SELECT 1", "Ready I")
            client.forget()
            client.sends("Query UPDATE t SET a = 1")
            own.gets("Query UPDATE t SET a = 1")
        }
    }

    @Test("EXPLAIN ROUTE says why a read stays, and where another goes")
    func explain() {
        let reason = "the session is pinned"
        for (text, expected) in [
            ("SELECT a FROM x", "n0,\(reason): it may read a temporary object of the session"),
            ("SELECT relname FROM pg_class", "n0,\(reason): it runs functions that may look at the session"),
            ("DELETE FROM item", "n0,\(reason): the statement is no plain read"),
            ("SELECT a FROM item", "replica,a read to which the session's pin does not matter"),
        ] {
            pinned(by: "CREATE TEMPORARY TABLE x (a int)") { _, client, _, _ in
                client.sends("Query EXPLAIN ROUTE \(text)")
                let row = client.received.first { $0.hasPrefix("Row ") } ?? ""
                #expect(row.hasPrefix("Row \(expected),"), "\(row)")
            }
        }
        pinned(pool: { $0.pinnedReads = .primary }) { _, client, _, _ in
            client.sends("Query EXPLAIN ROUTE SELECT a FROM item")
            let row = client.received.first { $0.hasPrefix("Row ") } ?? ""
            #expect(row.hasPrefix("Row n0,\(reason): pinned_reads is primary,"), "\(row)")
        }
    }

    @Test("A session that has DISCARDed what it was pinned for is routed like any other")
    func discarded() {
        pinned(by: "CREATE TEMPORARY TABLE x (a int)") { talk, client, own, replica in
            client.sends("Query DISCARD TEMP")
            own.completes("DISCARD TEMP")
            client.forget()
            #expect(talk.engine.inspect().idleServers == 2)
            client.sends("Query SELECT a FROM x")
            replica.gets("Query SELECT a FROM x")
        }
    }
}
