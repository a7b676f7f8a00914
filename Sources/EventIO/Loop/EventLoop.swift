import Bytes
import CLinux
import Dispatch
import Glibc
import MonotonicTime

/// Sockets, one timer and one bell, turned into an owner's events on one thread.
///
/// A loop belongs to the thread that is in `run`; before that, `listen` and `add` may be called by whoever made it.
/// Only `bell` may be used by other threads. How the kernel is asked is left to the two subclasses, which the whole
/// module sees.
///
/// Bytes pass through two places only: `deliver` on their way in and `send` on their way out. A layer between socket
/// and owner, such as TLS, belongs there: it would turn what `deliver` is given into what the owner receives, and what
/// `send` is given into what is queued.
package class EventLoop {
    /// Microseconds for which a listener rests when descriptors or memory have run out.
    package static let acceptPause: UInt64 = 100_000

    package let ioMethod: IOMethodChoice
    package let bell: Bell
    /// Lends the chunks of all output. Belongs to the loop's thread.
    package let pool: BufferPool
    // One thread has the loop and no access lasts through a call to the owner, so the run-time check that accesses
    // exclude each other is left out: it cost more than all else that a turn does between two system calls.

    /// Microseconds of the monotonic clock when the current turn's events were taken.
    @exclusivity(unchecked) package internal(set) final var now: UInt64
    @exclusivity(unchecked) package private(set) final var options: LoopOptions
    @exclusivity(unchecked) package internal(set) final var counters = LoopCounters()

    let connections = Slab<Connection>()
    final var listeners: [UInt32: Listener] = [:]
    @exclusivity(unchecked) final var notices = RingQueue<Notice>()
    /// In the order of their deadlines, because all have the same time.
    @exclusivity(unchecked) final var closings = RingQueue<Closing>()
    @exclusivity(unchecked) private final var wakeTime = UInt64.max
    @exclusivity(unchecked) final var restingListeners = 0
    final var nextListener: UInt32 = 0

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
        now = MonotonicClock.now
    }

    deinit {
        for index in 0..<connections.capacity {
            if let handle = connections.handle(at: index) { connections[handle]?.pointee.output.clear(to: pool) }
        }
    }

    /// Puts other marks of unsent bytes, and other TCP options for new connections, into effect. The rest stays as it
    /// was at the start. On the loop's thread.
    package final func reconfigure(_ new: LoopOptions) {
        precondition(new.lowWater <= new.highWater, "send_low_water is above send_high_water")
        options.highWater = new.highWater
        options.lowWater = new.lowWater
        options.keepalive = new.keepalive
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
    /// The peer has ended its sending (`receiving` is `ended`): `broke` is to be called when the connection is over for
    /// good.
    func watchForBreak(_ connection: ConnectionPointer) { preconditionFailure("not overridden") }
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

// MARK: - Running

extension EventLoop {
    /// Asks for one `tick` at `time` (µs of the monotonic clock), in place of any that was asked for before; `.max`
    /// asks for none. It comes up to a millisecond late.
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

    final func timeout() -> UInt64? {
        if !notices.isEmpty { return 0 }
        var due = wakeTime
        if let first = closings.first { due = min(due, first.deadline) }
        if restingListeners > 0 { due = min(due, now + Self.acceptPause) }
        if due == .max { return nil }
        return due > now ? due - now : 0
    }

    /// Tells what the owner's calls have found out. What is found out meanwhile waits for the next turn.
    final func tellNotices(_ handler: any EventHandler) {
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
                    closings.append(
                        Closing(connection: id, deadline: now + options.closeTimeout)
                    )
                } else {
                    end(connection, error: error, handler)
                }
            }
        }
    }

    final func expireClosings(_ handler: any EventHandler) {
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

    final func dropEverything(_ handler: any EventHandler) {
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
        let deadline = MonotonicClock.now + Self.lastTurns
        while !(connections.count == 0 && listeners.isEmpty), MonotonicClock.now < deadline {
            turn(handler, timeout: 10_000)
        }
        finish()
    }

    /// Microseconds that the kernel gets to end its requests when the loop stops.
    static var lastTurns: UInt64 { 2_000_000 }
}

/// A connection that must be gone by its deadline (µs of the monotonic clock).
struct Closing: BitwiseCopyable {
    let connection: ConnectionID
    let deadline: UInt64
}

/// Something that a call of the owner's has found out, kept until the next turn so that the owner is not called back
/// from within its own call.
enum Notice: BitwiseCopyable {
    case connected(ConnectionID)
    case connectFailed(ConnectionID, Int32)
    case sendFailed(ConnectionID)
    case backlogged(ConnectionID)
}
