import Bytes
import CLinux
import Glibc
import MonotonicTime

/// A loop on level-triggered epoll: works on every Linux, and in containers that forbid io_uring.
final class EpollLoop: EventLoop {
    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>
    private let buffer: UnsafeMutableRawBufferPointer
    private let pieces: UnsafeMutablePointer<iovec>

    private static let eventCount = 256
    private static let pieceCount = 64
    /// Connections taken from one listener in one turn, so that a storm of them does not hold up the others.
    private static let acceptsPerTurn = 64
    /// The bell's name; generation 0 with any other index names a listener.
    private static let bellName = UInt64(UInt32.max)

    init(options: LoopOptions, pool: BufferPool, detail: String) throws(SystemError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw SystemError("make an epoll instance", code: errno) }
        epoll = Descriptor(number)
        events = .allocate(capacity: Self.eventCount)
        buffer = .allocate(byteCount: options.receiveBufferSize, alignment: 64)
        pieces = .allocate(capacity: Self.pieceCount)
        try super.init(options: options, pool: pool, ioMethod: IOMethodChoice(method: .epoll, detail: detail))
        // Edge-triggered: each ring is reported once and the count never needs to be read.
        let status = clinux_epoll_change(
            number,
            EPOLL_CTL_ADD,
            bell.descriptor,
            clinux_epollin() | clinux_epollet(),
            Self.bellName
        )
        guard status == 0 else { throw SystemError("watch an eventfd", code: errno) }
    }

    deinit {
        events.deallocate()
        buffer.deallocate()
        pieces.deallocate()
    }

    override func turn(_ handler: any EventHandler, timeout: UInt64?) {
        let milliseconds = timeout.map { Int32(clamping: ($0 + 999) / 1_000) } ?? -1
        let count = epoll_wait(epoll.number, events, Int32(Self.eventCount), milliseconds)
        now = MonotonicClock.now
        counters.waits &+= 1
        var index: Int32 = 0
        while index < count {
            let name = Handle(rawValue: clinux_epoll_name(events, index))
            let flags = clinux_epoll_events(events, index)
            index &+= 1
            if let connection = connections[name] {
                handle(connection, flags, handler)
            } else if name.isNone {
                if name.rawValue == Self.bellName {
                    handler.mailArrived()
                } else if let listener = listeners[name.index] {
                    accept(listener, handler)
                }
            }
        }
    }

    @inline(__always)
    private func handle(_ connection: ConnectionPointer, _ flags: UInt32, _ handler: any EventHandler) {
        let broken = clinux_epollerr() | clinux_epollhup()
        if connection.pointee.phase == .connecting {
            connectEnded(connection, error: Self.pendingError(connection.pointee.descriptor.number), handler)
            return
        }
        let id = connection.pointee.id
        if flags & (clinux_epollout() | broken) != 0, connection.pointee.sending == .busy {
            flush(connection, handler)
            guard connections[id.handle] != nil else { return }
        }
        guard connection.pointee.receiving == .armed else {
            guard flags & broken != 0, connections[id.handle] != nil else { return }
            if connection.pointee.receiving == .ended { broke(connection, handler) } else { detach(connection) }
            return
        }
        if flags & (clinux_epollin() | broken) != 0 { receive(connection, handler) }
    }

    @inline(__always)
    private func receive(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        let start = buffer.baseAddress.unsafelyUnwrapped
        // A short receive means an empty socket; after a full one the next turn reports it again, so that others get
        // theirs.
        let count = clinux_receive(connection.pointee.descriptor.number, start, buffer.count)
        if count > 0 {
            deliver(connection, UnsafeRawBufferPointer(start: start, count: count), handler)
        } else if count == 0 {
            inputEnded(connection, error: 0, handler)
        } else if errno != EAGAIN, errno != EINTR {
            inputEnded(connection, error: errno, handler)
        }
    }

    // MARK: Output

    override func transmit(_ connection: ConnectionPointer) {
        write(connection)
        if !connection.pointee.output.isEmpty, connection.pointee.sending == .idle {
            connection.pointee.sending = .busy
            watch(connection)
        }
    }

    private func flush(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        connection.pointee.sending = .idle
        let id = connection.pointee.id
        write(connection)
        guard connections[id.handle] != nil else { return }
        if !connection.pointee.output.isEmpty {
            connection.pointee.sending = .busy
        } else {
            watch(connection)
        }
        outputMoved(connection, handler)
    }

    /// Writes until all is written, the kernel takes no more or the connection breaks; then it may be gone.
    @inline(__always)
    private func write(_ connection: ConnectionPointer) {
        let descriptor = connection.pointee.descriptor.number
        while let chunk = connection.pointee.output.firstChunk {
            var asked: Int
            let taken: Int
            if chunk.pointee.next == nil {
                let held = chunk.held
                asked = held.count
                taken = clinux_send(descriptor, held.baseAddress, asked)
            } else {
                var count = 0
                asked = 0
                var next: UnsafeMutablePointer<Chunk>? = chunk
                while let piece = next, count < Self.pieceCount {
                    let held = piece.held
                    pieces[count] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: held.baseAddress),
                        iov_len: held.count
                    )
                    asked &+= held.count
                    count &+= 1
                    next = piece.pointee.next
                }
                taken = clinux_sendmsg(descriptor, pieces, count)
            }
            if taken < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { sendFailed(connection, error: errno) }
                return
            }
            counters.sends &+= 1
            counters.bytesSent &+= UInt64(taken)
            connection.pointee.output.consume(taken, to: pool)
            if taken < asked {
                counters.shortSends &+= 1
                return
            }
        }
    }

    // MARK: What epoll is asked for

    override func opened(_ connection: ConnectionPointer) {
        let wasWatched = connection.pointee.receiving == .off
        connection.pointee.receiving = connection.pointee.wantsInput ? .armed : .off
        if wasWatched {
            watch(connection)
        } else {
            attach(connection)
        }
    }

    override func startConnecting(_ connection: ConnectionPointer, to address: SocketAddress) {
        let descriptor = connection.pointee.descriptor.number
        let id = connection.pointee.id
        if address.withSockaddr({ Glibc.connect(descriptor, $0, $1) }) == 0 {
            notices.append(.connected(id))
        } else if errno == EINPROGRESS || errno == EINTR {
            connection.pointee.receiving = .off
            attach(connection)
        } else {
            notices.append(.connectFailed(id, errno))
        }
    }

    // That a connection is broken is told whatever is asked for.
    override func watchForBreak(_ connection: ConnectionPointer) { watch(connection) }

    override func followInputWish(_ connection: ConnectionPointer) {
        let receiving: Connection.Receiving = connection.pointee.wantsInput ? .armed : .off
        switch connection.pointee.receiving {
        case .detached:
            guard connection.pointee.wantsInput else { return }
            connection.pointee.receiving = .armed
            attach(connection)
        case .ended: break
        case .off, .armed, .stopping:
            guard connection.pointee.receiving != receiving else { return }
            connection.pointee.receiving = receiving
            watch(connection)
        }
    }

    private func detach(_ connection: ConnectionPointer) {
        _ = clinux_epoll_change(epoll.number, EPOLL_CTL_DEL, connection.pointee.descriptor.number, 0, 0)
        connection.pointee.receiving = .detached
    }

    private func attach(_ connection: ConnectionPointer) {
        if change(connection, EPOLL_CTL_ADD) == 0 { return }
        // The kernel has no room for one more (fs.epoll.max_user_watches): nothing would ever be heard of it.
        let error = errno
        if connection.pointee.phase == .connecting {
            notices.append(.connectFailed(connection.pointee.id, error))
        } else {
            connection.pointee.receiving = .detached
            sendFailed(connection, error: error)
        }
    }

    private func watch(_ connection: ConnectionPointer) {
        if connection.pointee.receiving != .detached { _ = change(connection, EPOLL_CTL_MOD) }
    }

    private func change(_ connection: ConnectionPointer, _ operation: Int32) -> Int32 {
        var wanted: UInt32 = 0
        if connection.pointee.receiving == .armed { wanted |= clinux_epollin() }
        if connection.pointee.sending == .busy { wanted |= clinux_epollout() }
        return clinux_epoll_change(
            epoll.number,
            operation,
            connection.pointee.descriptor.number,
            wanted,
            connection.pointee.id.handle.rawValue
        )
    }

    override func release(_ connection: ConnectionPointer) {
        counters.closes &+= 1
        connection.pointee.output.clear(to: pool)
        connections.remove(connection.pointee.id.handle)
    }

    // MARK: Listeners

    override func arm(_ listener: Listener) {
        let name = Handle(index: listener.number, generation: 0).rawValue
        _ = clinux_epoll_change(epoll.number, EPOLL_CTL_ADD, listener.descriptor, clinux_epollin(), name)
    }

    override func disarm(_ listener: Listener) -> Bool {
        _ = clinux_epoll_change(epoll.number, EPOLL_CTL_DEL, listener.descriptor, 0, 0)
        return true
    }

    private func accept(_ listener: Listener, _ handler: any EventHandler) {
        for _ in 0..<Self.acceptsPerTurn where listeners[listener.number] != nil {
            var peer = SocketAddress()
            let number = peer.fill { clinux_accept(listener.descriptor, $0, $1, 1) }
            if number >= 0 {
                acceptedOne(Descriptor(number), by: listener, peer: peer, handler)
            } else if errno == EAGAIN {
                return
            } else if !acceptFailed(listener, error: errno, handler) {
                _ = disarm(listener)
                return
            }
        }
    }
}
