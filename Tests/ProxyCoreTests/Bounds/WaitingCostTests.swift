import ProxySimulation
import Testing

@testable import ProxyCore

/// What waiting clients cost, counted in clients that were looked at: many cost each what few cost.
struct WaitingCostTests {
    private func report(_ talk: Conversation, covered: [SampleNumber]) {
        var nodes = [NodeFreshness()]
        nodes += covered.map { NodeFreshness(covered: $0, lag: 0, lagBytes: 0, verdict: .near) }
        talk.engine.freshnessReported(FreshnessReport(nodes: nodes, newest: nil))
        talk.settle()
    }

    private func writes(_ client: ScriptedClient, _ talk: Conversation) {
        client.sends("Query INSERT INTO t VALUES (1)")
        let primary = talk.server(on: 0)
        primary.forget()
        primary.sends("Complete INSERT 0 1", "Ready I")
        client.gets("Complete INSERT 0 1", "Ready I")
    }

    /// Clients that have written wait for one replica; reports come that cover nothing new, then one that covers all.
    private func cost(ofWaitingForFreshness count: Int) -> (idle: UInt64, served: UInt64) {
        var cost: (idle: UInt64, served: UInt64) = (0, 0)
        converse(pool: {
            $0.readYourWrites = .session
            $0.freshnessWait = 100_000_000
            $0.queryWaitTimeout = 1_000_000_000
            $0.size = 1
        }) { talk in
            report(talk, covered: [0])
            let clients = (0..<count).map { _ in talk.client() }
            for client in clients { writes(client, talk) }
            for client in clients { client.sends("Query SELECT 1") }
            var before = talk.engine.freshnessDesk.looked
            for _ in 0..<50 {
                #expect(talk.engine.nextDeadline < .max)
                report(talk, covered: [0])
                talk.engine.wake()
            }
            cost.idle = talk.engine.freshnessDesk.looked - before
            before = talk.engine.freshnessDesk.looked
            report(talk, covered: [SampleNumber(count + 1)])
            for _ in 0..<count { talk.server(on: 1).answers("1") }
            cost.served = talk.engine.freshnessDesk.looked - before
            for client in clients { client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I") }
        }
        return cost
    }

    @Test func whoWaitsForAReplicaIsLookedAtWhenItConcernsHim() {
        let few = cost(ofWaitingForFreshness: 10)
        let many = cost(ofWaitingForFreshness: 100)
        #expect(few.idle == 0 && many.idle == 0)
        #expect(many.served <= few.served * 10 + 10)
    }

    /// Clients that have seen too much for the second replica wait for the first, which is busy, while servers of the
    /// second come free again and again.
    private func cost(ofServersThatServeNobody count: Int) -> UInt64 {
        var cost: UInt64 = 0
        converse(
            nodes: 3,
            pool: {
                $0.readYourWrites = .session
                $0.freshnessWait = 100_000_000
                $0.queryWaitTimeout = 1_000_000_000
                $0.size = 1
            }
        ) { talk in
            report(talk, covered: [0, 0])
            let clients = (0..<count).map { _ in talk.client() }
            for client in clients { writes(client, talk) }
            report(talk, covered: [SampleNumber(count + 1), 0])
            let other = talk.client()
            while talk.openServers(on: 2).isEmpty {
                other.sends("Query SELECT 1")
                talk.openServers().first { $0.received.last == "Query SELECT 1" }?.answers("1")
                for server in talk.openServers() { server.forget() }
            }
            for client in clients { client.sends("Query SELECT 1") }
            let free = talk.server(on: 2)
            let before = talk.engine.freshnessDesk.looked
            for _ in 0..<100 {
                other.sends("Query /* howdah: replica */ SELECT 1")
                free.answers("1")
            }
            cost = talk.engine.freshnessDesk.looked - before
            #expect(other.received.last == "Ready I")
            for _ in 0..<count { talk.server(on: 1).answers("1") }
        }
        return cost
    }

    @Test func aFreeServerDoesNotLookAtAllWhoWaitForAnother() {
        let few = cost(ofServersThatServeNobody: 10)
        let many = cost(ofServersThatServeNobody: 100)
        // Once each, however often the server came free.
        #expect(many <= few + 100)
    }
}
