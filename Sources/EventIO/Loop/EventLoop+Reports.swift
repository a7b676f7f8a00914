import Bytes
import Glibc

/// What the subclasses report of the kernel.
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
            } else if error == 0 {
                endInput(connection, handler)
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

    /// Asks the owner whether it still sends. A peer that has only ended its sending and one that has gone for good
    /// look alike until something is sent.
    private func endInput(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        let id = connection.pointee.id
        connection.pointee.receiving = .ended
        guard handler.inputEnded(connection.pointee.token) else {
            if let connection = owned(id) { end(connection, error: 0, handler) }
            return
        }
        guard let connection = owned(id) else { return }
        Keepalive.halfClosed.apply(to: connection.pointee.descriptor.number)
        watchForBreak(connection)
    }

    /// A connection on which the peer has ended its sending is over for good.
    final func broke(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        if connection.pointee.phase == .open {
            end(connection, error: Self.pendingError(connection.pointee.descriptor.number), handler)
        } else {
            release(connection)
        }
    }

    static func pendingError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno
    }

    /// Some output has gone: tells the owner of a backlog that is no more, goes on with a close. The connection may be
    /// gone afterwards.
    @inline(__always)
    final func outputMoved(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        if connection.pointee.backlog != .none { endBacklog(connection, handler) }
        if connection.pointee.phase == .flushing, connection.pointee.output.isEmpty { linger(connection) }
    }

    final func endBacklog(_ connection: ConnectionPointer, _ handler: any EventHandler) {
        guard connection.pointee.output.count <= options.lowWater else { return }
        // Told also where the backlog came and went within a turn: an owner that has looked at `unsentBytes` may have
        // acted on it.
        connection.pointee.backlog = .none
        if connection.pointee.phase == .open { handler.drained(connection.pointee.token) }
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

    final func end(_ connection: ConnectionPointer, error: Int32, _ handler: any EventHandler) {
        let token = connection.pointee.token
        release(connection)
        handler.closed(token, error: error)
    }

    final func linger(_ connection: ConnectionPointer) {
        _ = shutdown(connection.pointee.descriptor.number, Int32(SHUT_WR))
        if connection.pointee.receiving == .ended { return release(connection) }
        connection.pointee.phase = .lingering
        connection.pointee.wantsInput = true
        followInputWish(connection)
    }
}
