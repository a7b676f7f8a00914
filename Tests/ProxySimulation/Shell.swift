import Authentication
import Bytes
import ProxyCore

/// Does for an engine what a worker does, over links in memory instead of sockets.
package final class Shell {
    package let engine: Engine
    package let sampleClock: SampleClock
    package private(set) var links: [TransportID: Link] = [:]
    /// In the order in which they were made, so that choices among them replay.
    package private(set) var order: [Link] = []
    package private(set) var events: [EngineEvent] = []
    /// Bytes that may wait for a peer before the engine is told.
    package var highWater = 1 << 20
    package var lowWater = 1 << 18
    /// Called for each connection that the engine asks for, once it is attached.
    package var connecting: (Link) -> Void = { _ in }
    /// How often the engine has asked for positions since the last answer.
    package internal(set) var samplesAsked = 0
    /// What the engine has asked of the control plane.
    package private(set) var switchovers: [(from: Int, to: Int)] = []
    package private(set) var reloads: [UInt64] = []
    package private(set) var suspects: [Int] = []
    package private(set) var vacated: [Int] = []
    /// What the control plane has read of every database's catalog, and whether it has seen each change at once.
    package var catalog: DatabaseCatalog?
    package var settlesCatalogs = true
    /// Changes of catalogs that the engine has told of.
    package private(set) var catalogChanges: [UInt64] = []
    package private(set) var wantedCatalogs: Set<String> = []
    /// Databases that the engine wants the control plane to have left, and whether it has at once.
    package private(set) var vacatedCatalogs: [String] = []
    package var leavesCatalogs = true
    package private(set) var loginsSuspected = 0
    /// What is known of users, whether the engine is told at once, and what it has asked and not been told.
    package var credentials = CredentialStore.empty
    package var findsCredentials = true
    package private(set) var lookUps: [(token: PeerToken, user: [UInt8])] = []
    private var nextID: UInt64 = 1
    /// What the engine's invariants were found not to hold, first of all.
    package private(set) var violation: String?
    /// Whether they are looked at after each event; a long run may do so now and then.
    package var verifies = true

    package init(
        _ configuration: EngineConfiguration,
        topology: Topology,
        seed: UInt64 = 1,
        randomSeed: UInt64,
        sampleClock: SampleClock = SampleClock()
    ) {
        var random = RandomSource(seed: randomSeed)
        engine = Engine(
            configuration,
            environment: Engine.Environment(
                seed: seed,
                randomBytes: { count in (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) } }
            ),
            topology: topology
        )
        self.sampleClock = sampleClock
        engine.countUnsent { [unowned self] in links[$0]?.fromEngine.count ?? 0 }
    }

    /// To be called before each event of the engine's: it brings the sample clock's numbers.
    package func eventComes() { engine.samples.follow(sampleClock.reading) }

    /// To be called after each event of the engine's.
    package func verify() {
        guard verifies, violation == nil else { return }
        let found = engine.verify(lentElsewhere: 0)
        if !found.isEmpty { violation = found.prefix(5).joined(separator: "; ") }
    }

    package func accept(from address: ClientAddress = .unix) -> Link {
        eventComes()
        let token = engine.accepted(peer: address)
        let link = add(.client, token, .open)
        engine.attach(token, link.id)
        return link
    }

    private func add(_ kind: Link.Kind, _ token: PeerToken, _ phase: Link.Phase) -> Link {
        let link = Link(id: TransportID(rawValue: nextID), kind: kind, token: token, phase: phase)
        nextID += 1
        links[link.id] = link
        order.append(link)
        return link
    }

    package func forget(_ link: Link) {
        links[link.id] = nil
        order.removeAll { $0 === link }
    }

    // MARK: Events

    package func connected(_ link: Link) {
        link.phase = .open
        eventComes()
        engine.connected(link.token)
        verify()
    }

    package func refuseConnection(_ link: Link) {
        link.phase = .closed
        forget(link)
        eventComes()
        engine.connectFailed(link.token, reason: "connection refused")
        verify()
    }

    /// Hands the engine up to `count` of the bytes on their way to it.
    package func deliver(_ link: Link, _ count: Int) {
        let size = min(count, link.toEngine.count)
        let bytes = Array(link.toEngine[..<size])
        link.toEngine.removeFirst(size)
        eventComes()
        engine.received(link.token, bytes.span.bytes)
        verify()
    }

    /// The peer has ended its sending: what it has sent is read to its end. The connection is gone where the engine has
    /// nothing more to say.
    package func endInput(_ link: Link) {
        defer { verify() }
        link.peer = .heardShut
        eventComes()
        if !engine.inputEnded(link.token) { breakLink(link, reason: "connection closed by the peer") }
    }

    /// The connection is gone for the engine.
    package func breakLink(_ link: Link, reason: String) {
        link.phase = .closed
        forget(link)
        eventComes()
        engine.closed(link.token, reason: reason)
        verify()
    }

    /// The peer has read up to `count` bytes.
    package func read(_ link: Link, _ count: Int) -> [UInt8] {
        let size = min(count, link.fromEngine.count)
        let bytes = Array(link.fromEngine[..<size])
        link.fromEngine.removeFirst(size)
        if link.phase == .closing, link.fromEngine.isEmpty { link.phase = .closed }
        if link.isBacklogged, link.fromEngine.count <= lowWater, link.phase == .open {
            link.isBacklogged = false
            eventComes()
            engine.drained(link.token)
            verify()
        }
        return bytes
    }

    /// What the worker does at the end of a turn: sends what is to be sent, then does what is asked.
    package func endTurn() {
        eventComes()
        repeat {
            sampleClock.noteWrite(engine.samples.lastWrite)
            while let token = engine.nextTouched() {
                engine.takeOutput(of: token) { transport, bytes in send(transport, &bytes) }
            }
            if !engine.actions.isEmpty {
                let actions = engine.actions
                engine.actions = []
                for action in actions { perform(action) }
            }
        } while engine.hasTouched || !engine.actions.isEmpty
        verify()
    }

    /// Answers what the engine has asked of users so far.
    package func findCredentials() {
        let asked = lookUps
        lookUps = []
        for (token, user) in asked {
            engine.credentialFound(token, credentials.lookup(user), secret: credentials.serverSecret)
        }
    }

    private func send(_ transport: TransportID, _ bytes: inout ByteQueue) {
        let data = bytes.bytes()
        bytes.clear(to: engine.buffers)
        guard let link = links[transport], link.phase == .open, !data.isEmpty else { return }
        link.fromEngine += data
        if !link.isBacklogged, link.fromEngine.count > highWater {
            link.isBacklogged = true
            engine.backlogged(link.token)
        }
    }

    private func perform(_ action: EngineAction) {
        switch action {
        case .connect(let token, let node):
            let isCanceller = token.rawValue >> 62 == PeerToken.Kind.canceller.rawValue
            let link = add(isCanceller ? .canceller(node: node) : .server(node: node), token, .connecting)
            engine.attach(token, link.id)
            connecting(link)
        case .close(let transport, let flush):
            guard let link = links[transport] else { return }
            if !flush { link.fromEngine = [] }
            link.toEngine = []
            link.phase = link.fromEngine.isEmpty ? .closed : .closing
            if link.phase == .closed, link.kind != .client, link.isAbandoned { forget(link) }
        case .pause(let transport): links[transport]?.isPaused = true
        case .resume(let transport): links[transport]?.isPaused = false
        case .log(let event): events.append(event)
        case .samplePositions: samplesAsked += 1
        case .switchover(let from, let to): switchovers.append((from, to))
        case .reload(let number): reloads.append(number)
        case .suspectNode(let node): suspects.append(node)
        case .slotVacated(let node): vacated.append(node)
        case .catalogWanted(let database):
            wantedCatalogs.insert(database)
            if let catalog { engine.catalogLoaded(database: database, catalog) }
        case .catalogUnwanted(let database): wantedCatalogs.remove(database)
        case .catalogChanged(let database, let change):
            catalogChanges.append(change)
            if settlesCatalogs { engine.catalogSettled(database: database, change: change) }
        case .vacateCatalog(let database):
            vacatedCatalogs.append(database)
            if leavesCatalogs { engine.catalogVacated(database: database) }
        case .releaseCatalog(let database): vacatedCatalogs.removeAll { $0 == database }
        case .suspectLogins: loginsSuspected += 1
        case .lookUpCredential(let token, let user):
            lookUps.append((token, user))
            if findsCredentials { findCredentials() }
        case .deriveKey: break
        }
    }
}
