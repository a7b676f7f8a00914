import Bytes
import PostgresWire
import ProxyCore
import ProxyTerms
import StatementRouting

/// Clients, an engine and a model PostgreSQL on a network with bad luck; everything from one seed, so that a failure
/// replays.
package final class Simulation {
    package let seed: UInt64
    package private(set) var steps = 0
    package let store = ModelStore()
    let shell: Shell
    var dice: Dice
    let isStormy: Bool
    let nodeCount: Int
    var sessions: [TransportID: ModelSession] = [:]
    private var serverLinks: [UInt32: Link] = [:]
    var clients: [SimulatedClient] = []
    private var byLink: [TransportID: SimulatedClient] = [:]
    private var waitingScripts: [ClientScript] = []
    private var cancellers: Set<String> = []
    private var nextProcess: UInt32 = 1000
    private var lastTick: Int64 = 0
    private let clock = SampleClock()
    private var sampler: ModelSampler
    /// How often, in a hundred steps, a replica replays a commit.
    private let replayChance: Int
    var idleRounds = 0
    private let chunk: Int
    private let failsOver: Bool
    private let losesNoReads: Bool
    /// How settings change, while they do.
    var changes: Dice?
    /// How often they have.
    package internal(set) var reconfigurations = 0
    /// In how many steps the watch says once how things are.
    let watchDelay: Int
    /// The model nodes as the engine was told of them last.
    var told: Topology
    /// Nodes that have left the cluster, with how many slots had been vacated by then.
    var departures: [Int: Int] = [:]
    /// Slots that another node has got.
    package internal(set) var handovers = 0
    var lostCommits = 0
    /// The primary's place in the log one step ago.
    var lastPosition = 0
    package internal(set) var promotions = 0
    /// The engine's invariants are looked at after each event of every so many steps.
    private let verifyInterval: Int

    /// - Parameters:
    ///   - isStormy: whether servers are killed and connections refused; clients then accept the errors that say so.
    ///   - readYourWrites: nil: drawn by lot among those that promise something.
    ///   - reconfigures: whether settings change all the while.
    ///   - failsOver: whether nodes die and come back, and replicas are promoted.
    package init(
        seed: UInt64,
        isStormy: Bool,
        failsOver: Bool = false,
        reconfigures: Bool = false,
        readYourWrites: ReadYourWrites? = nil
    ) {
        self.seed = seed
        self.isStormy = isStormy
        self.failsOver = failsOver
        changes = reconfigures ? Dice(seed: seed &+ 7) : nil
        dice = Dice(seed: seed)
        verifyInterval = seed % 16 == 0 ? 1 : 64
        nodeCount = failsOver ? 2 + dice.below(2) : 1 + dice.below(3)
        chunk = dice.pick([1, 7, 40, 1000, 100_000])
        var options = EngineOptions()
        options.maximumPendingReplies = dice.pick([10, 16, 4096])
        losesNoReads = !failsOver && options.maximumPendingReplies > 100
        options.serverPreparedStatements = dice.pick([1, 2, 500])
        options.clientBufferLimit = dice.pick([1000, 1 << 20])
        options.statementTextLimit = dice.pick([300, 1000])
        var pool = PoolOptions(databaseOnServer: "app")
        pool.size = 1 + dice.below(3)
        pool.connectRamp = 1 + dice.below(2)
        pool.prepareUnnamed = dice.chance(70)
        replayChance = dice.pick([100, 100, 30, 5, 1])
        store.delaysReplay = replayChance < 100
        // A write that looks like a read is not known for one where the primary takes reads.
        pool.readsOnPrimary = store.delaysReplay ? .fallback : dice.pick([.fallback, .always])
        let drawn: ReadYourWrites = dice.pick([.session, .session, .global])
        pool.readYourWrites = readYourWrites ?? drawn
        pool.transactionReads = dice.pick([.primary, .replicaUntilWrite])
        pool.pinnedReads = dice.pick([.primary, .replica])
        pool.freshnessWait = dice.pick([0, 1000, 5000, 100_000])
        sampler = ModelSampler(nodes: nodeCount, clock: clock, store: store)
        let nodes = (0..<nodeCount).map { index in
            Node(
                index: index,
                name: "n\(index)",
                address: .tcp(host: "n\(index)", port: 5432),
                weight: 1,
                state: .up(index == 0 ? .primary : .replica)
            )
        }
        told = Topology(nodes: nodes)
        watchDelay = failsOver ? dice.pick([3, 30, 1000]) : 1
        if failsOver { options.serverLoginRetry = 20_000 }
        shell = Shell(
            EngineConfiguration(options: options, pools: PoolRules(proxy: pool)),
            topology: Topology(nodes: nodes),
            seed: seed | 1,
            randomSeed: seed &+ 99,
            sampleClock: clock
        )
        shell.highWater = dice.pick([60, 2000, 1 << 20])
        shell.lowWater = shell.highWater / 2
        shell.connecting = { [unowned self] link in connecting(link) }
        shell.catalog = Self.catalog
        let count = 1 + dice.below(6)
        for index in 0..<count {
            waitingScripts.append(
                ScriptWriter.script(
                    owner: "c\(index)",
                    seed: seed &* 31 &+ UInt64(index),
                    steps: 3 + dice.below(12),
                    cancels: dice.chance(20)
                )
            )
        }
    }

    /// `hidden_write` says that it is stable and is not.
    private static let catalog = DatabaseCatalog(
        facts: CatalogFacts(
            functions: [
                FunctionFact(
                    schema: "public",
                    name: "hidden_write",
                    minimumArguments: 2,
                    maximumArguments: 2,
                    volatility: .stable
                )
            ],
            relations: [],
            defaultSearchPath: SearchPath(schemas: ["public"]),
            generation: 1
        ),
        searchPath: "public",
        searchPathOfRole: [:]
    )

    private func connecting(_ link: Link) {
        guard case .server(let node) = link.kind else { return }
        nextProcess += 1
        let key = withUnsafeBytes(of: (nextProcess &* 2_654_435_761).bigEndian) { Array($0) }
        sessions[link.id] = ModelSession(
            node: node,
            processID: nextProcess,
            key: key,
            store: store,
            checksOwners: true
        )
        serverLinks[nextProcess] = link
    }

    // MARK: Running

    /// Plays everything to its end. Returns what went wrong, in words; nil where nothing did.
    package func run() -> String? {
        defer { store.forgetSessions() }
        while steps < 400_000 {
            steps += 1
            step()
            if let failure { return failure }
            if waitingScripts.isEmpty, shell.order.allSatisfy({ $0.kind != .client }), isQuiet { break }
            if idleRounds > 600 {
                return "stuck:\n" + clients.map(\.progress).joined(separator: "\n") + "\n\(shell.engine.inspect())"
            }
        }
        // What the engine has asked for last is done, too: it closes connections.
        shell.verifies = true
        shell.endTurn()
        return endFailure
    }

    package var buffers: BufferPool { shell.engine.buffers }

    /// Plays so many steps and no more: for looking at what is under way then.
    package func runSteps(_ count: Int) {
        for _ in 0..<count where !shell.order.isEmpty || !waitingScripts.isEmpty { step() }
        store.forgetSessions()
    }

    private var failure: String? {
        if let violation = shell.violation { return "an invariant does not hold: \(violation)" }
        if let violation = store.violations.first { return violation }
        for client in clients { if let mismatch = client.mismatch { return mismatch } }
        return nil
    }

    private var isQuiet: Bool {
        let found = shell.engine.inspect()
        return found.clients == 0 && found.cancels == 0 && found.pendingReplies == 0
            && found.servers == found.idleServers + found.listeningServers
    }

    private var endFailure: String? {
        // A connection that the engine has just given up is closed by that.
        shell.endTurn()
        if let failure { return failure }
        let found = shell.engine.inspect()
        if !isQuiet { return "not quiet at the end: \(found)" }
        if found.bytesInUse != 0 || found.statementReferences != 0 || found.waiting != 0 {
            return "left over: \(found)"
        }
        let wanted = clients.reduce(into: [:]) { $0.merge($1.script.commits) { $0 + $1 } }
        if let often = store.commits.first(where: { $0.value > wanted[$0.key] ?? 1 }) {
            return "\(often.key) was written \(often.value) times"
        }
        for client in clients {
            if let missing = client.missing { return missing }
            guard lostCommits == 0, client.isUndisturbed || client.leavesItsWritesBehind,
                let missing = client.script.commits.first(where: { store.commits[$0.key] != $0.value })
            else { continue }
            return "\(missing.key) was \(client.isUndisturbed ? "acknowledged" : "sent in full") and is not there"
        }
        for value in clients.flatMap(\.denied) where store.commits[value] ?? 0 > 0 {
            return "\(value) was said not to have been written, and is there"
        }
        for text in store.cancelled where !cancellers.contains(where: { text.contains("/* \($0) */") }) {
            return "a cancel hit another's statement: \(text)"
        }
        for (index, session) in sessions where shell.links[index]?.phase == .open {
            if session.isInBlock || !session.staged.isEmpty { return "a free server has a transaction open" }
            if session.channels.isEmpty == false { return "a free server listens: \(session.channels)" }
            if !session.temporaryTables.isEmpty { return "a free server has temporary tables" }
        }
        return nil
    }

    private func step() {
        shell.engine.now += Int64(dice.below(200))
        shell.verifies = steps % verifyInterval == 0
        advance()
        shell.verify()
        if !waitingScripts.isEmpty, dice.chance(10) || shell.order.isEmpty { admit() }
        var acted = false
        let count = shell.order.count
        let start = dice.below(count)
        for offset in 0..<count where !acted {
            let link = shell.order[(start + offset) % count]
            acted = act(on: link)
        }
        if acted {
            idleRounds = 0
        } else {
            idleRounds += 1
            shell.engine.now += 10_000
        }
        if !acted || dice.chance(60) { shell.endTurn() }
    }

    private func advance() {
        store.now = shell.engine.now
        for node in 0..<nodeCount where node != store.primary && !store.down.contains(node) {
            if dice.chance(replayChance) { store.replay(node) }
        }
        if failsOver { stepFailover() }
        if changes?.chance(1) == true { reconfigure() }
        if shell.engine.nextDeadline <= shell.engine.now { shell.engine.wake() }
        let isAsked = shell.samplesAsked > 0
        if dice.chance(isAsked ? 50 : 2), let report = sampler.step(&dice) {
            shell.samplesAsked = 0
            shell.engine.freshnessReported(report)
        }
        if shell.engine.now - lastTick >= 100_000 {
            lastTick = shell.engine.now
            shell.engine.tick()
        }
    }

    private func admit() {
        let link = shell.accept()
        let client = SimulatedClient(script: waitingScripts.removeLast(), link: link)
        client.isInStorm = isStormy || failsOver
        client.losesNoReads = losesNoReads
        client.trace = store.trace
        clients.append(client)
        byLink[link.id] = client
    }

    /// Does one thing on a connection. Returns false where there is nothing to do.
    private func act(on link: Link) -> Bool {
        switch (link.kind, link.phase) {
        case (_, .connecting):
            if store.down.contains(link.node) {
                shell.refuseConnection(link)
            } else if isStormy, dice.chance(10) {
                shell.refuseConnection(link)
            } else {
                shell.connected(link)
            }
            return true
        case (.client, .open): return actOnClient(link)
        case (.client, .closing), (.client, .closed):
            let bytes = shell.read(link, .max)
            if !link.isAbandoned { byLink[link.id]?.receive(bytes) }
            shell.forget(link)
            return true
        case (.server, .open): return actOnServer(link)
        case (.server, _):
            sessions[link.id]?.receive(shell.read(link, .max))
            sessions[link.id]?.disconnect()
            shell.forget(link)
            return true
        case (.canceller, _): return actOnCanceller(link)
        }
    }

    private func actOnClient(_ link: Link) -> Bool {
        let client = byLink[link.id]
        switch dice.below(3) {
        case 0:
            if deliver(link) { return true }
            if let client, send(client) { return true }
            return readAsClient(link, client)
        case 1:
            if let client, send(client) { return true }
            if readAsClient(link, client) { return true }
            return deliver(link)
        default:
            if readAsClient(link, client) { return true }
            if deliver(link) { return true }
            return client.map { send($0) } ?? false
        }
    }

    private func send(_ client: SimulatedClient) -> Bool {
        if client.wantsCancel, client.key != nil, dice.chance(30) {
            cancel(client)
            return true
        }
        guard client.canSend else { return false }
        client.send()
        if client.link.peer == .lost {
            client.link.toEngine.removeLast(dice.below(client.link.toEngine.count + 1))
        }
        // The proxy cancels the reads that a client leaves behind.
        if client.link.isAbandoned { cancellers.insert(client.script.owner) }
        return true
    }

    private func cancel(_ client: SimulatedClient) {
        guard let key = client.key else { return }
        client.noteCancel()
        cancellers.insert(client.script.owner)
        var builder = MessageBuilder()
        builder.cancelRequest(processID: key.processID, key: key.secret)
        shell.accept().toEngine = builder.bytes
    }

    private func readAsClient(_ link: Link, _ client: SimulatedClient?) -> Bool {
        guard !link.fromEngine.isEmpty else { return false }
        let bytes = shell.read(link, 1 + dice.below(chunk))
        // Who has closed does not read any more.
        if link.peer != .closed { client?.receive(bytes) }
        return true
    }

    private func deliver(_ link: Link) -> Bool {
        if link.peer == .shut, link.toEngine.isEmpty {
            shell.endInput(link)
            return true
        }
        if link.isAbandoned, link.toEngine.isEmpty || link.peer == .lost && dice.chance(5) {
            shell.breakLink(link, reason: "connection closed by the peer")
            if case .server = link.kind { sessions[link.id]?.disconnect() }
            return true
        }
        guard !link.isPaused, !link.toEngine.isEmpty else { return false }
        shell.deliver(link, 1 + dice.below(chunk))
        return true
    }

    private func actOnServer(_ link: Link) -> Bool {
        guard let session = sessions[link.id] else { return false }
        if isStormy, !link.isAbandoned, dice.below(600) == 0 {
            link.toEngine.removeLast(dice.below(link.toEngine.count + 1))
            link.peer = .lost
            session.disconnect()
        }
        if dice.chance(50), deliver(link) { return true }
        if session.hasNews, dice.chance(70) || link.fromEngine.isEmpty {
            session.tellNews()
            link.toEngine += session.takeOutput()
            return true
        }
        if let wake = session.wakeTime, wake <= store.now {
            session.wake()
            link.toEngine += session.takeOutput()
            return true
        }
        if !link.fromEngine.isEmpty {
            session.receive(shell.read(link, 1 + dice.below(chunk)))
            link.toEngine += session.takeOutput()
            return true
        }
        return deliver(link)
    }

    private func actOnCanceller(_ link: Link) -> Bool {
        if link.phase != .open {
            shell.forget(link)
            return true
        }
        guard link.fromEngine.count >= 16 else { return false }
        var reader = BodyReader(Array(link.fromEngine[8...]))
        let processID = UInt32(bitPattern: Int32(reader.int32()))
        let key = Array(link.fromEngine[12...])
        if let server = serverLinks[processID], let session = sessions[server.id], session.key == key {
            session.cancel()
            server.toEngine += session.takeOutput()
        }
        shell.breakLink(link, reason: "connection closed by the peer")
        return true
    }
}
