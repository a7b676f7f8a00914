import Bytes
import PostgresWire
import ProxyCore
import ProxyTerms

/// One client says a conversation to a model PostgreSQL and, the same, to an engine in front of others of its kind:
/// it must be told the same, and the same must have been written.
package final class MixedWorld {
    private let conversation: MixedConversation
    private let shell: Shell
    private let store = ModelStore()
    private var dice: Dice
    private let chunk: Int
    private let client: Link
    private var sessions: [TransportID: ModelSession] = [:]
    private var nextProcess: UInt32 = 100
    private var nextTick: Int64 = 0
    private var told: [UInt8] = []
    private var hasEnded = false
    private let trace: ((String) -> Void)?

    /// - Parameter trace: told who says what, for looking at one conversation.
    package init(_ conversation: MixedConversation, trace: ((String) -> Void)? = nil) {
        self.conversation = conversation
        self.trace = trace
        dice = Dice(seed: conversation.seed &+ 23)
        chunk = dice.pick([1, 40, 100_000])
        var options = EngineOptions()
        options.maximumPendingReplies = dice.pick([10, 4096])
        options.serverPreparedStatements = dice.pick([1, 500])
        var pool = PoolOptions(databaseOnServer: "app")
        pool.size = 1 + dice.below(2)
        pool.transactionReads = dice.pick([.primary, .replicaUntilWrite])
        pool.pinnedReads = dice.pick([.primary, .replica])
        pool.mode = dice.pick([.transaction, .transaction, .session])
        pool.prepareUnnamed = dice.chance(70)
        pool.readYourWrites = .eventual
        let nodes = (0..<2).map { index in
            Node(
                index: index,
                name: "n\(index)",
                address: .tcp(host: "n\(index)", port: 5432),
                weight: 1,
                state: .up(index == 0 ? .primary : .replica)
            )
        }
        shell = Shell(
            EngineConfiguration(options: options, pools: PoolRules(proxy: pool)),
            topology: Topology(nodes: nodes),
            seed: conversation.seed | 1,
            randomSeed: conversation.seed &+ 99
        )
        store.trace = trace
        client = shell.accept()
        shell.connecting = { [unowned self] link in
            guard case .server(let node) = link.kind else { return }
            sessions[link.id] = session(in: store, node: node)
        }
    }

    private func session(in store: ModelStore, node: Int) -> ModelSession {
        nextProcess += 1
        return ModelSession(node: node, processID: nextProcess, key: [1, 2, 3, 4], store: store, checksOwners: false)
    }

    /// Plays it. Returns what differs, in words; nil where nothing does.
    package func run() -> String? {
        defer { store.forgetSessions() }
        var startup = MessageBuilder()
        startup.startup(.v3_0, [.init(name: "user", value: "user0"), .init(name: "database", value: "app")])
        // Whatever state it is in: this is answered.
        var end = MessageBuilder()
        end.message(FrontendTag.copyFail) { $0.string("the end") }
        end.message(FrontendTag.copyFail) { $0.string("of a second one") }
        end.sync()
        end.query("SELECT 1")
        let packets = [startup.bytes] + conversation.packets.map { $0.flatMap(\.bytes) } + [end.bytes]
        let direct = ModelStore()
        let alone = session(in: direct, node: 0)
        for packet in packets { alone.receive(packet) }
        let expected = Self.view(alone.takeOutput())

        settle()
        for packet in packets where !hasEnded {
            trace?("client -> \(WireMessage.all(in: packet).map(\.asFrontend))")
            client.toEngine += packet
            settle(rounds: dice.chance(40) ? dice.below(6) : .max)
        }
        settle()
        // A wait of the proxy's own, for as long as it may last.
        for _ in 0..<20 where !hasEnded && Self.view(told).count < expected.count {
            shell.engine.now += 100_000
            settle()
        }
        let found = Self.view(told)
        if !hasEnded { shell.breakLink(client, reason: "connection closed by the peer") }
        settle()
        if let violation = shell.violation { return "an invariant does not hold: \(violation)" }
        if found != expected {
            let same = zip(found, expected).prefix { $0 == $1 }.count
            return "behind \(found[..<same].suffix(3)): told \(found[same...].prefix(6)), "
                + "not \(expected[same...].prefix(6))"
        }
        if alone.hasEnded != hasEnded { return hasEnded ? "the connection ended" : "the connection lives on" }
        alone.disconnect()
        if direct.values != store.values { return "written: \(store.values), not \(direct.values)" }
        let left = shell.engine.inspect()
        return left.clients == 0 && left.pendingReplies == 0 && left.waiting == 0 ? nil : "left over: \(left)"
    }

    /// What a client is told, without what the proxy is free to say otherwise.
    private static func view(_ bytes: [UInt8]) -> [String] {
        var view: [String] = []
        for message in WireMessage.all(in: bytes) {
            switch message.letter {
            case "R", "S", "K": break
            case "E":
                view.append("\(message.field("V") ?? "") \(message.field("C") ?? "")")
            case "N": view.append("Notice \(message.field("C") ?? "")")
            default: view.append(message.asBackend)
            }
        }
        return view
    }

    // MARK: What moves

    private func settle(rounds limit: Int = .max) {
        var rounds = 0
        while rounds < min(limit, 20_000) {
            rounds += 1
            shell.engine.now += 200
            if shell.engine.nextDeadline <= shell.engine.now { shell.engine.wake() }
            if shell.engine.now >= nextTick {
                nextTick = shell.engine.now + 100_000
                shell.engine.tick()
            }
            shell.endTurn()
            var isMoving = false
            for link in shell.order { if move(link) { isMoving = true } }
            if !isMoving { return }
        }
    }

    private func move(_ link: Link) -> Bool {
        if link.phase == .connecting {
            shell.connected(link)
            return true
        }
        let isOver = link.phase != .open
        let bytes = shell.read(link, .max)
        var moved = !bytes.isEmpty
        if link === client {
            told += bytes
            if isOver { hasEnded = true }
        } else if let session = sessions[link.id] {
            session.receive(bytes)
            let reply = session.takeOutput()
            if !reply.isEmpty {
                trace?("        server \(session.processID) -> \(WireMessage.all(in: reply).map(\.asBackend))")
            }
            link.toEngine += reply
        }
        if isOver {
            sessions.removeValue(forKey: link.id)?.disconnect()
            shell.forget(link)
            return true
        }
        if !link.isPaused, !link.toEngine.isEmpty {
            shell.deliver(link, chunk)
            moved = true
        } else if sessions[link.id]?.hasEnded == true, link.toEngine.isEmpty {
            sessions[link.id] = nil
            shell.breakLink(link, reason: "connection closed by the peer")
            moved = true
        }
        return moved
    }
}
