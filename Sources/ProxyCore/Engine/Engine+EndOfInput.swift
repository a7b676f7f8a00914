import Bytes
import PostgresWire

/// Clients that send no more. What they have sent in full before the end of their stream, or before Terminate, is
/// carried out, as a server of PostgreSQL carries out what it has received (PostgreSQL documentation, 55.2.9): a
/// session stays until nothing of that is left.
extension Engine {
    // MARK: Terminate

    /// The client has said good-bye. The message has its turn: whatever was sent in front of it is over first.
    func terminate(_ client: ClientPointer, _ header: MessageHeader) -> Progress {
        if client.pointee.outstanding > unfinishedRequests(of: client) { return .stop }
        close(client, flush: true, reason: "client closed the connection")
        return .consumed(header.size)
    }

    // MARK: The end of the stream

    /// The client will send no more, but may still read.
    /// - Returns: whether the engine closes the connection, once what is to be sent on it has been queued; else it is
    ///   over now.
    package func inputEnded(_ token: PeerToken) -> Bool {
        defer { endTurn() }
        guard token.kind == .client, let client = clients[token.handle] else { return false }
        switch client.pointee.phase {
        case .startup, .cancelling, .closing: return false
        case .authenticating: guard isBusy(client) else { return false }
        case .welcoming, .ready, .console: break
        }
        client.pointee.input = .ended
        leaveIfDone(client)
        return true
    }

    /// The client's connection is gone. Told a second time, it takes the client out whatever it was doing.
    func clientVanished(_ client: ClientPointer, reason: String) {
        guard client.pointee.input != .gone, isBusy(client) else {
            if client.pointee.phase != .closing { leave(client, reason: reason) }
            remove(client)
            return
        }
        let handle = client.pointee.handle
        client.pointee.input = .gone
        client.pointee.transport = .none
        // Nobody will read: nothing needs to wait for that.
        clientDrained(client)
        if let client = clients[handle] { leaveIfDone(client) }
    }

    /// Whether something that the client has sent in full is not done yet.
    private func isBusy(_ client: ClientPointer) -> Bool {
        switch client.pointee.phase {
        case .startup, .cancelling, .closing: false
        case .authenticating:
            switch client.pointee.extras?.awaits {
            case .key: !client.pointee.held.isEmpty
            // It is to be asked for something, and cannot answer.
            case .credential, .client, nil: false
            }
        case .welcoming: !client.pointee.held.isEmpty
        case .console:
            client.pointee.extras?.console?.work.isOver == false
                || client.pointee.isBacklogged && !client.pointee.held.isEmpty
        case .ready: !isDone(client)
        }
    }

    /// Lets a client go that sends no more, once nothing is left to be done for it.
    func leaveIfDone(_ client: ClientPointer) {
        let isOver: Bool
        switch client.pointee.phase {
        case .ready:
            isOver = isDone(client) || client.pointee.input == .gone && hasOnlyReadsInFlight(client)
        case .authenticating, .console: isOver = !isBusy(client)
        case .startup, .welcoming, .cancelling, .closing: isOver = false
        }
        guard isOver else { return }
        if client.pointee.input == .ended, client.pointee.phase == .ready, client.pointee.pin != .replication,
            servers[client.pointee.server]?.pointee.conversation.isCopyingIn == true
        {
            // It may think that this is how a copy ends, and reads whether it has succeeded.
            return refuse(client, .copyCutOff)
        }
        close(client, flush: client.pointee.input != .gone, reason: "client closed the connection")
    }

    private func isDone(_ client: ClientPointer) -> Bool {
        switch client.pointee.flow {
        case .waiting, .claiming, .locating, .assigned, .settling, .refused, .flushing, .catchingUp: return false
        case .between, .skipping, .preparing, .batch: break
        }
        return client.pointee.needsInput && client.pointee.outstanding <= unfinishedRequests(of: client)
    }

    /// Batches in flight that cannot end, since the rest of them will not come: half a message, or half a COPY.
    private func unfinishedRequests(of client: ClientPointer) -> Int32 {
        guard let server = servers[client.pointee.server], !client.pointee.flow.isInBatch else { return 0 }
        if case .toServer = client.pointee.passThrough { return 1 }
        return server.pointee.conversation.isCopyingIn ? 1 : 0
    }

    /// Whether a client is there at all that has ended its sending shows only when it is sent something: a system
    /// answers for a process that is gone with a reset. While nothing of a read's reply comes, it is told once a second
    /// what it knows already, the server's version, which a server may say at any time (PostgreSQL documentation,
    /// 55.2.7).
    func probe(_ client: ClientPointer) {
        guard client.pointee.input == .ended, hasOnlyReadsInFlight(client), let server = servers[client.pointee.server],
            server.pointee.conversation.incoming.rest == .none,
            let version = server.pointee.extras.parameters.first(where: { $0.name == "server_version" })?.value
        else { return }
        var builder = MessageBuilder()
        builder.parameterStatus("server_version", version)
        if client.pointee.tries.isArmed {
            client.pointee.released.append(builder.bytes, from: buffers)
        } else if client.pointee.output.isEmpty {
            client.pointee.output.append(builder.bytes, from: buffers)
        }
        touch(client)
    }

    /// Whether all that is in flight are reads, with nothing behind them.
    private func hasOnlyReadsInFlight(_ client: ClientPointer) -> Bool {
        client.pointee.flow == .between && client.pointee.needsInput && client.pointee.outstanding > 0
            && !client.pointee.mustCarryOut
    }
}

extension PostgresError {
    fileprivate static let copyCutOff = PostgresError(
        .fatal,
        .connectionFailure,
        "unexpected EOF on client connection with an open transaction",
        detail: "The client has ended its sending in the middle of COPY FROM STDIN: nothing has been copied.",
        hint: "End the copy with CopyDone first."
    )
}
