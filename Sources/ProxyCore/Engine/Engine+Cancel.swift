import Bytes
import PostgresWire

/// Cancel requests: from a client's key to the one server that runs its statement (PostgreSQL documentation, 55.2.8).
extension Engine {
    /// Connections with cancel requests that may wait at a time for the servers' nodes to deal with them. More are
    /// closed, and nothing is cancelled.
    static let mostCancelRequests = 4096

    /// A connection has asked to cancel what the client with this key is doing. A wrong key is ignored, as PostgreSQL
    /// does.
    ///
    /// The connection stays until the server's node has closed the one that brings the request to it: its end says that
    /// the signal has been sent, and that nothing is hit any more that begins from then on.
    func cancelRequested(by requester: ClientPointer, processID: UInt32, key: [UInt8]) {
        guard let client = client(withProcess: processID), client.pointee.phase == .ready,
            client.pointee.holds(key), cancel(client, for: requester.pointee.handle)
        else {
            close(requester, flush: false, reason: "cancel request")
            return
        }
        requester.pointee.phase = .cancelling
    }

    /// Cancels what the client is doing, if it is doing anything.
    /// - Parameter requester: the connection that waits until that is done; `.none` if nobody does.
    /// - Returns: whether it waits.
    @discardableResult
    func cancel(_ client: ClientPointer, for requester: Handle) -> Bool {
        switch client.pointee.flow {
        case .waiting, .claiming, .locating:
            failWaiting(client, .canceled)
            return false
        default: break
        }
        guard isRunning(client), let server = servers[client.pointee.server],
            processes.waitingCancels < Self.mostCancelRequests
        else { return false }
        client.pointee.isCanceled = true
        if !requester.isNone { processes.waitingCancels += 1 }
        if isPreparing(server) {
            // What is the proxy's own is not what the client wants to have cancelled.
            server.pointee.extras.holdsCancel = true
            if !requester.isNone { server.pointee.extras.cancelRequesters.append(requester) }
        } else if server.pointee.cancels > 0 {
            if !requester.isNone { server.pointee.extras.cancelRequesters.append(requester) }
        } else {
            sendCancelRequest(to: server, for: requester.isNone ? [] : [requester])
        }
        return !requester.isNone
    }

    /// The client that was given this number.
    func client(withProcess number: UInt32) -> ClientPointer? {
        processes.clients[number].flatMap { clients[$0] }
    }

    private func isRunning(_ client: ClientPointer) -> Bool {
        client.pointee.outstanding > 0 || client.pointee.flow.isInBatch || client.pointee.flow == .settling
    }

    /// What was in front of the client's batch is done: the cancel that came meanwhile means the batch.
    func sendHeldCancel(to server: ServerPointer) {
        let requesters = server.pointee.extras.cancelRequesters
        server.pointee.extras.holdsCancel = false
        server.pointee.extras.cancelRequesters = []
        sendCancelRequest(to: server, for: requesters)
    }

    /// The batch that it means will not be sent.
    func dropHeldCancel(of server: ServerPointer) {
        server.pointee.extras.holdsCancel = false
        endRequests(server.pointee.extras.cancelRequesters)
        server.pointee.extras.cancelRequesters = []
    }

    /// Opens a connection to the server's node for a CancelRequest. Until it is over, the server is handed to nobody
    /// else and its client's next batch is not sent: a signal that came late would hit the wrong statement.
    func sendCancelRequest(to server: ServerPointer, for requesters: [Handle] = []) {
        server.pointee.cancels += 1
        let request = (server.pointee.processID, server.pointee.extras.cancelKey)
        let handle = cancels.insert {
            CancelSession(
                handle: $0,
                server: server.pointee.handle,
                processID: request.0,
                key: request.1,
                since: now,
                requesters: requesters
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
        endRequests(cancel.pointee.requesters)
        cancel.pointee.output.clear(to: buffers)
        cancels.remove(cancel.pointee.handle)
        guard let server else { return }
        server.pointee.cancels -= 1
        let further = server.pointee.extras.cancelRequesters
        server.pointee.extras.cancelRequesters = []
        let client = clients[server.pointee.client]
        if !further.isEmpty, let client, isRunning(client) {
            // They came when the signal may have been sent already: they mean what has not ended since.
            sendCancelRequest(to: server, for: further)
            return
        }
        endRequests(further)
        if server.pointee.phase == .draining {
            becomeFree(server)
        } else if let client {
            turn.work.append(.goOn(client.pointee.handle))
        }
    }

    /// Nothing more will come of these requests.
    func endRequests(_ requesters: [Handle]) {
        processes.waitingCancels -= requesters.count
        for handle in requesters {
            if let requester = clients[handle] { close(requester, flush: false, reason: "cancel request") }
        }
    }
}

extension PostgresError {
    static let canceled = PostgresError(.error, .queryCanceled, "canceling statement due to user request")
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
