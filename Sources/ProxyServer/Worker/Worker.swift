import Authentication
import Bytes
import Cluster
import Dispatch
import EventIO
import ProxyCore
import Synchronization

/// One engine on one loop: turns the loop's events into the engine's, and the engine's actions into calls of the loop.
///
/// Everything but `mailbox` belongs to the loop's thread once `start` has been called.
final class Worker: EventHandler {
    let mailbox: Mailbox<WorkerMessage>
    let ioMethod: IOMethodChoice
    private let engine: Engine
    private let loop: EventLoop
    private let clock: SampleClock
    private var credentials: CredentialStore
    private let control: any WorkerControl
    private var logConnections: Bool
    private var addresses: [[SocketAddress]]
    private var nextTick: Microseconds = 0
    /// The newest write that the sample clock has been told of.
    private var toldWrite: SampleNumber = 0
    /// Nil: the right to write hangs on no lease.
    private let lease: WriteLease?
    /// When the lease is to be looked at again.
    private var writesUntil: Microseconds
    /// When the loop has been asked to tick.
    private var wakeAt = Microseconds.max
    private let queue = DispatchQueue(label: "howdah.worker")

    private static let listenerTag = 1
    private static let tickInterval: Microseconds = 100_000

    /// - Parameter settings: those that the engine has been made with, and the rest.
    init(
        engine: Engine,
        _ settings: WorkerSettings,
        clock: SampleClock,
        control: any WorkerControl,
        lease: WriteLease?
    ) throws {
        self.lease = lease
        writesUntil = lease == nil ? .max : 0
        self.engine = engine
        self.clock = clock
        self.control = control
        credentials = settings.credentials
        logConnections = settings.logConnections
        loop = try EventLoop.make(options: settings.loop, pool: engine.buffers)
        ioMethod = loop.ioMethod
        mailbox = Mailbox(bell: loop.bell)
        addresses = engine.topology.nodes.map { _ in [] }
        engine.settingsListed(settings.listing)
        engine.countUnsent { [unowned loop] in loop.unsentBytes(ConnectionID(rawValue: $0.rawValue)) }
    }

    /// Listens; returns the addresses with the ports that were chosen.
    func listen(on address: ListenAddress, backlog: Int) throws(ListenFailure) -> [SocketAddress] {
        try loop.listen(on: address, backlog: Int32(clamping: backlog), tag: Self.listenerTag)
    }

    func start(ended: @escaping @Sendable () -> Void) {
        eventCame()
        nextTick = engine.now + Self.tickInterval
        followDeadline()
        loop.start(on: queue, self, ended: ended)
    }

    /// Ends the loop, whatever it is doing. From any thread.
    func stop() { loop.bell.stop() }

    /// An event is about to be told to the engine: its time, and what the sample clock says now that all has happened
    /// which it tells of.
    @inline(__always)
    private func eventCame() {
        engine.eventComes(at: Microseconds(loop.now), clock.reading)
    }

    // MARK: Events of the loop

    func accepted(_ descriptor: consuming Descriptor, listener: Int, peer: SocketAddress) {
        eventCame()
        // The engine names the client first: the loop carries that name with every event.
        let token = engine.accepted(peer: ClientAddress(bytes: peer.addressBytes, port: peer.port))
        let id = loop.add(descriptor, token: token.rawValue)
        engine.attach(token, TransportID(rawValue: id.rawValue))
    }

    func acceptFailed(listener: Int, error: Int32) {
        control.log(
            .warning,
            "could not accept a connection: \(SystemError.text(of: error)); raise the limit of open files",
            kind: nil
        )
    }

    func connected(_ token: UInt64) {
        eventCame()
        engine.connected(PeerToken(rawValue: token))
    }

    func connectFailed(_ token: UInt64, error: Int32) {
        eventCame()
        engine.connectFailed(PeerToken(rawValue: token), reason: SystemError.text(of: error))
    }

    func received(_ token: UInt64, _ bytes: RawSpan) {
        eventCame()
        if engine.now >= writesUntil { checkLease() }
        engine.received(PeerToken(rawValue: token), bytes)
    }

    func inputEnded(_ token: UInt64) -> Bool {
        eventCame()
        return engine.inputEnded(PeerToken(rawValue: token))
    }

    func backlogged(_ token: UInt64) {
        eventCame()
        engine.backlogged(PeerToken(rawValue: token))
    }

    func drained(_ token: UInt64) {
        eventCame()
        engine.drained(PeerToken(rawValue: token))
    }

    func closed(_ token: UInt64, error: Int32) {
        eventCame()
        engine.closed(
            PeerToken(rawValue: token),
            reason: error == 0 ? "connection closed by the peer" : SystemError.text(of: error)
        )
    }

    func mailArrived() {
        eventCame()
        // In this order: whatever speaks against writing has been posted before the lease was made longer.
        let mayWrite = leaseEnd > engine.now
        for message in mailbox.takeAll() {
            switch message {
            case .cluster(let view): follow(view, mayWrite: mayWrite)
            case .freshness(let report): engine.freshnessReported(report)
            case .catalog(let database, let catalog): engine.catalogLoaded(database: database, catalog)
            case .catalogVacated(let database): engine.catalogVacated(database: database)
            case .loginsChanged(let change): engine.loginsChanged(change)
            case .catalogSettled(let database, let change): engine.catalogSettled(database: database, change: change)
            case .switchoverEnded(let failure): engine.switchoverEnded(failure: failure)
            case .reconfigured(let settings): reconfigure(settings)
            case .reloadEnded(let number, let outcome): engine.reloadEnded(number: number, outcome)
            case .keyDerived(let token, let request, let key): engine.keyDerived(token, for: request, key)
            case .drain:
                loop.stopListening(tag: Self.listenerTag)
                engine.drain()
            }
        }
    }

    func tick(_ now: UInt64) {
        eventCame()
        if engine.now >= writesUntil { checkLease() }
        engine.wake()
        if engine.now >= nextTick {
            engine.tick()
            nextTick = engine.now + Self.tickInterval
        }
        wakeAt = .max
        followDeadline()
    }

    private func reconfigure(_ settings: WorkerSettings) {
        credentials = settings.credentials
        logConnections = settings.logConnections
        loop.reconfigure(settings.loop)
        let kept = engine.reconfigured(settings.engine)
        assert(kept.isEmpty, "\(kept) differ, and are no settings that need a restart")
        engine.settingsListed(settings.listing)
    }

    // MARK: The lease

    /// With coordination = etcd. What comes is looked at after this, so that a process that was stopped for a while
    /// neither sends a write nor passes on the answer to one once others need not wait for it any more.
    private func checkLease() {
        let end = leaseEnd
        mailArrived()
        if engine.now < end {
            writesUntil = end
            return
        }
        writesUntil = 0
        guard let topology = Self.withoutPrimary(engine.topology) else { return }
        engine.topologyChanged(topology)
        control.writesLapsed()
    }

    private var leaseEnd: Microseconds { lease.map { Microseconds($0.until) } ?? .max }

    private func follow(_ view: ClusterView, mayWrite: Bool) {
        addresses = view.topology.nodes.map { Self.addresses(of: $0, view) }
        if !mayWrite, let topology = Self.withoutPrimary(view.topology) {
            engine.topologyChanged(topology)
            control.writesLapsed()
        } else {
            engine.topologyChanged(view.topology)
        }
        control.viewApplied(serial: view.serial)
    }

    /// Nil where there is none.
    private static func withoutPrimary(_ topology: Topology) -> Topology? {
        var fenced = topology
        for place in topology.nodes.indices where topology.nodes[place].state == .up(.primary) {
            fenced.nodes[place].state = .fenced(reason: WriteHold.noLease(nil).description)
        }
        return fenced == topology ? nil : fenced
    }

    /// Has the loop tick when the engine wants it to, at the latest for the next tick.
    private func followDeadline() {
        let due = min(nextTick, engine.nextDeadline)
        if due >= wakeAt { return }
        wakeAt = due
        loop.wake(at: UInt64(max(0, due)))
    }

    func turnEnded(_ now: UInt64) {
        eventCame()
        repeat {
            // Before anybody is told of a write: whoever reads from then on reads it.
            if engine.lastWrite > toldWrite {
                toldWrite = engine.lastWrite
                clock.noteWrite(toldWrite)
            }
            while let token = engine.nextTouched() {
                engine.takeOutput(of: token) { transport, bytes in
                    loop.send(ConnectionID(rawValue: transport.rawValue), &bytes)
                }
            }
            if engine.hasActions { performActions() }
        } while engine.hasTouched || engine.hasActions
        #if DEBUG
            verifyNowAndThen()
        #endif
        followDeadline()
        if engine.isDrained { control.workerDrained() }
    }

    #if DEBUG
        private var turns: UInt32 = 0

        /// A debug build stops where an invariant of the engine's does not hold: to look at all of them after each turn
        /// would take too long.
        private func verifyNowAndThen() {
            turns &+= 1
            guard turns & 255 == 0 else { return }
            let found = engine.verify(lentElsewhere: nil)
            assert(found.isEmpty, found.joined(separator: "; "))
        }
    #endif

    // MARK: Actions of the engine

    private func performActions() {
        var actions: [EngineAction] = []
        swap(&actions, &engine.actions)
        for action in actions { perform(action) }
        actions.removeAll(keepingCapacity: true)
        if engine.actions.isEmpty { swap(&actions, &engine.actions) }
    }

    private func perform(_ action: EngineAction) {
        switch action {
        case .connect(let token, let node): connect(token, node)
        case .close(let transport, let flush): loop.close(ConnectionID(rawValue: transport.rawValue), flush: flush)
        case .pause(let transport): loop.pauseReceiving(ConnectionID(rawValue: transport.rawValue))
        case .resume(let transport): loop.resumeReceiving(ConnectionID(rawValue: transport.rawValue))
        case .lookUpCredential(let token, let user):
            // A file's users are at hand: nobody waits for them.
            engine.credentialFound(token, credentials.lookup(user), secret: credentials.serverSecret)
        case .deriveKey(let token, let request):
            let mailbox = mailbox
            DispatchQueue.global().async {
                mailbox.post(.keyDerived(token, request, request.derive()))
            }
        case .suspectNode(let node): control.suspect(node: node)
        case .slotVacated(let node): control.slotVacated(node: node)
        case .samplePositions(let limit): control.samplePositions(within: limit)
        case .catalogWanted(let database): control.catalogWanted(database: database)
        case .catalogUnwanted(let database): control.catalogUnwanted(database: database)
        case .catalogChanged(let database, let change): control.catalogChanged(database: database, change: change)
        case .vacateCatalog(let database): control.vacateCatalog(database: database)
        case .releaseCatalog(let database): control.releaseCatalog(database: database)
        case .suspectLogins: control.suspectLogins()
        case .switchover(let from, let to):
            let mailbox = mailbox
            control.switchover(from: from, to: to) { mailbox.post(.switchoverEnded(failure: $0)) }
        case .reload(let number):
            let mailbox = mailbox
            control.reload { mailbox.post(.reloadEnded(number: number, $0)) }
        case .log(let event): log(event)
        }
    }

    private func connect(_ token: PeerToken, _ node: Int) {
        guard let address = addresses[node].first else {
            engine.connectFailed(token, reason: "no address is known for node \(engine.topology.nodes[node].name)")
            return
        }
        let id = loop.connect(to: address, token: token.rawValue)
        engine.attach(token, TransportID(rawValue: id.rawValue))
    }

    private static func addresses(of node: Node, _ view: ClusterView) -> [SocketAddress] {
        switch node.address {
        case .unix(let directory, let port):
            [SocketAddress(unixPath: "\(directory)/.s.PGSQL.\(port)")].compactMap { $0 }
        case .tcp(_, let port):
            (view.addresses[node.index] ?? []).compactMap { SocketAddress(host: $0, port: port) }
        }
    }

    private func log(_ event: EngineEvent) {
        if event.isAboutConnection, !logConnections { return }
        control.log(event.level, event.text(nodes: engine.topology.nodes), kind: event.kind)
    }
}
