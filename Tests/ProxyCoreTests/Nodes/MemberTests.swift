import ProxyCore
import Testing

/// Nodes that join, leave and come back while clients are at work.
struct MemberTests {
    private static let gone = NodeState.unknown(reason: "it has left")

    /// A topology of nodes by name; a name in brackets has left.
    private func topology(_ nodes: (String, NodeState)...) -> Topology {
        Topology(
            nodes: nodes.enumerated().map { index, node in
                let isMember = !node.0.hasPrefix("(")
                let name = isMember ? node.0 : String(node.0.dropFirst().dropLast())
                return Node(
                    index: index,
                    name: name,
                    address: .tcp(host: name, port: 5432),
                    weight: 1,
                    state: node.1,
                    isMember: isMember
                )
            }
        )
    }

    private func become(_ talk: Conversation, _ topology: Topology) {
        talk.engine.topologyChanged(topology)
        talk.settle()
    }

    private func read(_ client: ScriptedClient, on server: ScriptedServer?) {
        server?.answers("1")
        server?.forget()
        client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I")
    }

    /// The server that has been sent a read and has not answered.
    private func running(_ talk: Conversation) -> ScriptedServer? {
        talk.openServers().last { $0.received.last == "Query SELECT 1" }
    }

    /// As the admin console lists them.
    private func nodes(_ talk: Conversation) -> [String?] {
        let console = talk.client(database: "howdah")
        console.sends("Query SHOW NODES")
        return console.received.filter { $0.hasPrefix("Row ") }.map { row in
            row.dropFirst(4).split(separator: ",").first.map(String.init)
        }
    }

    @Test("A replica that joins is taken in: reads that wait for a server get one of its")
    func joins() {
        converse(nodes: 2, pool: { $0.size = 1 }) { talk in
            let first = talk.client()
            first.sends("Query SELECT 1")
            let busy = talk.server(on: 1)
            let second = talk.client()
            second.sends("Query SELECT 1")
            second.getsNothing()
            become(talk, topology(("n0", .up(.primary)), ("n1", .up(.replica)), ("n2", .up(.replica))))
            #expect(talk.server(on: 2).received.last == "Query SELECT 1")
            read(second, on: talk.server(on: 2))
            read(first, on: busy)
        }
    }

    @Test("A replica leaves under load: what runs there ends, its free servers are closed, nobody else notices")
    func leaves() {
        converse(nodes: 3, options: { $0.adminUsers = ["app"] }, pool: { $0.size = 2 }) { talk in
            let clients = (0..<4).map { _ in talk.client() }
            for client in clients { client.sends("Query SELECT 1") }
            let servers = talk.openServers().filter { $0.received.last == "Query SELECT 1" }
            #expect(Set(servers.map(\.node)) == [1, 2])
            become(talk, topology(("n0", .up(.primary)), ("n1", .up(.replica)), ("(n2)", Self.gone)))
            talk.pass(seconds: 1)
            #expect(talk.shell.vacated.isEmpty)
            #expect(nodes(talk) == ["n0", "n1"])
            for server in servers { server.answers("1") }
            for client in clients { client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I") }
            #expect(talk.openServers(on: 2).isEmpty)
            talk.pass(seconds: 0.2)
            #expect(talk.shell.vacated == [2])
            for client in clients {
                client.sends("Query SELECT 1")
                #expect(running(talk)?.node == 1)
                read(client, on: running(talk))
            }
            talk.pass(seconds: 0.5)
            #expect(talk.shell.vacated == [2])
        }
    }

    @Test("It dies while it leaves: its reads run elsewhere")
    func dies() {
        converse(nodes: 3) { talk in
            let clients = (0..<4).map { _ in talk.client() }
            for client in clients { client.sends("Query SELECT 1") }
            let lost = talk.openServers(on: 2).filter { $0.received.last == "Query SELECT 1" }
            #expect(!lost.isEmpty)
            become(talk, topology(("n0", .up(.primary)), ("n1", .up(.replica)), ("(n2)", Self.gone)))
            for server in lost { server.vanishes() }
            for server in talk.openServers(on: 1) where server.received.last == "Query SELECT 1" { server.answers("1") }
            for client in clients { client.gets("Columns v", "Row 1", "Complete SELECT 1", "Ready I") }
        }
    }

    @Test("It comes back before its servers are gone: the slot is not given up")
    func comesBack() {
        converse(nodes: 2) { talk in
            let client = talk.client()
            client.sends("Query SELECT 1")
            let server = talk.server(on: 1)
            become(talk, topology(("n0", .up(.primary)), ("(n1)", Self.gone)))
            become(talk, topology(("n0", .up(.primary)), ("n1", .up(.replica))))
            talk.pass(seconds: 1)
            #expect(talk.shell.vacated.isEmpty)
            read(client, on: server)
            client.sends("Query SELECT 1")
            #expect(running(talk)?.node == 1)
            read(client, on: running(talk))
        }
    }

    @Test("A slot that another node gets: no server of the former node's is taken for one of its")
    func handedOver() {
        converse(nodes: 3, options: { $0.adminUsers = ["app"] }) { talk in
            let client = talk.client()
            become(talk, topology(("n0", .up(.primary)), ("(n1)", Self.gone), ("n2", Self.gone)))
            become(talk, topology(("n0", .up(.primary)), ("n1", .up(.replica)), ("n2", Self.gone)))
            client.sends("Query SELECT 1")
            let old = talk.server(on: 1)
            become(talk, topology(("n0", .up(.primary)), ("n9", .up(.replica)), ("n2", Self.gone)))
            #expect(old.isClosed)
            read(client, on: talk.server(on: 0))
            client.sends("Query SELECT 1")
            let new = running(talk)
            #expect(new !== old && new?.node == 1)
            read(client, on: new)
            #expect(nodes(talk) == ["n0", "n9", "n2"])
        }
    }

    @Test("The primary leaves: its clients go on there until they let go, and writes wait for the next")
    func primaryLeaves() {
        converse(nodes: 3) { talk in
            let inTransaction = talk.client()
            inTransaction.sends("Query BEGIN", "Query UPDATE t SET x = 1")
            talk.server(on: 0).sends("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            inTransaction.gets("Complete BEGIN", "Ready T", "Complete UPDATE 1", "Ready T")
            become(talk, topology(("(n0)", Self.gone), ("n1", .up(.replica)), ("n2", .up(.replica))))
            let writer = talk.client()
            writer.sends("Query UPDATE t SET x = 2")
            writer.getsNothing()
            inTransaction.sends("Query COMMIT")
            talk.server(on: 0).completes("COMMIT")
            inTransaction.gets("Complete COMMIT", "Ready I")
            #expect(talk.openServers(on: 0).isEmpty)
            become(talk, topology(("(n0)", Self.gone), ("n1", .up(.primary)), ("n2", .up(.replica))))
            let server = talk.openServers(on: 1).last { $0.received.last == "Query UPDATE t SET x = 2" }
            server?.completes("UPDATE 1")
            writer.gets("Complete UPDATE 1", "Ready I")
        }
    }

    @Test("From one node to ten: pools that are there already grow with the topology")
    func grows() {
        converse(nodes: 1) { talk in
            let client = talk.client()
            client.sends("Query UPDATE t SET x = 1")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
            var states: [NodeState] = [.up(.primary)]
            for _ in 1..<10 {
                states.append(.up(.replica))
                talk.engine.topologyChanged(Conversation.topology(states))
                talk.settle()
                client.sends("Query SELECT 1")
                #expect(running(talk).map { $0.node > 0 } == true)
                read(client, on: running(talk))
            }
            client.sends("Query UPDATE t SET x = 2")
            talk.server(on: 0).completes("UPDATE 1")
            client.gets("Complete UPDATE 1", "Ready I")
        }
    }
}
