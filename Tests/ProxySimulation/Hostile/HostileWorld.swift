import Bytes
import PostgresWire
import ProxyCore
import ProxyTerms

/// An engine with a client that does not keep to the protocol, or whose servers do not, beside one that does. Whatever
/// the one says, the other gets its answers, no invariant is broken, and nothing is left behind.
package final class HostileWorld {
    private let shell: Shell
    private var dice: Dice
    private let chunk: Int
    private let hostile: HostileCase
    private var servers: [TransportID: PlainServer] = [:]
    private var serverEditor: StreamEditor
    private var clientEditor: StreamEditor
    /// Turns that it has not said yet.
    private var turns: [[UInt8]]
    private var hostileLink: Link
    private let neighbour: Neighbour
    private var nextProcess: UInt32 = 100
    private var nextTick: Int64 = 0
    private var rounds = 0
    private let readsAnswers: Bool

    /// Users of one pool with honest servers, and of one whose servers are not.
    private static let honest = "user0"
    private static let dishonest = "mally"

    /// Told who says what, for looking at one case; invariants are then looked at after each event.
    private let trace: ((String) -> Void)?

    package init(_ hostile: HostileCase, trace: ((String) -> Void)? = nil) {
        self.hostile = hostile
        self.trace = trace
        dice = Dice(seed: hostile.seed &+ 17)
        chunk = dice.pick([1, 3, 17, 200, 100_000])
        readsAnswers = dice.chance(85)
        clientEditor = StreamEditor(hostile.clientEdits)
        serverEditor = StreamEditor(hostile.serverEdits)
        turns = hostile.conversation.as(hostile.serverEdits.isEmpty ? Self.honest : Self.dishonest)
        var options = EngineOptions()
        options.adminUsers = [Self.honest, Self.dishonest]
        options.maximumPendingReplies = dice.pick([10, 4096])
        options.serverPreparedStatements = dice.pick([1, 500])
        options.clientBufferLimit = dice.pick([2000, 1 << 20])
        options.statementTextLimit = dice.pick([300, 64 << 10])
        var pool = PoolOptions(databaseOnServer: "app")
        pool.size = 1 + dice.below(2)
        pool.readYourWrites = .eventual
        pool.transactionReads = dice.pick([.primary, .replicaUntilWrite])
        pool.pinnedReads = dice.pick([.primary, .replica])
        pool.mode = dice.pick([.transaction, .transaction, .transaction, .session, .statement])
        pool.prepareUnnamed = dice.chance(70)
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
            seed: hostile.seed | 1,
            randomSeed: hostile.seed &+ 99
        )
        shell.highWater = dice.pick([200, 1 << 20])
        shell.lowWater = shell.highWater / 2
        neighbour = Neighbour(link: shell.accept(), user: Self.honest)
        hostileLink = shell.accept()
        shell.connecting = { [unowned self] link in
            guard case .server = link.kind else { return }
            nextProcess += 1
            servers[link.id] = PlainServer(processID: nextProcess)
        }
    }

    /// Plays it. Returns what went wrong with anybody else, in words; nil where nothing did.
    package func run() -> String? {
        neighbour.ask()
        settle()
        while !turns.isEmpty, hostileLink.phase == .open, !clientEditor.hasEnded {
            trace?("client -> \(WireMessage.all(in: turns[0]).map(\.asFrontend))")
            hostileLink.toEngine += clientEditor.pass(turns.removeFirst())
            if dice.chance(30) { neighbour.ask() }
            // Some turns are pipelined.
            if turns.isEmpty || dice.chance(70) { settle(rounds: 1 + dice.below(30)) }
        }
        settle()
        if hostileLink.phase == .open { shell.breakLink(hostileLink, reason: "connection closed by the peer") }
        neighbour.ask()
        settle()
        for _ in 0..<400 where !neighbour.isSatisfied { pass() }
        return shell.violation.map { "an invariant does not hold: \($0)" } ?? neighbour.complaint ?? end()
    }

    private func end() -> String? {
        for link in shell.order where link.kind == .client && link.phase == .open {
            shell.breakLink(link, reason: "the end")
        }
        settle()
        // What they have sent might be carried out for long.
        for client in shell.engine.clientTokens { shell.engine.closed(client, reason: "the end") }
        settle()
        for _ in 0..<5 {
            while let link = shell.order.first { shell.breakLink(link, reason: "the end") }
            shell.endTurn()
        }
        let left = shell.engine.inspect()
        return left == Engine.Inspection() ? nil : "left over: \(left)"
    }

    // MARK: What moves

    private func pass() {
        shell.engine.now += 100_000
        shell.engine.wake()
        shell.engine.tick()
        settle()
    }

    /// Lets everything arrive that is under way, or so many rounds of it.
    private func settle(rounds limit: Int = 4000) {
        for _ in 0..<limit {
            rounds += 1
            shell.engine.now += 200
            if shell.engine.nextDeadline <= shell.engine.now { shell.engine.wake() }
            if shell.engine.now >= nextTick {
                nextTick = shell.engine.now + 100_000
                shell.engine.tick()
            }
            shell.verifies = trace != nil || chunk > 100 || rounds % 16 == 0
            shell.endTurn()
            var isMoving = false
            for link in shell.order { if move(link) { isMoving = true } }
            if let trace, let violation = shell.violation {
                trace("an invariant does not hold: \(violation)")
                return
            }
            if !isMoving { return }
        }
    }

    private func move(_ link: Link) -> Bool {
        if link.phase == .connecting {
            shell.connected(link)
            return true
        }
        if link.phase == .closed || link.phase == .closing {
            servers[link.id] = nil
            if link === neighbour.link { neighbour.receive(shell.read(link, .max)) }
            shell.forget(link)
            return true
        }
        switch link.kind {
        case .client: return moveClient(link)
        case .server: return moveServer(link)
        case .canceller:
            guard link.fromEngine.count >= 16 else { return false }
            shell.breakLink(link, reason: "connection closed by the peer")
            return true
        }
    }

    private func moveClient(_ link: Link) -> Bool {
        var moved = false
        if link === neighbour.link || readsAnswers {
            let bytes = shell.read(link, .max)
            if link === neighbour.link { neighbour.receive(bytes) }
            moved = !bytes.isEmpty
        }
        if link === hostileLink, clientEditor.hasEnded, link.toEngine.isEmpty {
            shell.breakLink(link, reason: "connection closed by the peer")
            return true
        }
        return deliver(link) || moved
    }

    private func moveServer(_ link: Link) -> Bool {
        guard let server = servers[link.id] else { return false }
        let bytes = shell.read(link, .max)
        if !bytes.isEmpty {
            trace?("server \(server.processID) <- \(WireMessage.all(in: bytes).map(\.asFrontend)) \(bytes.count)")
            let reply = server.receive(bytes)
            trace?("server \(server.processID) -> \(WireMessage.all(in: reply).map(\.asBackend))")
            link.toEngine += server.user == Self.dishonest ? serverEditor.pass(reply) : reply
        }
        let isGone = server.hasEnded || server.user == Self.dishonest && serverEditor.hasEnded
        if isGone, link.toEngine.isEmpty {
            servers[link.id] = nil
            shell.breakLink(link, reason: "connection closed by the peer")
            return true
        }
        return deliver(link) || !bytes.isEmpty
    }

    private func deliver(_ link: Link) -> Bool {
        guard link.phase == .open, !link.isPaused, !link.toEngine.isEmpty else { return false }
        // All that is under way counts as one event where pieces are large.
        shell.deliver(link, link === neighbour.link ? .max : chunk)
        return true
    }
}

/// A client that asks one thing at a time and knows what the answer must be.
final class Neighbour {
    let link: Link
    private var asked: [String] = []
    private var received: [UInt8] = []
    private var isIn = false
    private var pending = 0
    private var said: [String] = []
    private var count = 0
    private var mistake: String?

    init(link: Link, user: String) {
        self.link = link
        var builder = MessageBuilder()
        builder.startup(.v3_0, [.init(name: "user", value: user), .init(name: "database", value: "app")])
        link.toEngine += builder.bytes
    }

    func ask() {
        count += 1
        let text = "SELECT 'question \(count)'"
        var builder = MessageBuilder()
        if count.isMultiple(of: 2) {
            builder.query(text)
        } else {
            builder.parse(name: "", text: text)
            builder.describe("S", "")
            builder.bind(portal: "", statement: "", parameters: [])
            builder.execute(portal: "")
            builder.sync()
        }
        link.toEngine += builder.bytes
        asked.append(text)
    }

    var isSatisfied: Bool { asked.isEmpty }

    var complaint: String? {
        if let mistake { return mistake }
        return asked.isEmpty ? nil : "the neighbour was not answered: \(asked)"
    }

    func receive(_ bytes: [UInt8]) {
        received += bytes
        while let message = WireMessage.take(from: &received) { take(message) }
    }

    private func take(_ message: WireMessage) {
        if !isIn {
            isIn = message.letter == "Z"
            if message.letter == "E" { mistake = "the neighbour was not let in: \(message.field("M") ?? "")" }
            return
        }
        guard message.letter == "Z" else {
            said.append(
                message.letter == "D"
                    ? "D" + String(decoding: message.body.dropFirst(6), as: UTF8.self) : "\(message.letter)"
            )
            return
        }
        defer { said = [] }
        guard let text = asked.first else {
            mistake = mistake ?? "the neighbour was told \(said) unasked"
            return
        }
        asked.removeFirst()
        let answers = [["T", "D" + text, "C"], ["1", "t", "T", "2", "D" + text, "C"]]
        if !answers.contains(said) || message.body != [TransactionStatus.idle.rawValue] {
            mistake = mistake ?? "the neighbour asked \(text) and was told \(said)"
        }
    }
}

extension HostileWorld {
    /// Gives an engine bytes as a connection's first.
    /// - Returns: what does not hold, in words.
    package static func startUp(_ bytes: [UInt8]) -> String? {
        let shell = Shell(
            EngineConfiguration(pools: PoolRules(proxy: PoolOptions(databaseOnServer: "app"))),
            topology: Topology(nodes: []),
            randomSeed: 1
        )
        let link = shell.accept()
        link.toEngine = bytes
        while link.phase == .open, !link.toEngine.isEmpty {
            shell.deliver(link, 7)
            shell.endTurn()
        }
        if link.phase == .open { shell.breakLink(link, reason: "the end") }
        shell.endTurn()
        for client in shell.engine.clientTokens { shell.engine.closed(client, reason: "the end") }
        shell.endTurn()
        return shell.violation ?? (shell.engine.buffers.bytesInUse == 0 ? nil : "bytes are left")
    }
}
