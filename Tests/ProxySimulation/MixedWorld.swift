import Bytes
import PostgresWire
import ProxyCore
import ProxyTerms

/// One client says a conversation to a model PostgreSQL and, the same, to an engine in front of others of its kind:
/// it must be told the same, and the same must have been written. Of some the connection is lost somewhere on the way.
/// A second client then finds servers as if nobody had used them before.
package final class MixedWorld {
    private let conversation: MixedConversation
    private let shell: Shell
    private let store = ModelStore()
    private var dice: Dice
    private var chunk: Int
    private var client: Link
    /// How much of the conversation is heard before the client's connection is lost, in thousandths; nil where it says
    /// all of it.
    private let isLostAfter: Int?
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
        isLostAfter = dice.chance(25) ? dice.below(1001) : nil
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
        let difference = playFirst() ?? leftOnServers() ?? playSecond()
        if let violation = shell.violation { return "an invariant does not hold: \(violation)" }
        if let difference { return difference }
        let left = shell.engine.inspect()
        return left.clients == 0 && left.pendingReplies == 0 && left.waiting == 0 ? nil : "left over: \(left)"
    }

    private static var startup: [UInt8] {
        var builder = MessageBuilder()
        builder.startup(.v3_0, [.init(name: "user", value: "user0"), .init(name: "database", value: "app")])
        return builder.bytes
    }

    // MARK: The first client

    private func playFirst() -> String? {
        // Whatever state it is in: this is answered.
        var end = MessageBuilder()
        end.message(FrontendTag.copyFail) { $0.string("the end") }
        end.message(FrontendTag.copyFail) { $0.string("of a second one") }
        end.sync()
        end.query("SELECT 1")
        let packets = [Self.startup] + conversation.packets.map { $0.flatMap(\.bytes) } + [end.bytes]
        if let isLostAfter { return playLost(packets, isLostAfter) }
        let direct = ModelStore()
        let alone = session(in: direct, node: 0)
        for packet in packets { alone.receive(packet) }
        let expected = Self.view(alone.takeOutput())

        settle()
        for packet in packets where !hasEnded { say(packet, rounds: dice.chance(40) ? dice.below(6) : .max) }
        settle()
        waitFor(expected.count)
        let found = Self.view(told)
        leave()
        if let difference = Self.difference(found, expected) { return difference }
        if alone.hasEnded != hasEnded { return hasEnded ? "the connection ended" : "the connection lives on" }
        alone.disconnect()
        return direct.values == store.values ? nil : "written: \(store.values), not \(direct.values)"
    }

    /// The connection is lost at any byte, whatever of what was said before has been carried out by then.
    private func playLost(_ packets: [[UInt8]], _ thousandths: Int) -> String? {
        var left = packets.dropFirst().reduce(0) { $0 + $1.count } * thousandths / 1000
        let direct = ModelStore()
        let alone = session(in: direct, node: 0)
        alone.receive(Self.startup)
        var output = alone.takeOutput()
        let flush = Self.messages { $0.flush() }[0].bytes
        // What is written behind each message, with how many messages the client has been told by then.
        var written = [(told: Self.view(output).count, values: direct.values)]
        settle()
        say(Self.startup, rounds: .max)
        for packet in packets.dropFirst() where left > 0 && !hasEnded {
            let heard = Array(packet.prefix(left))
            left -= heard.count
            for message in WireMessage.all(in: heard) {
                // The proxy may hear what PostgreSQL keeps for the batch's end.
                alone.receive(message.bytes + flush)
                output += alone.takeOutput()
                written.append((Self.view(output).count, direct.values))
            }
            if left == 0, let cut = WireMessage.all(in: packet).dropFirst(WireMessage.all(in: heard).count).first {
                // Its first byte may be refused by itself; nothing is carried out before the last.
                let values = direct.values
                alone.receive(cut.bytes + flush)
                output += alone.takeOutput()
                written.append((Self.view(output).count, values))
            }
            say(heard, rounds: left == 0 || dice.chance(40) ? dice.below(6) : .max)
        }
        trace?("client is lost")
        let found = Self.view(told)
        leave()
        let expected = Self.view(output)
        if let difference = Self.difference(found, Array(expected.prefix(found.count))) { return difference }
        let isPossible = written.contains { $0.values == store.values && $0.told >= found.count }
        return isPossible ? nil : "written: \(store.values), told \(found.suffix(3))"
    }

    private static func difference(_ found: [String], _ expected: [String]) -> String? {
        guard found != expected else { return nil }
        let same = zip(found, expected).prefix { $0 == $1 }.count
        return "behind \(found[..<same].suffix(3)): told \(found[same...].prefix(6)), "
            + "not \(expected[same...].prefix(6))"
    }

    // MARK: The next client

    /// What the servers would hand to whoever is next, in words. Settings are brought back when he comes.
    private func leftOnServers() -> String? {
        for session in sessions.values.sorted(by: { $0.processID < $1.processID }) {
            if let left = session.leftToOthers { return "server \(session.processID) goes to others with \(left)" }
        }
        return nil
    }

    /// What a client may ask, first of all, of a session that it takes for its own. Behind each, servers are let go.
    private static let visits: [[WireMessage]] = [
        queries("SHOW work_mem"),
        queries("BEGIN", "INSERT INTO kv VALUES ('next', 'a')", "SHOW work_mem", "COMMIT"),
        queries("ROLLBACK"),
        queries("EXECUTE a"),
        queries("EXECUTE b"),
        queries("EXECUTE z"),
        queries("PREPARE a AS SELECT 1"),
        queries("DEALLOCATE b"),
        queries("SELECT name FROM pg_prepared_statements ORDER BY 1"),
        queries("CREATE TEMP TABLE t9 (a int)"),
        queries("SELECT value FROM kv WHERE k = 'k1'"),
        messages {
            $0.bind(portal: "", statement: "", parameters: [])
            $0.execute(portal: "", maximumRows: 0)
            $0.sync()
        },
        messages {
            $0.describe("P", "p")
            $0.sync()
        },
        messages {
            $0.parse(name: "b", text: "SELECT 1")
            $0.bind(portal: "p", statement: "b", parameters: [])
            $0.execute(portal: "p", maximumRows: 1)
            $0.sync()
        },
    ]

    private static func queries(_ texts: String...) -> [WireMessage] {
        messages { for text in texts { $0.query(text) } }
    }

    private static func messages(_ build: (inout MessageBuilder) -> Void) -> [WireMessage] {
        var builder = MessageBuilder()
        build(&builder)
        return WireMessage.all(in: builder.bytes)
    }

    private func playSecond() -> String? {
        let direct = ModelStore()
        for (key, value) in store.values { direct.commit(key, value) }
        let alone = session(in: direct, node: 0)
        chunk = .max
        told = []
        hasEnded = false
        client = shell.accept()
        var expected: [String] = []
        var packets = [Self.startup]
        for _ in 0..<3 { packets.append(dice.pick(Self.visits).flatMap(\.bytes)) }
        for packet in packets where !hasEnded {
            alone.receive(packet)
            expected += Self.view(alone.takeOutput())
            say(packet, rounds: .max)
            waitFor(expected.count)
        }
        let found = Self.view(told)
        let isLost = hasEnded
        leave()
        if let difference = Self.difference(found, expected) { return "the next client: " + difference }
        if isLost { return "the next client's connection ended" }
        return direct.values == store.values ? nil : "the next client wrote \(store.values), not \(direct.values)"
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

    private func say(_ packet: [UInt8], rounds: Int) {
        trace?("client -> \(WireMessage.all(in: packet).map(\.asFrontend))")
        client.toEngine += packet
        settle(rounds: rounds)
    }

    /// A wait of the proxy's own, for as long as it may last.
    private func waitFor(_ count: Int) {
        for _ in 0..<20 where !hasEnded && Self.view(told).count < count {
            shell.engine.now += 100_000
            settle()
        }
    }

    private func leave() {
        if !hasEnded { shell.breakLink(client, reason: "connection closed by the peer") }
        settle()
    }

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
        } else if case .canceller = link.kind, !bytes.isEmpty {
            // The server closes it behind a cancel request; nothing here runs for so long that it could be cancelled.
            shell.breakLink(link, reason: "connection closed by the peer")
            return true
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
