import Bytes
import CLinux
import Glibc
import MonotonicTime

/// What the owner does with connections.
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

    /// Takes all of `bytes` to be sent after what is queued already; `bytes` is empty afterwards. Drops them where the
    /// connection is gone.
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
    static var joinedBytes: Int { 2 << 10 }

    /// Bytes that are queued or on their way to the kernel; 0 where the connection is gone.
    package final func unsentBytes(_ id: ConnectionID) -> Int { owned(id)?.pointee.output.count ?? 0 }

    /// Stops receiving. With io_uring some bytes may still come. The end of a paused connection is not told until it
    /// resumes.
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
    /// - Parameter flush: sends what is queued, announces the end and waits for the peer's, `LoopOptions.closeTimeout`
    ///   at most. Without it what is queued is dropped; what the kernel has taken is still sent, unless the peer's own
    ///   bytes were left unread.
    package final func close(_ id: ConnectionID, flush: Bool) {
        guard let connection = owned(id) else { return }
        guard flush, connection.pointee.phase == .open, !connection.pointee.hasFailed else {
            release(connection)
            return
        }
        closings.append(
            Closing(connection: id, deadline: MonotonicClock.now + options.closeTimeout)
        )
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
    final func owned(_ id: ConnectionID) -> ConnectionPointer? {
        guard let connection = connections[id.handle] else { return nil }
        switch connection.pointee.phase {
        case .open, .connecting: return connection
        case .flushing, .lingering, .dying: return nil
        }
    }

    final func insert(
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

    /// io_uring waits on blocking sockets only; epoll needs non-blocking ones. The descriptor may come from a loop of
    /// the other kind.
    final func prepare(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        let wanted = usesNonblockingSockets ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        if flags >= 0, flags != wanted { _ = fcntl(descriptor, F_SETFL, wanted) }
        options.keepalive.apply(to: descriptor)
    }
}
