import Bytes
import PostgresWire
@testable import ProxyCore
import ProxySimulation
import ProxyTerms
import Testing

/// Scripted clients and servers around one engine, without sockets and without a clock of their own: the script says
/// who sends what and when time passes, and looks at what each of them got.
///
/// Nodes are `n0`, the primary, and replicas `n1` and up. Everything that is under way arrives before a step of the
/// script ends.
final class Conversation {
    let shell: Shell
    private(set) var servers: [ScriptedServer] = []
    private(set) var cancels: [ScriptedCancel] = []
    private var peers: [TransportID: ScriptedPeer] = [:]
    /// Whether connections of the engine's are accepted at once; else the script says so.
    var acceptsConnections = true
    /// Whether servers let the engine in at once; else the script does.
    var letsIn = true
    /// Bytes in which everything arrives.
    var chunk = Int.max
    private var isUnsound = false
    private let sourceLocation: SourceLocation

    init(
        nodes: Int,
        options change: (inout EngineOptions) -> Void,
        pool changePool: (inout PoolOptions) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        self.sourceLocation = sourceLocation
        var options = EngineOptions()
        change(&options)
        var pool = PoolOptions(databaseOnServer: "app")
        // What a replica has replayed is told in conversations about that alone.
        pool.readYourWrites = .eventual
        changePool(&pool)
        shell = Shell(
            EngineConfiguration(options: options, pools: PoolRules(proxy: pool)),
            topology: Self.topology((0..<nodes).map { .up($0 == 0 ? .primary : .replica) }),
            randomSeed: 1
        )
        shell.connecting = { [unowned self] in connecting($0) }
    }

    /// Facts of a database in which nobody has made anything.
    static func catalog(isolation: String = "read committed") -> DatabaseCatalog {
        DatabaseCatalog(
            facts: .builtin,
            searchPath: "\"$user\", public",
            searchPathOfRole: [:],
            isolation: isolation
        )
    }

    static func topology(_ states: [NodeState]) -> Topology {
        Topology(
            nodes: states.enumerated().map { index, state in
                Node(
                    index: index,
                    name: "n\(index)",
                    address: .tcp(host: "n\(index)", port: 5432),
                    weight: 1,
                    state: state
                )
            }
        )
    }

    var engine: Engine { shell.engine }

    private func connecting(_ link: Link) {
        switch link.kind {
        case .server(let node):
            let server = ScriptedServer(self, link, node: node, number: servers.count + 1)
            servers.append(server)
            peers[link.id] = server
        case .canceller(let node):
            let cancel = ScriptedCancel(self, link, node: node)
            cancels.append(cancel)
            peers[link.id] = cancel
        case .client: break
        }
    }

    // MARK: Who is there

    /// A connection that has sent nothing yet.
    func connect(from address: ClientAddress = .unix) -> ScriptedClient {
        let client = ScriptedClient(self, shell.accept(from: address))
        peers[client.link.id] = client
        return client
    }

    /// A client that has been let in, and has looked at what it was told.
    func client(
        user: String = "app",
        database: String = "app",
        version: ProtocolVersion = .v3_0,
        _ settings: KeyValuePairs<String, String> = [:]
    ) -> ScriptedClient {
        let client = connect()
        client.sendsStartup(version, [("user", user), ("database", database)] + settings.map { ($0.key, $0.value) })
        if client.received.last == "Ready I" { client.forget() }
        return client
    }

    func openServers(on node: Int? = nil) -> [ScriptedServer] {
        servers.filter { !$0.isClosed && (node == nil || $0.node == node) }
    }

    /// The only server that is open on a node.
    func server(on node: Int, sourceLocation: SourceLocation = #_sourceLocation) -> ScriptedServer {
        let open = openServers(on: node)
        if open.count != 1 {
            Issue.record("\(open.count) servers are open on node \(node)", sourceLocation: sourceLocation)
        }
        guard let server = open.last ?? servers.last else { preconditionFailure("no server has ever been opened") }
        return server
    }

    // MARK: What happens

    /// Lets everything arrive that is under way.
    func settle() {
        var isMoving = true
        while isMoving {
            isMoving = false
            shell.endTurn()
            if !engine.turn.answering.isEmpty {
                engine.wake()
                isMoving = true
            }
            for link in shell.order { if move(link) { isMoving = true } }
        }
        expectSound()
    }

    /// The engine's invariants hold, and have held after each event.
    private func expectSound() {
        guard !isUnsound, let violation = shell.violation else { return }
        isUnsound = true
        Issue.record("an invariant does not hold: \(violation)", sourceLocation: sourceLocation)
    }

    private func move(_ link: Link) -> Bool {
        guard let peer = peers[link.id] else { return false }
        if link.phase == .connecting {
            guard acceptsConnections else { return false }
            shell.connected(link)
            return true
        }
        var moved = false
        if peer.reads {
            let bytes = shell.read(link, chunk)
            if !bytes.isEmpty {
                peer.take(bytes)
                moved = true
            }
        }
        if link.phase == .closed {
            peer.isClosed = true
            shell.forget(link)
            return true
        }
        if link.phase == .open, !link.isPaused, !link.toEngine.isEmpty {
            shell.deliver(link, chunk)
            moved = true
        }
        return moved
    }

    /// Time passes, in ticks as the worker has them.
    func pass(seconds: Double) {
        let end = engine.now + Microseconds(seconds * 1_000_000)
        while engine.now < end {
            engine.now = min(end, engine.now + 100_000)
            engine.wake()
            engine.tick()
            shell.verify()
            settle()
        }
    }

    func acceptConnections() {
        acceptsConnections = true
        settle()
    }

    /// The node refuses every connection that is being made to it.
    func refuseConnections(to node: Int) {
        for server in openServers(on: node) where server.link.phase == .connecting {
            server.isClosed = true
            shell.refuseConnection(server.link)
        }
        settle()
    }

    func topologyBecomes(_ states: NodeState...) {
        engine.topologyChanged(Self.topology(states))
        settle()
    }

    func endInput(_ peer: ScriptedPeer) {
        shell.endInput(peer.link)
        if shell.links[peer.link.id] == nil { peer.isClosed = true }
        settle()
    }

    func disconnect(_ peer: ScriptedPeer, reason: String) {
        peer.isClosed = true
        shell.breakLink(peer.link, reason: reason)
        settle()
    }

    /// All leave: nothing may be left behind.
    func end(sourceLocation: SourceLocation) {
        let clients = shell.order.filter { $0.kind == .client }
        for link in clients { shell.breakLink(link, reason: "the end") }
        settle()
        // What they have sent might be carried out for long.
        for client in engine.clientTokens { engine.closed(client, reason: "the end") }
        settle()
        while let link = shell.order.first { shell.breakLink(link, reason: "the end") }
        shell.endTurn()
        while let link = shell.order.first {
            shell.breakLink(link, reason: "the end")
            shell.endTurn()
        }
        #expect(engine.inspect() == Engine.Inspection(), "what is left at the end", sourceLocation: sourceLocation)
    }
}

/// Has a conversation, and sees to it that it leaves nothing behind.
/// - Parameter pool: the options of all pools, whose databases are one and the same on the servers.
func converse(
    nodes: Int = 2,
    options: (inout EngineOptions) -> Void = { _ in },
    pool: (inout PoolOptions) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation,
    _ script: (Conversation) throws -> Void
) rethrows {
    let talk = Conversation(
        nodes: nodes,
        options: options,
        pool: pool,
        sourceLocation: sourceLocation
    )
    try script(talk)
    talk.end(sourceLocation: sourceLocation)
}
