import ProxyCore
import Testing

/// Reads whose replica cannot go on.
struct OutageReadTests {
    @Test(
        "A replica that lets nobody in: another serves",
        arguments: [
            "Fatal 57P03 the database system is starting up", "Fatal 57P03 the database system is shutting down",
            "Fatal 53300 sorry, too many clients already",
        ]
    )
    func refused(words: String) {
        converse(nodes: 3) { talk in
            let client = talk.client()
            talk.letsIn = false
            client.sends("Query SELECT 1")
            guard let first = talk.openServers().last(where: { $0.node > 0 && !$0.isLetIn }) else {
                Issue.record("no server was opened")
                return
            }
            first.sends(words)
            client.getsNothing()
            for server in talk.openServers() where !server.isLetIn { server.letIn() }
            talk.settle()
            let other = talk.openServers().last { $0.received.last == "Query SELECT 1" }
            #expect(other?.node != first.node)
            other?.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("In a transaction a conflict with recovery is the client's: it may have seen rows")
    func conflictInTransaction() {
        converse { talk in
            let client = talk.client()
            client.sends("Query BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "Query SELECT 1")
            client.gets("Complete BEGIN", "Ready T")
            let error = "Error 40001 canceling statement due to conflict with recovery"
            talk.server(on: 1).sends("Complete BEGIN", "Ready T", error + " [ProcessInterrupts]", "Ready E")
            client.gets(error, "Ready E")
        }
    }

    @Test("Every replica dies under a read: the primary runs it")
    func allReplicas() {
        converse(nodes: 3) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            for _ in 0..<2 {
                let running = talk.openServers().last { $0.node > 0 && $0.received.last == "Query SELECT 1" }
                guard let server = running else { continue }
                let states = (0..<3).map { node in
                    node == server.node || talk.engine.topology.nodes[node].state.role == .unknown
                        ? NodeState.unknown(reason: "down") : node == 0 ? .up(.primary) : .up(.replica)
                }
                talk.topologyBecomes(states[0], states[1], states[2])
                server.vanishes()
            }
            talk.server(on: 0).answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }
}
