import Authentication
import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// Decides everything: framing, session state, routing, pooling. Does no I/O, reads no clock, takes no lock and asks
/// nobody for randomness but `Environment`: events come in by method calls, and what is to be done waits in `actions`
/// and in the sessions' outputs.
///
/// One engine belongs to one worker, and all of its methods are called on that worker's thread. After each batch of
/// events the shell drains `nextTouched`, then `actions`: a session's last words are fetched before the close that
/// follows them.
package final class Engine {
    /// What the engine is given and cannot make itself.
    package struct Environment {
        /// Seeds hashes, choices and mock secrets: one value makes a run repeatable.
        package let seed: UInt64
        /// What the admin console tells of itself.
        package let version: String
        /// The wall clock (since 1970) less the clock of `Engine.now`.
        package let clockOffset: Microseconds
        /// Unpredictable bytes (in simulation: from the seed).
        package let randomBytes: (_ count: Int) -> [UInt8]

        package init(
            seed: UInt64,
            version: String = "",
            clockOffset: Microseconds = 0,
            randomBytes: @escaping (Int) -> [UInt8]
        ) {
            self.seed = seed
            self.version = version
            self.clockOffset = clockOffset
            self.randomBytes = randomBytes
        }
    }

    /// What is in effect.
    package internal(set) var configuration: EngineConfiguration
    package let buffers: BufferPool
    let environment: Environment

    let sessions = Sessions()
    var processes: ProcessDirectory
    var pools: PoolDirectory
    let statements: StatementStore
    let classifier: StatementClassifier
    var databases: DatabaseDirectory
    var orders = OperatorOrders()
    var roster: Roster
    var freshnessDesk = FreshnessDesk()
    var memory: ClientMemory
    var turn = Turn()

    package init(
        _ configuration: EngineConfiguration,
        environment: Environment,
        topology: Topology
    ) {
        self.configuration = configuration.effective
        self.environment = environment
        let (options, seed) = (self.configuration.options, environment.seed)
        buffers = BufferPool(limit: options.bufferMemory)
        memory = ClientMemory(limit: options.bufferMemory)
        processes = ProcessDirectory(chance: environment.randomBytes(4).reduce(0) { $0 << 8 | UInt32($1) })
        statements = StatementStore(
            limit: options.preparedStatementMemory,
            seed: seed,
            profiles: ProfileStore(seed: seed ^ 0x7A3D_51C9)
        )
        classifier = StatementClassifier(
            cacheBytes: options.statementCacheMemory,
            seed: seed,
            maximumTextBytes: Self.mostTextAtHand(options)
        )
        pools = PoolDirectory(maximumServers: options.maximumServers)
        databases = DatabaseDirectory(maximumCatalogs: options.maximumCatalogs)
        roster = Roster(topology, zone: options.zone, slowStart: options.slowStart, seed: seed, now: 0)
    }

    /// The time of the event being handled: the shell's monotonic clock.
    package var now: Microseconds {
        @inline(__always) get { turn.now }
        @inline(__always) set { turn.now = newValue }
    }

    /// The sample clock's numbers, which come with each event; what clients have written since is noted in them, and
    /// told to the clock by the shell before it sends anything.
    package var samples: SampleReading {
        @inline(__always) _read { yield turn.samples }
        @inline(__always) _modify { yield &turn.samples }
    }

    /// An event is about to be told.
    package func eventComes(at time: Microseconds, _ reading: SampleReading) {
        turn.now = time
        turn.samples.follow(reading)
    }

    package var lastWrite: SampleNumber { turn.samples.lastWrite }
    package var hasActions: Bool { !turn.actions.isEmpty }

    /// What the shell is to do, in order; it empties the array.
    package var actions: [EngineAction] {
        @inline(__always) _read { yield turn.actions }
        @inline(__always) _modify { yield &turn.actions }
    }

    @inline(__always)
    var clients: Slab<ClientSession> { sessions.clients }

    @inline(__always)
    var servers: Slab<ServerSession> { sessions.servers }

    @inline(__always)
    var cancels: Slab<CancelSession> { sessions.cancels }

    @inline(__always)
    var profiles: ProfileStore { statements.profiles }

    /// The limits and times that are in effect.
    package var options: EngineOptions {
        @inline(__always) _read { yield configuration.options }
    }

    /// Bytes that can be at hand at once: what is held, and what one receive adds.
    static func mostTextAtHand(_ options: EngineOptions) -> Int { 2 * options.clientBufferLimit }

    /// Gives back what sessions have of the buffer pool's: a process may end, and a test may, while they are in
    /// whatever state.
    deinit {
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle] else { continue }
            client.pointee.held.clear(to: buffers)
            client.pointee.replay.clear(to: buffers)
            client.pointee.output.clear(to: buffers)
            client.pointee.released.clear(to: buffers)
        }
        for index in 0..<servers.capacity {
            guard let handle = servers.handle(at: index), let server = servers[handle] else { continue }
            server.pointee.conversation.clear(to: buffers)
        }
        for index in 0..<cancels.capacity {
            if let handle = cancels.handle(at: index) { cancels[handle]?.pointee.output.clear(to: buffers) }
        }
    }

    // MARK: Events

    /// A client has connected: `attach` follows, then its events with the token that is returned.
    /// - Parameter peer: where it has connected from.
    package func accepted(peer: ClientAddress) -> PeerToken {
        let host = memory.hosts.connected(from: peer)
        let handle = clients.insert { ClientSession(handle: $0, host: host, port: peer.port, now: now) }
        return PeerToken(.client, handle)
    }

    /// The transport of a client that was accepted, or of a connection that `.connect` asked for.
    package func attach(_ token: PeerToken, _ transport: TransportID) {
        switch token.kind {
        case .server: servers[token.handle]?.pointee.transport = transport
        case .canceller: cancels[token.handle]?.pointee.transport = transport
        case .client: clients[token.handle]?.pointee.transport = transport
        case nil: break
        }
    }

    package func connected(_ token: PeerToken) {
        defer { endTurn() }
        switch token.kind {
        case .server: if let server = servers[token.handle] { beginLogin(server) }
        case .canceller: if let cancel = cancels[token.handle] { sendCancel(cancel) }
        case .client, nil: break
        }
    }

    package func connectFailed(_ token: PeerToken, reason: String) {
        defer { endTurn() }
        switch token.kind {
        case .server:
            if let server = servers[token.handle] {
                actions.append(.suspectNode(server.pointee.node))
                serverFailed(server, reason: reason, isRefusal: true)
            }
        case .canceller: if let cancel = cancels[token.handle] { cancelEnded(cancel) }
        case .client, nil: break
        }
    }

    /// Bytes have arrived; all of them are consumed or copied before this returns.
    package func received(_ token: PeerToken, _ bytes: RawSpan) {
        defer { endTurn() }
        switch token.kind {
        case .client:
            guard let client = clients[token.handle] else { return }
            if buffers.bytesInUse >= memory.shares.mark { slow(client, bytes.byteCount) }
            client.pointee.heardAt = UInt32(truncatingIfNeeded: now >> 20)
            receivedFromClient(client, bytes)
        case .server:
            if let server = servers[token.handle] { receivedFromServer(server, bytes) }
        case .canceller, nil: break
        }
    }

    /// The connection has ended, by the peer's doing or an error; the transport is gone.
    package func closed(_ token: PeerToken, reason: String) {
        defer { endTurn() }
        switch token.kind {
        case .client: if let client = clients[token.handle] { clientVanished(client, reason: reason) }
        case .server:
            if let server = servers[token.handle] { serverVanished(server, reason: reason) }
        case .canceller: if let cancel = cancels[token.handle] { cancelEnded(cancel) }
        case nil: break
        }
    }

    /// More than `send_high_water` bytes wait to be sent to this peer.
    package func backlogged(_ token: PeerToken) {
        defer { endTurn() }
        switch token.kind {
        case .client: if let client = clients[token.handle] { clientBacklogged(client) }
        case .server: if let server = servers[token.handle] { serverBacklogged(server) }
        case .canceller, nil: break
        }
    }

    /// Fewer than `send_low_water` bytes are left, after `backlogged`.
    package func drained(_ token: PeerToken) {
        defer { endTurn() }
        switch token.kind {
        case .client: if let client = clients[token.handle] { clientDrained(client) }
        case .server: if let server = servers[token.handle] { serverDrained(server) }
        case .canceller, nil: break
        }
    }

    /// The answer to `.lookUpCredential`.
    /// - Parameter secret: random and lasting bytes, by which unknown users are asked as known ones are.
    package func credentialFound(_ token: PeerToken, _ lookup: CredentialLookup, secret: Secret) {
        defer { endTurn() }
        switch token.kind {
        case .client: if let client = clients[token.handle] { authenticate(client, lookup, secret) }
        case .server: if let server = servers[token.handle] { startLogin(server, lookup.credential) }
        case .canceller, nil: break
        }
    }

    /// The answer to `.deriveKey`.
    package func keyDerived(_ token: PeerToken, for request: SaltedPasswordRequest, _ key: SaltedPassword) {
        defer { endTurn() }
        pools.logins.keys.insert(key, for: request)
        switch token.kind {
        case .client: if let client = clients[token.handle] { resumeAuthentication(client, key) }
        case .server: if let server = servers[token.handle] { resumeLogin(server, key) }
        case .canceller, nil: break
        }
    }

    /// No new clients come, and those that are here are let go as soon as they stand at a boundary.
    package func drain() {
        defer { endTurn() }
        orders.isDraining = true
        for index in 0..<clients.capacity {
            if let handle = clients.handle(at: index), let client = clients[handle] { dismissIfIdle(client) }
        }
    }

    /// After `drain`: no client is left.
    package var isDrained: Bool { orders.isDraining && clients.count == 0 }

    /// Time has passed: called about ten times a second.
    package func tick() {
        defer { endTurn() }
        checkMemory()
        roster.look(now: now)
        forEachPool { checkQueues($0) }
        if freshnessDesk.hasPositionsToTell { answerPositions() }
        if !orders.waits.isEmpty { checkConsoleWaits() }
        checkSwitchover()
        if !databases.claims.isEmpty {
            checkClaims()
        }
        if !roster.departed.isEmpty { checkDeparted() }
        if !databases.listening.isEmpty {
            checkListeningServers()
        }
        guard now - turn.lastScan >= 1_000_000 else { return }
        turn.lastScan = now
        scanServers()
        scanClients()
        shrink()
        forEachPool { keepMinimum($0) }
        dropUnusedPools()
    }

    // MARK: What is to be sent

    /// From the shell: how many bytes it has fetched for a connection and not sent yet.
    package func countUnsent(by count: @escaping (TransportID) -> Int) { memory.unsentBytes = count }

    package var hasTouched: Bool { !turn.touched.isEmpty }

    /// A session with bytes to send, until there is none.
    package func nextTouched() -> PeerToken? {
        turn.touched.isEmpty ? nil : turn.touched.removeFirst()
    }

    /// Hands a touched session's bytes to `send`, which moves them out.
    package func takeOutput(of token: PeerToken, _ send: (TransportID, inout ByteQueue) -> Void) {
        switch token.kind {
        case .client:
            guard let client = clients[token.handle] else { return }
            client.pointee.isTouched = false
            if !client.pointee.released.isEmpty { send(client.pointee.transport, &client.pointee.released) }
            if client.pointee.tries.isArmed, client.pointee.phase != .closing { return }
            send(client.pointee.transport, &client.pointee.output)
            if client.pointee.phase == .closing { remove(client) }
        case .server:
            guard let server = servers[token.handle] else { return }
            server.pointee.isTouched = false
            server.pointee.conversation.handOutput(of: server.pointee.transport, to: send)
            if server.pointee.phase == .closing { remove(server) }
        case .canceller:
            guard let cancel = cancels[token.handle] else { return }
            send(cancel.pointee.transport, &cancel.pointee.output)
        case nil: break
        }
    }

    @inline(__always)
    func touch(_ client: ClientPointer) {
        if client.pointee.isTouched { return }
        client.pointee.isTouched = true
        turn.touched.append(client.pointee.token)
    }

    @inline(__always)
    func touch(_ server: ServerPointer) {
        if server.pointee.isTouched { return }
        server.pointee.isTouched = true
        turn.touched.append(server.pointee.token)
    }

    func touch(_ cancel: UnsafeMutablePointer<CancelSession>) {
        turn.touched.append(cancel.pointee.token)
    }

    func forEachPool(_ body: (PoolPointer) -> Void) {
        let pools = pools.all
        for index in 0..<pools.capacity {
            if let handle = pools.handle(at: index), let pool = pools[handle] { body(pool) }
        }
    }
}
