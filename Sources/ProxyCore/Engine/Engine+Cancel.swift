import Bytes
import PostgresWire

/// Cancel requests: from a client's key to the one server that runs its statement (PostgreSQL documentation, 55.2.8).
extension Engine {
    /// A connection has asked to cancel what the client with this key is doing. A wrong key is ignored, as PostgreSQL
    /// does.
    func cancelRequested(processID: UInt32, key: [UInt8]) {
        guard processID > 0, Int(processID) <= clients.capacity, let handle = clients.handle(at: Int(processID) - 1),
            let client = clients[handle], client.pointee.phase == .ready, client.pointee.holds(key)
        else { return }
        if client.pointee.flow == .waiting {
            cancelWait(client)
        } else if client.pointee.outstanding > 0 || client.pointee.flow.isInBatch || client.pointee.flow == .settling,
            let server = servers[client.pointee.server]
        {
            if isPreparing(server) {
                // What is the proxy's own is not what the client wants to have cancelled.
                server.pointee.extras.holdsCancel = true
            } else {
                sendCancelRequest(to: server)
            }
        }
    }

    private func cancelWait(_ client: ClientPointer) {
        failWaiting(client, PostgresError(.error, .queryCanceled, "canceling statement due to user request"))
    }

    /// Opens a connection to the server's node for a CancelRequest. Until it is over, the server is handed to nobody
    /// else: a signal that came late would hit the wrong statement.
    func sendCancelRequest(to server: ServerPointer) {
        server.pointee.cancels += 1
        let request = (server.pointee.processID, server.pointee.extras.cancelKey)
        let handle = cancels.insert {
            CancelSession(
                handle: $0,
                server: server.pointee.handle,
                processID: request.0,
                key: request.1,
                since: now
            )
        }
        actions.append(.connect(PeerToken(.canceller, handle), node: server.pointee.node))
    }

    func sendCancel(_ cancel: UnsafeMutablePointer<CancelSession>) {
        var builder = MessageBuilder()
        builder.cancelRequest(processID: cancel.pointee.processID, key: cancel.pointee.key)
        cancel.pointee.output.append(builder.bytes, from: buffers)
        touch(cancel)
    }

    /// The node has closed the connection: the signal has been sent, or there was nobody to send it to.
    func cancelEnded(_ cancel: UnsafeMutablePointer<CancelSession>) {
        let server = servers[cancel.pointee.server]
        cancel.pointee.output.clear(to: buffers)
        cancels.remove(cancel.pointee.handle)
        guard let server else { return }
        server.pointee.cancels -= 1
        if server.pointee.phase == .draining { becomeFree(server) }
    }
}

extension ClientSession {
    /// Whether this is the secret half of the client's cancel key, in the form of protocol 3.0 (four bytes) or 3.2.
    /// Looks at all bytes whatever the first say.
    fileprivate func holds(_ key: [UInt8]) -> Bool {
        guard key.count == 4 || key.count == 8 else { return false }
        let expected = key.count == 4 ? cancelSecret & 0xFFFF_FFFF : cancelSecret
        let given = key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return expected ^ given == 0
    }
}
