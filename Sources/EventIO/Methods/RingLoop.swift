import Bytes
import CLinux
import Glibc
import MonotonicTime

/// A loop on io_uring: receives that stay armed and fill shared buffers, sends as submissions, one system call a turn.
final class RingLoop: EventLoop {
    private let ring: Ring
    private let raw: UnsafeMutablePointer<io_uring>
    /// Requests are made only once the instance is enabled.
    @exclusivity(unchecked) private var isStarted = false
    /// Where the count of rings is read to; the kernel writes it while the bell is armed.
    private let bellCount: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) private var isBellArmed = false
    /// Tells of connections that break on which the peer has ended its sending: io_uring's own poll would report that
    /// end over and over. Made for the first of them.
    @exclusivity(unchecked) private var breaks: Descriptor?
    @exclusivity(unchecked) private var isBreaksArmed = false
    private let broken: UnsafeMutablePointer<epoll_event>
    /// Connections whose receive ended because all buffers were full; armed again when this turn has given them back.
    @exclusivity(unchecked) private var starved = RingQueue<ConnectionID>()
    // What gathering sends point at, until the next enter: the kernel copies it when it takes the request.
    private let pieces: UnsafeMutablePointer<iovec>
    private let messages: UnsafeMutablePointer<msghdr>
    @exclusivity(unchecked) private var piecesUsed = 0
    @exclusivity(unchecked) private var messagesUsed = 0

    private static let pieceCount = 4096
    private static let messageCount = 512
    private static let piecesPerSend = 64
    private static let brokenCount = 64

    /// What a completion is of, in the top bits of its name; the rest is the connection's handle or the listener's
    /// number.
    private enum Request: UInt64 {
        case receive = 1
        case send = 2
        case accept = 3
        case bell = 4
        case cancel = 5
        case breaks = 6

        static let shift: UInt64 = 60
        static let indexMask: UInt64 = 0x0FFF_FFFF
    }

    init(options: LoopOptions, pool: BufferPool, flags: RingSetup) throws(SystemError) {
        ring = try Ring(
            setup: flags,
            entries: UInt32(options.ringEntries),
            bufferCount: UInt32(options.receiveBufferCount),
            bufferSize: UInt32(options.receiveBufferSize)
        )
        raw = ring.ring
        bellCount = .allocate(capacity: 1)
        pieces = .allocate(capacity: Self.pieceCount)
        messages = .allocate(capacity: Self.messageCount)
        broken = .allocate(capacity: Self.brokenCount)
        try super.init(
            options: options,
            pool: pool,
            ioMethod: IOMethodChoice(method: .ioUring, detail: flags.name)
        )
    }

    deinit {
        if ring.ownsMemory { bellCount.deallocate() }
        pieces.deallocate()
        messages.deallocate()
        broken.deallocate()
    }

    override var usesNonblockingSockets: Bool { false }

    override func start() {
        let status = ring.enable()
        precondition(status == 0, "could not enable io_uring: \(SystemError.text(of: -status))")
        isStarted = true
        armBell()
        for listener in listeners.values where listener.state == .accepting { arm(listener) }
        for index in 0..<connections.capacity {
            guard let handle = connections.handle(at: index), let connection = connections[handle] else { continue }
            if connection.pointee.phase == .open { followInputWish(connection) }
            if !connection.pointee.output.isEmpty, connection.pointee.sending == .idle { transmit(connection) }
        }
    }

    override func finish() {
        if isBellArmed {
            clinux_prepare_cancel(ring.entry(), Self.name(.bell, 0), Self.name(.cancel, 0))
            ring.enter(timeout: 10_000)
            if clinux_ring_tail(raw) != clinux_ring_head(raw) { isBellArmed = false }
        }
        if isBreaksArmed { clinux_prepare_cancel(ring.entry(), Self.name(.breaks, 0), Self.name(.cancel, 0)) }
        ring.ownsMemory = connections.count == 0 && listeners.isEmpty && !isBellArmed
    }

    override func turn(_ handler: any EventHandler, timeout: UInt64?) {
        ring.enter(timeout: timeout)
        piecesUsed = 0
        messagesUsed = 0
        now = MonotonicClock.now
        counters.waits &+= 1
        var head = clinux_ring_head(raw)
        let tail = clinux_ring_tail(raw)
        while head != tail {
            let completion = clinux_ring_completion(raw, head).unsafelyUnwrapped
            let name = completion.pointee.user_data
            let result = completion.pointee.res
            let flags = completion.pointee.flags
            head &+= 1
            clinux_ring_advance(raw, 1)
            switch Request(rawValue: name >> Request.shift) {
            case .receive: received(Self.handle(name), result, flags, handler)
            case .send: sent(Self.handle(name), result, handler)
            case .accept: accepted(UInt32(truncatingIfNeeded: name), result, flags, handler)
            case .bell:
                isBellArmed = false
                if !bell.isStopping { armBell() }
                handler.mailArrived()
            case .breaks: lookForBroken(handler)
            case .cancel, nil: break
            }
        }
        if !starved.isEmpty { feedStarved() }
    }

    @inline(__always)
    private static func name(_ request: Request, _ handle: Handle) -> UInt64 {
        request.rawValue << Request.shift | (UInt64(handle.index) & Request.indexMask) << 32 | UInt64(handle.generation)
    }

    private static func name(_ request: Request, _ number: UInt32) -> UInt64 {
        request.rawValue << Request.shift | UInt64(number)
    }

    @inline(__always)
    private static func handle(_ name: UInt64) -> Handle {
        Handle(
            index: UInt32(truncatingIfNeeded: name >> 32 & Request.indexMask),
            generation: UInt32(truncatingIfNeeded: name)
        )
    }

    private func armBell() {
        isBellArmed = true
        clinux_prepare_read(ring.entry(), bell.descriptor, bellCount, 8, Self.name(.bell, 0))
    }

    // MARK: Input

    private func received(_ handle: Handle, _ result: Int32, _ flags: UInt32, _ handler: any EventHandler) {
        let hasBuffer = flags & clinux_completion_has_buffer() != 0
        let index = clinux_completion_buffer(flags)
        defer { if hasBuffer { ring.give(index) } }
        guard let connection = connections[handle] else { return }
        if flags & clinux_completion_more() == 0 { connection.pointee.receiving = .off }
        if connection.pointee.phase == .dying {
            settle(connection)
            return
        }
        if result > 0, hasBuffer {
            deliver(connection, ring.buffer(index, count: Int(result)), handler)
            guard let connection = connections[handle] else { return }
            if connection.pointee.receiving == .off { followInputWish(connection) }
            return
        }
        switch -result {
        case 0: inputEnded(connection, error: 0, handler)
        case ENOBUFS:
            counters.receiveBufferShortages += 1
            starved.append(ConnectionID(handle))
        case ECANCELED, EINTR, EAGAIN: followInputWish(connection)
        case let error: inputEnded(connection, error: error, handler)
        }
    }

    private func feedStarved() {
        for _ in 0..<starved.count {
            if let connection = connections[starved.removeFirst().handle],
                connection.pointee.phase != .dying
            {
                followInputWish(connection)
            }
        }
    }

    override func opened(_ connection: ConnectionPointer) {
        connection.pointee.receiving = .off
        followInputWish(connection)
    }

    override func followInputWish(_ connection: ConnectionPointer) {
        guard isStarted else { return }
        switch connection.pointee.receiving {
        case .off, .detached:
            guard connection.pointee.wantsInput else { return }
            connection.pointee.receiving = .armed
            clinux_prepare_receive(ring.entry(), connection.pointee.descriptor.number, receiveName(connection))
        case .armed:
            if !connection.pointee.wantsInput { cancelReceive(connection) }
        case .ended: break
        case .stopping:
            // The receive is armed again, if it still should be, when the cancelled one has ended.
            break
        }
    }

    private func cancelReceive(_ connection: ConnectionPointer) {
        connection.pointee.receiving = .stopping
        clinux_prepare_cancel(ring.entry(), receiveName(connection), Self.name(.cancel, 0))
    }

    override func watchForBreak(_ connection: ConnectionPointer) {
        if breaks == nil {
            let number = epoll_create1(Int32(EPOLL_CLOEXEC))
            // Without it a break shows with the next send, or when the owner has done what it still had to do.
            guard number >= 0 else { return }
            breaks = Descriptor(number)
        }
        guard let number = breaks?.number else { return }
        let name = connection.pointee.id.handle.rawValue
        _ = clinux_epoll_change(number, EPOLL_CTL_ADD, connection.pointee.descriptor.number, 0, name)
        armBreaks(number)
    }

    private func armBreaks(_ number: Int32) {
        guard !isBreaksArmed else { return }
        isBreaksArmed = true
        clinux_prepare_poll(ring.entry(), number, Self.name(.breaks, 0))
    }

    private func lookForBroken(_ handler: any EventHandler) {
        isBreaksArmed = false
        guard let number = breaks?.number, !bell.isStopping else { return }
        let count = epoll_wait(number, broken, Int32(Self.brokenCount), 0)
        for index in 0..<max(0, count) {
            guard let connection = connections[Handle(rawValue: clinux_epoll_name(broken, index))] else { continue }
            // Its slot may stay for a while, until the kernel has let go of a send.
            _ = clinux_epoll_change(number, EPOLL_CTL_DEL, connection.pointee.descriptor.number, 0, 0)
            if connection.pointee.phase != .dying { broke(connection, handler) }
        }
        armBreaks(number)
    }

    private func receiveName(_ connection: ConnectionPointer) -> UInt64 {
        Self.name(.receive, connection.pointee.id.handle)
    }

    // MARK: Output

    override func transmit(_ connection: ConnectionPointer) {
        guard isStarted, let chunk = connection.pointee.output.firstChunk else { return }
        connection.pointee.sending = .busy
        counters.sends &+= 1
        let descriptor = connection.pointee.descriptor.number
        let name = Self.name(.send, connection.pointee.id.handle)
        if chunk.pointee.next == nil {
            let held = chunk.held
            clinux_prepare_send(ring.entry(), descriptor, held.baseAddress, held.count, name)
        } else {
            gather(chunk, descriptor, name)
        }
    }

    private func gather(_ chunk: UnsafeMutablePointer<Chunk>, _ descriptor: Int32, _ name: UInt64) {
        if piecesUsed + Self.piecesPerSend > Self.pieceCount
            || messagesUsed == Self.messageCount
        {
            io_uring_submit(raw)
            piecesUsed = 0
            messagesUsed = 0
        }
        let first = pieces + piecesUsed
        var count = 0
        var next: UnsafeMutablePointer<Chunk>? = chunk
        while let piece = next, count < Self.piecesPerSend {
            let held = piece.held
            first[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: held.baseAddress), iov_len: held.count)
            count &+= 1
            next = piece.pointee.next
        }
        clinux_prepare_sendmsg(ring.entry(), descriptor, messages + messagesUsed, first, count, name)
        piecesUsed &+= count
        messagesUsed &+= 1
    }

    private func sent(_ handle: Handle, _ result: Int32, _ handler: any EventHandler) {
        guard let connection = connections[handle] else { return }
        connection.pointee.sending = .idle
        switch connection.pointee.phase {
        case .dying: settle(connection)
        case .connecting: connectEnded(connection, error: -result, handler)
        case .open, .flushing, .lingering:
            if result >= 0 {
                counters.bytesSent &+= UInt64(result)
                connection.pointee.output.consume(Int(result), to: pool)
                if let chunk = connection.pointee.output.firstChunk {
                    if chunk.pointee.start > 0 { counters.shortSends &+= 1 }
                    transmit(connection)
                }
                outputMoved(connection, handler)
            } else if result == -EINTR || result == -EAGAIN {
                transmit(connection)
            } else {
                sendFailed(connection, error: -result)
            }
        }
    }

    override func startConnecting(_ connection: ConnectionPointer, to address: SocketAddress) {
        let descriptor = connection.pointee.descriptor.number
        let name = Self.name(.send, connection.pointee.id.handle)
        address.withSockaddr { address, length in
            clinux_prepare_connect(ring.entry(), descriptor, address, length, name)
            // The address stands here during the call only.
            io_uring_submit(raw)
        }
    }

    // MARK: Endings

    override func release(_ connection: ConnectionPointer) {
        connection.pointee.phase = .dying
        if connection.pointee.receiving == .armed { cancelReceive(connection) }
        if connection.pointee.sending == .busy {
            clinux_prepare_cancel(
                ring.entry(),
                Self.name(.send, connection.pointee.id.handle),
                Self.name(.cancel, 0)
            )
        }
        settle(connection)
    }

    /// Frees a dying connection's slot once the kernel holds no request of it: until then its socket and chunks must
    /// stay.
    private func settle(_ connection: ConnectionPointer) {
        switch (connection.pointee.receiving, connection.pointee.sending) {
        case (.armed, _), (.stopping, _), (_, .busy): return
        case (.off, _), (.detached, _), (.ended, _): break
        }
        counters.closes &+= 1
        connection.pointee.output.clear(to: pool)
        connections.remove(connection.pointee.id.handle)
    }

    // MARK: Listeners

    override func arm(_ listener: Listener) {
        guard isStarted else { return }
        clinux_prepare_accept(ring.entry(), listener.descriptor, Self.name(.accept, listener.number))
    }

    override func disarm(_ listener: Listener) -> Bool {
        guard isStarted else { return true }
        clinux_prepare_cancel(ring.entry(), Self.name(.accept, listener.number), Self.name(.cancel, 0))
        return false
    }

    private func accepted(_ number: UInt32, _ result: Int32, _ flags: UInt32, _ handler: any EventHandler) {
        guard let listener = listeners[number] else {
            if result >= 0 { _ = Glibc.close(result) }
            return
        }
        let hasEnded = flags & clinux_completion_more() == 0
        if listener.state == .closing {
            if result >= 0 { _ = Glibc.close(result) }
            if hasEnded { listeners[number] = nil }
            return
        }
        if result >= 0 {
            let peer = Self.peerAddress(ofSocket: result) ?? listener.address
            acceptedOne(Descriptor(result), by: listener, peer: peer, handler)
        } else if !acceptFailed(listener, error: -result, handler) {
            return
        }
        guard hasEnded, let listener = listeners[number] else { return }
        switch listener.state {
        case .accepting: arm(listener)
        case .resting: break
        case .closing: listeners[number] = nil
        }
    }
}
