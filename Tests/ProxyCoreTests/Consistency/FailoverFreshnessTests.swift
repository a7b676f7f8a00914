import ProxyCore
import Testing

/// Reads of a session that has written, when the primary is lost.
struct FailoverFreshnessTests {
    private let lost = NodeState.unknown(reason: "connection refused")

    /// A client whose write was answered on node 0, and that asks for what it has written when the node is lost.
    private func readAfterLoss(_ talk: Conversation, covered: [SampleNumber]) -> ScriptedClient {
        let client = talk.client()
        client.sends("Query UPDATE t SET x = 1")
        talk.server(on: 0).completes("UPDATE 1")
        client.gets("Complete UPDATE 1", "Ready I")
        report(talk, covered)
        talk.server(on: 0).vanishes()
        talk.topologyBecomes(lost, .up(.replica), .up(.replica))
        client.sends("Query SELECT 1")
        talk.pass(seconds: 0.3)
        return client
    }

    private func report(_ talk: Conversation, _ covered: [SampleNumber]) {
        let nodes = covered.map { NodeFreshness(covered: $0, lag: 0, lagBytes: 0, verdict: .near) }
        talk.engine.freshnessReported(FreshnessReport(nodes: [NodeFreshness()] + nodes, newest: nil))
        talk.settle()
    }

    private func answer(_ client: ScriptedClient, on node: Int, _ talk: Conversation) {
        let server = talk.openServers().last { $0.received.last == "Query SELECT 1" }
        #expect(server?.node == node)
        server?.answers("1")
        client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
    }

    @Test("A replica that has replayed the session's write runs its read though there is no primary")
    func freshReplica() {
        converse(nodes: 3, pool: { $0.readYourWrites = .session }) { talk in
            let client = readAfterLoss(talk, covered: [0, 1])
            answer(client, on: 2, talk)
        }
    }

    @Test("Where no replica has, the read waits, and the next primary runs it, not the replica that is behind")
    func noFreshReplica() {
        converse(nodes: 3, pool: { $0.readYourWrites = .session }) { talk in
            let client = readAfterLoss(talk, covered: [0, 0])
            client.getsNothing()
            talk.topologyBecomes(lost, .up(.primary), .up(.replica))
            answer(client, on: 1, talk)
            // Its next write is another's log: what the replica had covered of the old one is not enough.
            client.sends("Query UPDATE t SET x = 2")
            talk.openServers(on: 1).last { $0.received.last == "Query UPDATE t SET x = 2" }?.completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            client.sends("Query SELECT 1")
            talk.pass(seconds: 0.3)
            answer(client, on: 1, talk)
        }
    }
}
