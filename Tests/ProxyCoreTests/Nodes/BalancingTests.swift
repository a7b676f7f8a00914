import Bytes
@testable import ProxyCore
import ProxyTerms
import Testing

/// Which replica runs a read, told by conversations.
struct BalancingTests {
    /// Runs reads one after the other, each of which takes its node some time to answer.
    /// - Returns: how many each node ran.
    @discardableResult
    private func read(
        _ count: Int,
        by client: ScriptedClient,
        _ talk: Conversation,
        time: (Int) -> Microseconds = { _ in 300 }
    ) -> [Int: Int] {
        var reads: [Int: Int] = [:]
        for _ in 0..<count {
            client.sends("Query SELECT 1")
            guard let server = asked(talk) else {
                Issue.record("nobody was asked")
                return reads
            }
            talk.engine.now += time(server.node)
            server.forget()
            server.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
            reads[server.node, default: 0] += 1
        }
        return reads
    }

    /// The server that has got a read which it has not answered.
    private func asked(_ talk: Conversation) -> ScriptedServer? {
        talk.openServers().first { $0.received.last == "Query SELECT 1" }
    }

    /// Servers on all replicas: the first read on a node would open one, and another node's would answer meanwhile.
    private func warmUp(_ talk: Conversation) {
        talk.pass(seconds: 1.1)
        for server in talk.openServers() { server.forget() }
    }

    private func warm(_ pool: inout PoolOptions) { pool.minimumSize = 1 }

    private func write(_ client: ScriptedClient, _ talk: Conversation) {
        client.sends("Query INSERT INTO t VALUES (1)")
        let primary = talk.server(on: 0)
        primary.forget()
        primary.completes("INSERT 0 1")
        client.gets("Complete INSERT 0 1", "Ready I")
    }

    private func report(_ talk: Conversation, covered: [SampleNumber]) {
        var nodes = [NodeFreshness()]
        nodes += covered.map { NodeFreshness(covered: $0, lag: 0, lagBytes: 0, verdict: .near) }
        talk.engine.freshnessReported(FreshnessReport(nodes: nodes, newest: nil))
        talk.settle()
    }

    private func topology(_ states: [NodeState], zones: [String]) -> Topology {
        Topology(
            nodes: states.enumerated().map { index, state in
                Node(
                    index: index,
                    name: "n\(index)",
                    address: .tcp(host: "n\(index)", port: 5432),
                    weight: 100,
                    zone: zones[index],
                    state: state
                )
            }
        )
    }

    // MARK: Latency

    /// Reads until the replicas' latencies count.
    private func getKnown(by client: ScriptedClient, _ talk: Conversation, time: (Int) -> Microseconds) {
        for _ in 0..<NodeBalance.enoughLooks {
            read(40, by: client, talk, time: time)
            talk.pass(seconds: 0.1)
        }
    }

    @Test("Two replicas that are alike share evenly")
    func even() {
        converse(nodes: 3, pool: warm) { talk in
            let client = talk.client()
            warmUp(talk)
            let reads = read(400, by: client, talk) { _ in 300 }
            #expect((160...240).contains(reads[1] ?? 0), "\(reads)")
            #expect(reads[0] == nil)
        }
    }

    @Test("A pool's first read opens a server on each replica: who comes next need not read from the same")
    func first() {
        converse(nodes: 4) { talk in
            let client = talk.client()
            #expect(Set(talk.openServers().map(\.node)).isDisjoint(with: [1, 2, 3]))
            client.sends("Query SELECT 1")
            #expect(Set(talk.openServers().map(\.node)).isSuperset(of: [1, 2, 3]))
            #expect(talk.openServers().count { $0.received.last == "Query SELECT 1" } == 1)
            asked(talk)?.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("The same for a first read that must be fresh, though only one replica is")
    func firstFresh() {
        converse(nodes: 3, pool: { $0.readYourWrites = .session }) { talk in
            let client = talk.client()
            write(client, talk)
            report(talk, covered: [1000, 0])
            client.sends("Query SELECT 1")
            #expect(Set(talk.openServers().map(\.node)).isSuperset(of: [1, 2]))
            #expect(asked(talk)?.node == 1)
            asked(talk)?.answers("1")
            client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        }
    }

    @Test("A slow replica gets few reads, and is tried again from time to time")
    func slow() {
        converse(nodes: 3, pool: warm) { talk in
            let client = talk.client()
            warmUp(talk)
            getKnown(by: client, talk) { $0 == 2 ? 5300 : 300 }
            let after = read(400, by: client, talk) { $0 == 2 ? 5300 : 300 }
            #expect(after[2, default: 0] <= 4, "\(after)")
            // It has become quick; while it gets no reads that is not known, but what is known grows old.
            talk.pass(seconds: 30)
            let later = read(400, by: client, talk)
            #expect((120...280).contains(later[2] ?? 0), "\(later)")
        }
    }

    @Test("A read waits for the quick replica's server rather than run on one that is much slower")
    func notWorthIt() {
        converse(
            nodes: 3,
            pool: {
                $0.size = 1
                $0.minimumSize = 1
            }
        ) { talk in
            let client = talk.client()
            warmUp(talk)
            getKnown(by: client, talk) { $0 == 2 ? 5300 : 300 }
            client.sends("Query SELECT 1")
            talk.server(on: 1).gets("Query SELECT 1")
            let other = talk.client()
            other.sends("Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
            talk.server(on: 1).answers("1")
            talk.server(on: 1).gets("Query SELECT 1")
            // The quick one does not answer: who has waited as long as the slow one needs goes there.
            let third = talk.client()
            third.sends("Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
            talk.pass(seconds: 0.1)
            talk.server(on: 2).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
            talk.server(on: 2).answers("1")
        }
    }

    // MARK: Coming and going

    @Test("A replica that is added takes its share by and by")
    func added() {
        converse(nodes: 3, pool: warm) { talk in
            talk.topologyBecomes(.up(.primary), .up(.replica), .unknown(reason: "down"))
            let client = talk.client()
            warmUp(talk)
            talk.pass(seconds: 20)
            #expect(read(50, by: client, talk) == [1: 50])
            talk.topologyBecomes(.up(.primary), .up(.replica), .up(.replica))
            talk.pass(seconds: 1)
            warmUp(talk)
            let first = read(400, by: client, talk)
            #expect((20...100).contains(first[2] ?? 0), "\(first)")
            talk.pass(seconds: 10)
            let then = read(400, by: client, talk)
            #expect((150...250).contains(then[2] ?? 0), "\(then)")
        }
    }

    // MARK: Zones

    @Test("Reads stay in the own zone while a replica there takes them")
    func zones() {
        let zones = ["a", "a", "b", "b"]
        converse(nodes: 4, options: { $0.zone = "b" }, pool: warm) { talk in
            let up: [NodeState] = [.up(.primary), .up(.replica), .up(.replica), .up(.replica)]
            talk.engine.topologyChanged(topology(up, zones: zones))
            let client = talk.client()
            warmUp(talk)
            var reads = read(200, by: client, talk)
            #expect(reads[1] == nil && reads[0] == nil, "\(reads)")
            #expect((60...140).contains(reads[2] ?? 0), "\(reads)")
            var down = up
            down[2] = .unknown(reason: "down")
            talk.engine.topologyChanged(topology(down, zones: zones))
            reads = read(20, by: client, talk)
            #expect(reads == [3: 20])
            down[3] = .unknown(reason: "down")
            talk.engine.topologyChanged(topology(down, zones: zones))
            reads = read(20, by: client, talk)
            #expect(reads == [1: 20])
            talk.engine.topologyChanged(topology(up, zones: zones))
            warmUp(talk)
            reads = read(20, by: client, talk)
            #expect(reads[1] == nil, "\(reads)")
        }
    }

    @Test("Where none in the own zone is fresh, one in another is")
    func zonesAndFreshness() {
        converse(
            nodes: 3,
            options: { $0.zone = "b" },
            pool: {
                $0.minimumSize = 1
                $0.readYourWrites = .session
            }
        ) { talk in
            talk.engine.topologyChanged(
                topology([.up(.primary), .up(.replica), .up(.replica)], zones: ["a", "a", "b"])
            )
            let client = talk.client()
            warmUp(talk)
            #expect(read(5, by: client, talk) == [2: 5])
            write(client, talk)
            report(talk, covered: [1, 0])
            #expect(read(5, by: client, talk) == [1: 5])
            report(talk, covered: [9, 9])
            #expect(read(5, by: client, talk) == [2: 5])
        }
    }

    @Test("Where those in the own zone refuse connections, reads go to another")
    func refusedZone() {
        converse(nodes: 3, options: { $0.zone = "b" }) { talk in
            talk.engine.topologyChanged(
                topology([.up(.primary), .up(.replica), .up(.replica)], zones: ["a", "a", "b"])
            )
            let client = talk.client()
            talk.acceptsConnections = false
            client.sends("Query SELECT 1")
            talk.refuseConnections(to: 2)
            talk.acceptConnections()
            talk.pass(seconds: 0.1)
            talk.server(on: 1).gets("Query SELECT 1")
            talk.server(on: 1).answers("1")
        }
    }

    // MARK: balance_level

    @Test("Statements outside a transaction choose anew", arguments: [BalanceLevel.statement, .transaction])
    func byStatement(_ level: BalanceLevel) {
        converse(
            nodes: 3,
            pool: {
                $0.minimumSize = 1
                $0.balanceLevel = level
            }
        ) { talk in
            talk.shell.catalog = Conversation.catalog()
            let client = talk.client()
            warmUp(talk)
            let reads = read(100, by: client, talk)
            #expect(reads.count == 2, "\(reads)")
            // A transaction stays where it began.
            for _ in 0..<10 {
                client.sends("Query BEGIN READ ONLY")
                client.forget()
                client.sends("Query SELECT 1")
                guard let server = asked(talk) else {
                    Issue.record("nobody was asked")
                    return
                }
                server.sends("Complete BEGIN", "Ready T")
                server.answers("1", "T")
                for _ in 0..<5 {
                    server.forget()
                    client.sends("Query SELECT 1")
                    #expect(server.received == ["Query SELECT 1"])
                    server.answers("1", "T")
                }
                server.forget()
                client.sends("Query COMMIT")
                server.gets("Query COMMIT")
                server.completes("COMMIT")
                client.forget()
            }
        }
    }

    @Test("A session keeps to its replica until that cannot be used")
    func bySession() {
        converse(
            nodes: 3,
            pool: {
                $0.minimumSize = 1
                $0.balanceLevel = .session
            }
        ) { talk in
            var firsts: Set<Int> = []
            for _ in 0..<20 {
                let client = talk.client()
                warmUp(talk)
                let reads = read(10, by: client, talk)
                #expect(reads.count == 1, "\(reads)")
                firsts.formUnion(reads.keys)
                client.vanishes()
            }
            #expect(firsts == [1, 2])
            let client = talk.client()
            let kept = read(1, by: client, talk).keys.first ?? 0
            let other = 3 - kept
            var states: [NodeState] = [.up(.primary), .up(.replica), .up(.replica)]
            states[kept] = .unknown(reason: "down")
            talk.engine.topologyChanged(Conversation.topology(states))
            #expect(read(10, by: client, talk) == [other: 10])
            // It does not go back: clients do not move all at once.
            talk.topologyBecomes(.up(.primary), .up(.replica), .up(.replica))
            warmUp(talk)
            #expect(read(10, by: client, talk) == [other: 10])
        }
    }

    @Test("A session whose replica has not replayed its write goes to one that has")
    func bySessionAndFresh() {
        converse(
            nodes: 3,
            pool: {
                $0.minimumSize = 1
                $0.balanceLevel = .session
                $0.readYourWrites = .session
            }
        ) { talk in
            let client = talk.client()
            warmUp(talk)
            let kept = read(1, by: client, talk).keys.first ?? 0
            write(client, talk)
            report(talk, covered: kept == 1 ? [0, 1] : [1, 0])
            #expect(read(5, by: client, talk) == [3 - kept: 5])
        }
    }

    @Test("A session waits for its replica's server where another's is free")
    func bySessionWaits() {
        converse(
            nodes: 3,
            pool: {
                $0.size = 1
                $0.minimumSize = 1
                $0.balanceLevel = .session
            }
        ) { talk in
            let client = talk.client()
            warmUp(talk)
            let kept = read(1, by: client, talk).keys.first ?? 0
            // Others until one keeps to the same.
            var rival = talk.client()
            while read(1, by: rival, talk).keys.first != kept { rival = talk.client() }
            rival.sends("Query SELECT 1")
            client.sends("Query SELECT 1")
            #expect(talk.engine.inspect().waiting == 1)
            talk.server(on: kept).gets("Query SELECT 1")
            talk.server(on: kept).answers("1")
            talk.server(on: kept).gets("Query SELECT 1")
            talk.server(on: kept).answers("1")
        }
    }

    // MARK: Settings of the session's own

    /// Runs a read of a session with settings; answers what is put in front of it.
    /// - Returns: the node, and whether the server had to be given the settings first.
    private func readWithSettings(_ client: ScriptedClient, _ talk: Conversation) -> (node: Int, wasSet: Bool)? {
        for server in talk.openServers() { server.forget() }
        client.sends("Query SELECT 1")
        guard let server = asked(talk) else {
            Issue.record("nobody was asked")
            return nil
        }
        talk.engine.now += 300
        let wasSet = server.received.count > 1
        if wasSet { server.sends("Columns a", "Row x", "Complete SELECT 1", "Ready I") }
        server.answers("1")
        client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
        return (server.node, wasSet)
    }

    /// A client with settings of its own, once the server that it is welcomed by has been given them.
    private func client(_ talk: Conversation, _ name: String) -> ScriptedClient {
        for server in talk.openServers() { server.forget() }
        let client = talk.client(["application_name": name])
        for server in talk.openServers() where server.received.last?.contains("set_config(") == true {
            server.sends("Columns a", "Row x", "Complete SELECT 1", "Ready I")
        }
        talk.settle()
        client.forget()
        return client
    }

    @Test("A client that reads alone reads from all replicas, whatever it has set", arguments: [1, 20_000, 400_000])
    func quietWithSettings(pause: Microseconds) {
        converse(nodes: 3) { talk in
            let client = client(talk, "shop")
            var reads: [Int: Int] = [:]
            var changes = 0
            for _ in 0..<200 {
                talk.engine.now += pause
                guard let read = readWithSettings(client, talk) else { return }
                reads[read.node, default: 0] += 1
                if read.wasSet { changes += 1 }
            }
            #expect((70...130).contains(reads[1] ?? 0), "\(reads)")
            // Once for each server.
            #expect(changes == 2)
        }
    }

    @Test("Clients that come and go with settings of their own read from all replicas")
    func newOnesWithSettings() {
        converse(nodes: 3) { talk in
            var reads: [Int: Int] = [:]
            for _ in 0..<60 {
                let client = client(talk, "psql")
                guard let read = readWithSettings(client, talk) else { return }
                reads[read.node, default: 0] += 1
                client.vanishes()
            }
            #expect((15...45).contains(reads[1] ?? 0), "\(reads)")
        }
    }

    @Test("Quiet clients with settings that differ take each other's servers rather than keep to one node")
    func quietOnesThatDiffer() {
        converse(nodes: 3, pool: { $0.size = 1 }) { talk in
            let clients = ["a", "b", "c"].map { client(talk, $0) }
            var reads: [[Int: Int]] = [[:], [:], [:]]
            for round in 0..<600 {
                talk.engine.now += 150_000
                guard let read = readWithSettings(clients[round % 3], talk) else { return }
                reads[round % 3][read.node, default: 0] += 1
            }
            for own in reads { #expect((50...150).contains(own[1] ?? 0), "\(reads)") }
        }
    }

    @Test("Busy clients with settings of their own, as many as the servers: settings are not sent in the steady state")
    func busyOnesThatDiffer() {
        converse(nodes: 3, pool: { $0.size = 6 }) { talk in
            let clients = (0..<8).map { client(talk, "tenant \($0)") }
            // All at once, so that a server is opened for each.
            func round() -> Int {
                for server in talk.openServers() { server.forget() }
                for client in clients { client.sends("Query SELECT 1") }
                var changes = 0
                var isBusy = true
                while isBusy {
                    isBusy = false
                    for server in talk.openServers() where server.received.contains("Query SELECT 1") {
                        isBusy = true
                        let wasSet = server.received.contains { $0.contains("set_config(") }
                        server.forget()
                        talk.engine.now += 40
                        if wasSet {
                            changes += 1
                            server.sends("Columns a", "Row x", "Complete SELECT 1", "Ready I")
                        }
                        server.answers("1")
                    }
                }
                for client in clients { client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I") }
                return changes
            }
            for _ in 0..<300 { _ = round() }
            let changes = (0..<200).reduce(0) { sum, _ in sum + round() }
            // Of 1,600 reads.
            #expect(changes < 48, "\(changes)")
        }
    }

    // MARK: How it is told

    @Test("EXPLAIN ROUTE tells what is known of the candidates")
    func explained() {
        converse(nodes: 3, options: { $0.zone = "a" }, pool: warm) { talk in
            talk.engine.topologyChanged(
                topology([.up(.primary), .up(.replica), .up(.replica)], zones: ["", "a", "a"])
            )
            let client = talk.client()
            warmUp(talk)
            talk.pass(seconds: 10)
            getKnown(by: client, talk) { $0 == 1 ? 310 : 420 }
            client.sends("Query EXPLAIN ROUTE SELECT 1")
            let told = client.received.joined(separator: "\n")
            #expect(told.contains("n1,replica,candidate,100,0,unknown,0.31 ms,a"), "\(told)")
            #expect(told.contains("n2,replica,candidate,100,0,unknown,0.42 ms,a"), "\(told)")
            client.forget()
            talk.engine.topologyChanged(
                topology([.up(.primary), .up(.replica), .unknown(reason: "down")], zones: ["", "a", "a"])
            )
            talk.engine.topologyChanged(
                topology([.up(.primary), .up(.replica), .up(.replica)], zones: ["", "a", "a"])
            )
            client.sends("Query EXPLAIN ROUTE SELECT 1")
            #expect(client.received.joined(separator: "\n").contains("10 of 100"), "\(client.received)")
            client.forget()
        }
    }
}
