import ProxyCore
import ProxyTerms
import Testing

/// Reads of a session that has written: a replica runs them only once it has replayed what was written.
struct FreshnessTests {
    /// Tells the engine how far replicas have come: the newest look at the primary that each covers.
    private func report(_ talk: Conversation, covered: [SampleNumber], lag: Microseconds? = 0) {
        var nodes = [NodeFreshness()]
        nodes += covered.map { NodeFreshness(covered: $0, lag: lag, lagBytes: 0, verdict: .near) }
        talk.engine.freshnessReported(FreshnessReport(nodes: nodes, newest: nil))
        talk.settle()
    }

    private func write(_ client: ScriptedClient, _ talk: Conversation) {
        client.sends("Query INSERT INTO t VALUES (1)")
        let primary = talk.server(on: 0)
        primary.forget()
        primary.sends("Complete INSERT 0 1", "Ready I")
        client.gets("Complete INSERT 0 1", "Ready I")
    }

    private func session(_ pool: inout PoolOptions) {
        pool.readYourWrites = .session
        pool.freshnessWait = 5000
    }

    @Test(
        "What a session has read on the primary it reads no older afterwards, whatever brought it there",
        arguments: [
            ["Query BEGIN", "Query SELECT 1", "Query COMMIT"], ["Query BEGIN", "Query SELECT 1", "Query ROLLBACK"],
            ["Query /* howdah: primary */ SELECT 1"],
        ]
    )
    func readOnPrimary(statements: [String]) {
        converse(pool: session) { talk in
            let client = talk.client()
            for statement in statements { client.sends(statement) }
            let primary = talk.server(on: 0)
            primary.forget()
            if statements.count > 1 { primary.sends("Complete BEGIN", "Ready T") }
            primary.sends("Columns v", "Row 1", "Complete SELECT 1", statements.count > 1 ? "Ready T" : "Ready I")
            if statements.count > 1 { primary.sends("Complete COMMIT", "Ready I") }
            report(talk, covered: [0], lag: nil)
            primary.forget()
            client.sends("Query SELECT 2")
            primary.gets("Query SELECT 2")
            primary.answers("2")
            #expect(talk.openServers(on: 1).isEmpty)
            report(talk, covered: [9])
            client.sends("Query SELECT 3")
            talk.server(on: 1).gets("Query SELECT 3")
            talk.server(on: 1).answers("3")
        }
    }

    @Test("Where the primary shares reads, reading there binds nobody to it")
    func sharedByThePrimary() {
        converse(pool: {
            session(&$0)
            $0.readsOnPrimary = .always
        }) { talk in
            let client = talk.client()
            report(talk, covered: [0], lag: nil)
            var readOn: Set<Int> = []
            for number in 0..<20 {
                client.sends("Query SELECT \(number)")
                for node in 0...1 {
                    guard let server = talk.openServers(on: node).last, server.received.last == "Query SELECT \(number)"
                    else { continue }
                    readOn.insert(node)
                    server.answers("1")
                }
            }
            #expect(readOn == [0, 1])
        }
    }

    @Test("Where no replica is near, a session's reads after its write are the primary's at once")
    func primaryAtOnce() {
        converse(pool: session) { talk in
            let client = talk.client()
            write(client, talk)
            client.sends("Query SELECT 1")
            talk.server(on: 0).gets("Query SELECT 1")
            talk.server(on: 0).answers("1")
            #expect(talk.openServers(on: 1).isEmpty)
        }
    }

    @Test("A replica that has replayed the write runs them")
    func replicaOnceFresh() {
        converse(pool: session) { talk in
            let client = talk.client()
            write(client, talk)
            report(talk, covered: [1])
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
        }
    }

    @Test("Reads whose replica has lost what it had turn to the primary, one behind the other")
    func turnTogether() {
        converse(pool: {
            session(&$0)
            $0.freshnessWait = 0
            $0.size = 1
            $0.reserveSize = 1
        }) { talk in
            let readers = (2...3).map { _ in talk.client() }
            for reader in readers { write(reader, talk) }
            report(talk, covered: [9])
            let (busy, writer) = (talk.client(), talk.client())
            busy.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            for (number, reader) in zip(2..., readers) { reader.sends("Query SELECT \(number)") }
            let primary = talk.server(on: 0)
            primary.forget()
            writer.sends("Query UPDATE t SET x = 1")
            report(talk, covered: [0], lag: nil)
            // Here all who wait are looked at.
            talk.pass(seconds: 0.1)
            #expect(talk.engine.inspect().waiting == 2)
            primary.gets("Query UPDATE t SET x = 1")
            primary.completes("UPDATE 1")
            primary.gets("Query SELECT 2")
            primary.answers("2")
            primary.gets("Query SELECT 3")
            primary.answers("3")
        }
    }

    @Test("One that is near is waited for, and a look at the positions is asked for")
    func waitsForOne() {
        converse(pool: session) { talk in
            let client = talk.client()
            report(talk, covered: [0])
            write(client, talk)
            let asked = talk.shell.samplesAsked
            client.sends("Query SELECT 1")
            #expect(talk.shell.samplesAsked == asked + 1)
            #expect(talk.openServers(on: 1).isEmpty)
            #expect(talk.engine.inspect().waiting == 1)
            report(talk, covered: [1])
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
        }
    }

    @Test("With the primary lost, the read waits for a replica that turns out to have all, not for the next primary")
    func withoutPrimary() {
        converse(pool: session) { talk in
            let client = talk.client()
            write(client, talk)
            let lost = NodeState.unknown(reason: "connection refused")
            talk.topologyBecomes(lost, .up(.replica))
            report(talk, covered: [0], lag: nil)
            client.sends("Query SELECT 1")
            talk.pass(seconds: 1)
            #expect(talk.openServers(on: 1).isEmpty)
            report(talk, covered: [1], lag: nil)
            talk.pass(seconds: 0.2)
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("With the primary lost and no replica that has all: 57P03 after failover_wait, or the next primary runs it")
    func withoutPrimaryInVain() {
        converse(options: { $0.failoverWait = 3_000_000 }, pool: session) { talk in
            let client = talk.client()
            write(client, talk)
            let lost = NodeState.unknown(reason: "connection refused")
            talk.topologyBecomes(lost, .up(.replica))
            report(talk, covered: [0])
            client.sends("Query SELECT 1")
            talk.pass(seconds: 2.8)
            client.getsNothing()
            talk.pass(seconds: 0.4)
            client.getsError("Error 57P03 no primary takes writes", ready: "I")
            client.sends("Query SELECT 1")
            talk.pass(seconds: 1)
            client.getsNothing()
            talk.topologyBecomes(.up(.primary), .up(.replica))
            talk.openServers(on: 0).last { $0.received.last == "Query SELECT 1" }?.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A session that has only read is not concerned")
    func othersAreNotConcerned() {
        converse(pool: session) { talk in
            let writer = talk.client()
            write(writer, talk)
            let reader = talk.client()
            reader.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
        }
    }

    @Test("With global a session that has only read sees what others have written")
    func globalConcernsAll() {
        converse(pool: { $0.readYourWrites = .global }) { talk in
            let writer = talk.client()
            write(writer, talk)
            let reader = talk.client()
            reader.sends("Query SELECT 1")
            talk.server(on: 0).gets("Query SELECT 1")
            talk.server(on: 0).answers("1")
        }
    }
}
