import Bytes
import CLinux
import Dispatch
import Glibc

/// Sockets, one timer and one bell, turned into an owner's events on one thread.
///
/// A loop belongs to the thread that is in `run`; before that, `listen` and `add` may be called by whoever made it. Only `bell` may be
/// used by other threads. How the kernel is asked is left to the two subclasses, which the whole module sees.
///
/// Bytes pass through two places only: `deliver` on their way in and `send` on their way out. A layer between socket and owner, such as
/// TLS, belongs there: it would turn what `deliver` is given into what the owner receives, and what `send` is given into what is queued.
package class EventLoop {
    /// Microseconds for which a listener rests when descriptors or memory have run out.
    package static let acceptPause: UInt64 = 100_000

    package let ioMethod: IOMethodChoice
    package let bell: Bell
    package let options: LoopOptions
    /// Lends the chunks of all output. Belongs to the loop's thread.
    package let pool: BufferPool
    /// Microseconds of the monotonic clock when the current turn's events were taken.
    package internal(set) final var now: UInt64
    package internal(set) final var counters = LoopCounters()

    let connections = Slab<Connection>()
    final var listeners: [UInt32: Listener] = [:]
    final var notices = RingQueue<Notice>()
    /// In the order of their deadlines, because all have the same time.
    private final var closings = RingQueue<Closing>()
    private final var wakeTime = UInt64.max
    private final var nextListener: UInt32 = 0
    private final var restingListeners = 0

    private struct Closing: BitwiseCopyable {
        let connection: ConnectionID
        let deadline: UInt64
    }

    /// A loop with the method that `options` asks for, or with the best that can be had.
    ///
    /// - Throws: where `options` insists on a method that this system does not grant, or descriptors have run out.
    package static func make(options: LoopOptions, pool: BufferPool) throws(SystemError) -> EventLoop {
        if options.method == .epoll {
            return try EpollLoop(options: options, pool: pool, detail: "as io_method asks")
        }
        switch RingProbe.outcome() {
        case .available(let flags): return try RingLoop(options: options, pool: pool, flags: flags)
        case .unavailable(let error) where options.method == .ioUring: throw error
        case .unavailable(let error):
            return try EpollLoop(options: options, pool: pool, detail: "io_uring is not to be had: \(error)")
        }
    }

    init(options: LoopOptions, pool: BufferPool, ioMethod: IOMethodChoice) throws(SystemError) {
        precondition(options.lowWater <= options.highWater, "send_low_water is above send_high_water")
        self.options = options
        self.pool = pool
        self.ioMethod = ioMethod
        bell = try Bell()
        now = MonotonicClock.now()
    }

    deinit {
        for index in 0..<connections.capacity {
            if let handle = connections.handle(at: index) { connections[handle]?.pointee.output.clear(to: pool) }
        }
    }

    // MARK: What the subclasses do

    func start() {}
    /// Waits for events, at most `timeout` microseconds (nil: for ever), and tells the owner of them.
    func turn(_ handler: any EventHandler, timeout: UInt64?) { preconditionFailure("not overridden") }
    /// Begins to receive on a connection that has just opened.
    func opened(_ connection: ConnectionPointer) { preconditionFailure("not overridden") }
    func startConnecting(_ connection: ConnectionPointer, to address: SocketAddress) {
        preconditionFailure("not overridden")
    }
    /// `wantsInput` has changed.
    func followInputWish(_ connection: ConnectionPointer) { preconditionFailure("not overridden") }
    /// Sends from `output`, which holds something and of which nothing is under way.
    func transmit(_ connection: ConnectionPointer) { preconditionFailure("not overridden") }
    /// Frees the slot and closes the socket, as soon as the kernel has let go of both.
    func release(_ connection: ConnectionPointer) { preconditionFailure("not overridden") }
    func arm(_ listener: Listener) { preconditionFailure("not overridden") }
    /// Ends accepting; whether the listener may be dropped at once.
    func disarm(_ listener: Listener) -> Bool { preconditionFailure("not overridden") }
    /// Lets go of what `start` took; called when no connection or listener is left, or they would not go.
    func finish() {}
    var usesNonblockingSockets: Bool { true }
}

// MARK: - Listening

extension EventLoop {
    /// Listens on every address that `address` means, and tells the owner of each connection with `tag`.
    ///
    /// - Returns: the addresses, with the port chosen where 0 was asked for (the same for all).
    /// - Throws: where not one could be had, or one of them is in use.
    @discardableResult
    package final func listen(
        on address: ListenAddress,
        backlog: Int32,
        tag: Int
    ) throws(ListenFailure) -> [SocketAddress] {
        var mode: UInt32?
        if case .unix(_, let asked) = address { mode = asked }
        var opened: [Listener] = []
        var port: UInt16 = 0
        var failure: ListenFailure?
        for var place in try address.resolved() {
            if place.port == 0, port != 0 { place = SocketAddress(host: place.host, port: port) ?? place }
            do throws(SystemError) {
                let socket = try ListeningSocket(
                    place,
                    backlog: backlog,
                    mode: mode,
                    nonblocking: usesNonblockingSockets
                )
                port = socket.bound.port
                nextListener += 1
                opened.append(Listener(number: nextListener, tag: tag, socket: socket))
            } catch {
                let isMissing = [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code)
                // A machine without IPv6 still listens on "*" and "localhost".
                failure = failure ?? ListenFailure(error, at: place)
                if !isMissing { throw ListenFailure(error, at: place) }
            }
        }
        guard !opened.isEmpty else {
            throw failure
                ?? ListenFailure(message: "could not listen: no address", hint: "Set listen_addresses.")
        }
        for listener in opened {
            listeners[listener.number] = listener
            arm(listener)
        }
        return opened.map(\.address)
    }

    /// Closes the listening sockets of `tag`; a Unix-domain socket's file goes too.
    package final func stopListening(tag: Int) {
        for listener in listeners.values where listener.tag == tag && listener.state != .closing {
            stop(listener)
        }
    }

    private final func stop(_ listener: Listener) {
        if listener.address.isUnix { unlink(listener.address.host) }
        if case .resting = listener.state {
            restingListeners -= 1
            listeners[listener.number] = nil
        } else if disarm(listener) {
            listeners[listener.number] = nil
        } else {
            listener.state = .closing
        }
    }

    final func acceptedOne(
        _ descriptor: consuming Descriptor,
        by listener: Listener,
        peer: SocketAddress,
        _ handler: any EventHandler
    ) {
        counters.accepted += 1
        handler.accepted(descriptor, listener: listener.tag, peer: peer)
    }

    /// What to do after accepting failed: whether it may go on at once.
    final func acceptFailed(_ listener: Listener, error: Int32, _ handler: any EventHandler) -> Bool {
        switch error {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            // The connection stays in the backlog and would be reported again at once, for ever.
            counters.acceptPauses += 1
            listener.state = .resting(until: now + Self.acceptPause)
            restingListeners += 1
            handler.acceptFailed(listener: listener.tag, error: error)
            return false
        default:
            // The peer gave up before it was accepted, or a network error of its own: the next one may be well.
            return true
        }
    }

    private final func wakeListeners() {
        guard restingListeners > 0 else { return }
        for listener in listeners.values {
            guard case .resting(let end) = listener.state, end <= now else { continue }
            listener.state = .accepting
            restingListeners -= 1
            arm(listener)
        }
    }
}

// MARK: - Connections

extension EventLoop {
    /// Takes a connected socket over and begins to receive.
    package final func add(_ descriptor: consuming Descriptor, token: UInt64) -> ConnectionID {
        prepare(descriptor.number)
        let connection = insert(descriptor, token: token, phase: .open)
        opened(connection)
        return connection.pointee.id
    }

    /// Begins to connect; `connected` or `connectFailed` follows in a later turn. Output may be queued at once.
    /// Only from the loop's own thread while it runs.
    package final func connect(to address: SocketAddress, token: UInt64) -> ConnectionID {
        counters.connects += 1
        do throws(SystemError) {
            let descriptor = try ListeningSocket.make(
                family: address.family,
                nonblocking: usesNonblockingSockets
            )
            if !address.isUnix { options.keepalive.apply(to: descriptor.number) }
            let connection = insert(descriptor, token: token, phase: .connecting)
            connection.pointee.sending = .busy
            startConnecting(connection, to: address)
            return connection.pointee.id
        } catch {
            let connection = insert(Descriptor(-1), token: token, phase: .connecting)
            notices.append(.connectFailed(connection.pointee.id, error.code))
            return connection.pointee.id
        }
    }

    /// Takes all of `bytes` to be sent after what is queued already; `bytes` is empty afterwards. Drops them where the connection is gone.
    package final func send(_ id: ConnectionID, _ bytes: inout ByteQueue) {
        guard !bytes.isEmpty else { return }
        guard let connection = owned(id), !connection.pointee.hasFailed else {
            bytes.clear(to: pool)
            return
        }
        if connection.pointee.output.isEmpty {
            connection.pointee.output.take(&bytes)
            if connection.pointee.sending == .idle { transmit(connection) }
        } else if bytes.count <= Self.joinedBytes, let chunk = bytes.firstChunk, chunk.pointee.next == nil {
            // Many small pieces behind a slow reader would each hold a chunk of their own.
            connection.pointee.output.append(chunk.held, from: pool)
            bytes.clear(to: pool)
        } else {
            connection.pointee.output.take(&bytes)
        }
        if connection.pointee.output.count > options.highWater, connection.pointee.backlog == .none {
            connection.pointee.backlog = .found
            notices.append(.backlogged(id))
        }
    }

    /// Bytes up to which output is joined by copying.
    private static var joinedBytes: Int { 2 << 10 }

    /// Bytes that are queued or on their way to the kernel; 0 where the connection is gone.
    package final func unsentBytes(_ id: ConnectionID) -> Int { owned(id)?.pointee.output.count ?? 0 }

    /// Stops receiving. With io_uring some bytes may still come. The end of a paused connection is not told until it resumes.
    package final func pauseReceiving(_ id: ConnectionID) {
        guard let connection = owned(id), connection.pointee.wantsInput else { return }
        connection.pointee.wantsInput = false
        if connection.pointee.hasFailed { notices.append(.sendFailed(id)) }
        if connection.pointee.phase == .open { followInputWish(connection) }
    }

    package final func resumeReceiving(_ id: ConnectionID) {
        guard let connection = owned(id), !connection.pointee.wantsInput else { return }
        connection.pointee.wantsInput = true
        if connection.pointee.phase == .open { followInputWish(connection) }
    }

    /// Ends a connection; the id is dead at once and nothing more is told of it.
    ///
    /// - Parameter flush: sends what is queued, announces the end and waits for the peer's, `LoopOptions.closeTimeout` at most.
    ///   Without it what is queued is dropped; what the kernel has taken is still sent, unless the peer's own bytes were left unread.
    package final func close(_ id: ConnectionID, flush: Bool) {
        guard let connection = owned(id) else { return }
        guard flush, connection.pointee.phase == .open, !connection.pointee.hasFailed else {
            release(connection)
            return
        }
        closings.append(Closing(connection: id, deadline: MonotonicClock.now() + options.closeTimeout))
        if connection.pointee.output.isEmpty {
            linger(connection)
        } else {
            connection.pointee.phase = .flushing
            connection.pointee.wantsInput = false
            followInputWish(connection)
        }
    }

    /// The connection's own end; nil where it is gone or not connected.
    package final func localAddress(_ id: ConnectionID) -> SocketAddress? {
        guard let descriptor = owned(id)?.pointee.descriptor.number else { return nil }
        var address = SocketAddress()
        return address.fill { getsockname(descriptor, $0, $1) } == 0 ? address : nil
    }

    /// The peer's end; nil where it is gone or not connected.
    package final func peerAddress(_ id: ConnectionID) -> SocketAddress? {
        guard let descriptor = owned(id)?.pointee.descriptor.number else { return nil }
        return Self.peerAddress(ofSocket: descriptor)
    }

    final class func peerAddress(ofSocket descriptor: Int32) -> SocketAddress? {
        var address = SocketAddress()
        return address.fill { getpeername(descriptor, $0, $1) } == 0 ? address : nil
    }

    /// Connections that hold a slot, those that are being closed included.
    package final var connectionCount: Int { connections.count }

    /// The connection if it is still its owner's.
    @inline(__always)
    private final func owned(_ id: ConnectionID) -> ConnectionPointer? {
        guard let connection = connections[id.handle] else { return nil }
        switch connection.pointee.phase {
        case .open, .connecting: return connection
        case .flushing, .lingering, .dying: return nil
        }
    }

    private final func insert(
        _ descriptor: consuming Descriptor,
        token: UInt64,
        phase: Connection.Phase
    ) -> ConnectionPointer {
        let number = descriptor.take()
        let handle = connections.insert { handle in
            Connection(id: ConnectionID(handle), token: token, descriptor: Descriptor(number), phase: phase)
        }
        return connections[handle].unsafelyUnwrapped
    }

    /// io_uring waits on blocking sockets only; epoll needs non-blocking ones. The descriptor may come from a loop of the other kind.
    private final func prepare(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        let wanted = usesNonblockingSockets ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        if flags >= 0, flags != wanted { _ = fcntl(descriptor, F_SETFL, wanted) }
        options.keepalive.apply(to: descriptor)
    }
}

// MARK: - What the subclasses report

extension EventLoop {
    /// The one way by which received bytes reach the owner.
    @inline(__always)
    final func deliver(
        _ connection: ConnectionPointer,
        _ bytes: UnsafeRawBufferPointer,
        _ handler: any EventHandler
    ) {
        counters.receives &+= 1
        counters.bytesReceived &+= UInt64(bytes.count)
        guard connection.pointee.phase == .open else { return }
        handler.received(connection.pointee.token, bytes.bytes)
    }

    /// The peer has ended its side (`error` 0), or the connection broke.
    final func inputEnded(_ connection: ConnectionPointer, error: Int32, _ handler: any EventHandler) {
        switch connection.pointee.phase {
        case .open:
            if case .failed(let earlier) = connection.pointee.sending {
                end(connection, error: earlier, handler)
            } else {
                end(connection, error: error, handler)
            }
        case .flushing where error == 0:
            // It may still read what is on its way; the lingering that follows sees the end again.
            break
        case .flushing, .lingering, .connecting: release(connection)
        case .dying: break
        }
    }

    /// Some output has gone: tells the owner of a backlog that is no more, goes on with a close. The connection may be gone afterwards.
    @inline(__always)
    final func outputMoved(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        if connection.pointee.backlog != .none { relieve(connection, handler) }
        if connection.pointee.phase == .flushing, connection.pointee.output.isEmpty { linger(connection) }
    }

    private final func relieve(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        guard connection.pointee.output.count <= options.lowWater else { return }
        let wasTold = connection.pointee.backlog == .told
        connection.pointee.backlog = .none
        if wasTold, connection.pointee.phase == .open { handler.drained(connection.pointee.token) }
    }

    final func sendFailed(_ connection: ConnectionPointer, error: Int32) {
        connection.pointee.output.clear(to: pool)
        connection.pointee.sending = .failed(error)
        if connection.pointee.phase == .open {
            // What the peer said last, such as why it goes, may still be unread: the end of the input is waited for.
            notices.append(.sendFailed(connection.pointee.id))
        } else {
            release(connection)
        }
    }

    final func connectEnded(_ connection: ConnectionPointer, error: Int32, _ handler: any EventHandler) {
        let token = connection.pointee.token
        guard error == 0 else {
            release(connection)
            handler.connectFailed(token, error: error)
            return
        }
        connection.pointee.phase = .open
        connection.pointee.sending = .idle
        opened(connection)
        if !connection.pointee.output.isEmpty { transmit(connection) }
        handler.connected(token)
    }

    private final func end(_ connection: ConnectionPointer, error: Int32, _ handler: any EventHandler) {
        let token = connection.pointee.token
        release(connection)
        handler.closed(token, error: error)
    }

    private final func linger(_ connection: ConnectionPointer) {
        _ = shutdown(connection.pointee.descriptor.number, Int32(SHUT_WR))
        connection.pointee.phase = .lingering
        connection.pointee.wantsInput = true
        followInputWish(connection)
    }
}

// MARK: - Running

extension EventLoop {
    /// Asks for one `tick` at `time` (µs of the monotonic clock), in place of any that was asked for before; `.max` asks for none.
    /// It comes up to a millisecond late.
    package final func wake(at time: UInt64) { wakeTime = time }

    /// Turns until the bell's `stop`, then drops every connection and listener without telling of them.
    ///
    /// - Parameter handler: the owner; kept alive by the caller.
    package final func run(_ handler: any EventHandler) {
        start()
        while !bell.isStopping {
            turn(handler, timeout: timeout())
            counters.turns &+= 1
            if !notices.isEmpty { tellNotices(handler) }
            wakeListeners()
            if !closings.isEmpty { expireClosings(handler) }
            if wakeTime <= now {
                wakeTime = .max
                handler.tick(now)
            }
            handler.turnEnded(now)
        }
        dropEverything(handler)
    }

    /// Runs the loop in one block on `queue`, which must be serial and have no target: on a targeted queue the block
    /// would hold a thread of the global pool for ever. From here on the loop is that block's.
    ///
    /// - Parameter ended: called on the queue after `stop`.
    package final func start(
        on queue: DispatchQueue,
        _ handler: any EventHandler,
        ended: @escaping @Sendable () -> Void = {}
    ) {
        nonisolated(unsafe) let loop = self
        nonisolated(unsafe) let owner = handler
        queue.async {
            loop.run(owner)
            ended()
        }
    }

    private final func timeout() -> UInt64? {
        if !notices.isEmpty { return 0 }
        var due = wakeTime
        if let first = closings.first { due = min(due, first.deadline) }
        if restingListeners > 0 { due = min(due, now + Self.acceptPause) }
        if due == .max { return nil }
        return due > now ? due - now : 0
    }

    /// Tells what the owner's calls have found out. What is found out meanwhile waits for the next turn.
    private final func tellNotices(_ handler: any EventHandler) {
        for _ in 0..<notices.count {
            switch notices.removeFirst() {
            case .connected(let id):
                if let connection = owned(id) { connectEnded(connection, error: 0, handler) }
            case .connectFailed(let id, let error):
                if let connection = owned(id) { connectEnded(connection, error: error, handler) }
            case .backlogged(let id):
                guard let connection = owned(id), connection.pointee.backlog == .found else { continue }
                connection.pointee.backlog = .told
                handler.backlogged(connection.pointee.token)
            case .sendFailed(let id):
                guard let connection = owned(id), case .failed(let error) = connection.pointee.sending else { continue }
                if connection.pointee.receiving == .armed {
                    closings.append(Closing(connection: id, deadline: now + options.closeTimeout))
                } else {
                    end(connection, error: error, handler)
                }
            }
        }
    }

    private final func expireClosings(_ handler: any EventHandler) {
        while let first = closings.first {
            guard let connection = connections[first.connection.handle], connection.pointee.phase != .dying else {
                closings.removeFirst()
                continue
            }
            guard first.deadline <= now else { return }
            closings.removeFirst()
            if case .failed(let error) = connection.pointee.sending, connection.pointee.phase == .open {
                end(connection, error: error, handler)
            } else {
                release(connection)
            }
        }
    }

    private final func dropEverything(_ handler: any EventHandler) {
        for listener in Array(listeners.values) where listener.state != .closing { stop(listener) }
        for index in 0..<connections.capacity {
            guard let handle = connections.handle(at: index), let connection = connections[handle],
                connection.pointee.phase != .dying
            else { continue }
            release(connection)
        }
        notices.removeAll()
        closings.removeAll()
        // io_uring lets go of its requests one turn later; epoll has nothing left to wait for.
        let deadline = MonotonicClock.now() + Self.lastTurns
        while !(connections.count == 0 && listeners.isEmpty), MonotonicClock.now() < deadline {
            turn(handler, timeout: 10_000)
        }
        finish()
    }

    /// Microseconds that the kernel gets to end its requests when the loop stops.
    private static var lastTurns: UInt64 { 2_000_000 }
}
