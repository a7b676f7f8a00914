import Bytes
import PostgresWire
import StatementRouting

/// Bytes that are passed on, and when a peer must wait before it may send more.
extension Engine {
    /// Whether the client's next message may be sent now: not while the server's socket is full or it owes too many replies.
    @inline(__always)
    func hasRoom(_ client: ClientPointer, _ server: ServerPointer, forSync isSync: Bool = false) -> Bool {
        if server.pointee.isBacklogged || server.pointee.preparing == .asked { return false }
        // Sync itself brings the replies.
        if server.pointee.isForgetting, !isSync, mustWaitForForgetting(client, server) { return false }
        return server.pointee.ledger.count < options.maximumPendingReplies || makeRoom(client, server)
    }

    /// What a server has prepared is not known before DISCARD ALL or DEALLOCATE ALL is answered.
    private func mustWaitForForgetting(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        for index in 0..<server.pointee.ledger.count {
            switch server.pointee.ledger[index].effect {
            case .discardAll, .deallocateAll:
                deliver(client)
                askForReplies(server)
                return true
            default: break
            }
        }
        server.pointee.isForgetting = false
        return false
    }

    /// A server keeps replies back until Sync or Flush: it is asked for those that it owes, or the batch would stand still.
    private func makeRoom(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        // What was kept for a second try cannot be kept any longer: replies must leave.
        deliver(client)
        emitAnswers(server)
        if server.pointee.ledger.count < options.maximumPendingReplies { return true }
        askForReplies(server)
        return false
    }

    private func askForReplies(_ server: ServerPointer) {
        if server.pointee.isFull { return }
        server.pointee.isFull = true
        server.pointee.output.appendEmptyMessage(FrontendTag.flush, from: buffers)
        touch(server)
    }

    /// Passes on more of a message whose header has been dealt with; returns the bytes taken.
    func passOn(_ client: ClientPointer, _ input: RawSpan, _ offset: Int) -> Int {
        let available = input.byteCount &- offset
        switch client.pointee.passThrough {
        case .none: return 0
        case .dropped(let remaining):
            let size = min(remaining, available)
            client.pointee.passThrough = size == remaining ? .none : .dropped(remaining: remaining &- size)
            client.pointee.passing = nil
            return size
        case .toServer(let remaining):
            let size = min(remaining, available)
            client.pointee.passThrough = size == remaining ? .none : .toServer(remaining: remaining &- size)
            if let server = servers[client.pointee.server] {
                guard !server.pointee.isBacklogged else {
                    client.pointee.passThrough = .toServer(remaining: remaining)
                    return 0
                }
                server.pointee.output.append(input.extracting(offset..<offset &+ size), from: buffers)
                touch(server)
                if let passing = client.pointee.passing {
                    passing.take(input.extracting(offset..<offset &+ size))
                    if size == remaining { endPassing(client, server) }
                }
            }
            return size
        }
    }

    /// Sends a message as it is; what has not arrived of it is passed on as it comes.
    @inline(__always)
    func sendWhole(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let available = min(header.size, input.byteCount &- offset)
        server.pointee.output.append(input.extracting(offset..<offset &+ available), from: buffers)
        touch(server)
        if available < header.size {
            client.pointee.passThrough = .toServer(remaining: header.size &- available)
        }
        return .consumed(available)
    }

    func pause(_ client: ClientPointer, _ reason: PauseReasons) {
        if client.pointee.pauses.isEmpty { actions.append(.pause(client.pointee.transport)) }
        client.pointee.pauses.insert(reason)
    }

    func resume(_ client: ClientPointer, _ reason: PauseReasons) {
        guard client.pointee.pauses.contains(reason) else { return }
        client.pointee.pauses.remove(reason)
        if client.pointee.pauses.isEmpty { actions.append(.resume(client.pointee.transport)) }
    }

    func pause(_ server: ServerPointer, _ reason: PauseReasons) {
        if server.pointee.pauses.isEmpty { actions.append(.pause(server.pointee.transport)) }
        server.pointee.pauses.insert(reason)
    }

    func resume(_ server: ServerPointer, _ reason: PauseReasons) {
        guard server.pointee.pauses.contains(reason) else { return }
        server.pointee.pauses.remove(reason)
        if server.pointee.pauses.isEmpty { actions.append(.resume(server.pointee.transport)) }
    }

    /// `buffer_memory` is reached: a client that holds no server is read again when a quarter of it has been given back. Whoever holds one goes on, and so do
    /// servers: it is by what they finish that memory is given back.
    func pauseForMemory(_ client: ClientPointer) {
        guard client.pointee.server.isNone, !client.pointee.pauses.contains(.memory), client.pointee.phase != .closing
        else { return }
        pause(client, .memory)
        pausedForMemory.append(client.pointee.handle)
    }

    /// Reads again from clients paused for memory: from all of them once there is room, until then from those that have got a server.
    func resumeAfterStrain() {
        let hasRoom = buffers.bytesInUse < options.bufferMemory / 4 * 3
        pausedForMemory.removeAll { handle in
            guard let client = clients[handle] else { return true }
            guard hasRoom || !client.pointee.server.isNone else { return false }
            resume(client, .memory)
            return true
        }
    }

    func clientBacklogged(_ client: ClientPointer) {
        client.pointee.isBacklogged = true
        if let server = servers[client.pointee.server], !server.pointee.pauses.contains(.sinkFull) {
            pause(server, .sinkFull)
        }
    }

    func clientDrained(_ client: ClientPointer) {
        client.pointee.isBacklogged = false
        if client.pointee.phase == .console { return continueConsole(client) }
        if client.pointee.channels != nil { sendQueueIfIdle(client) }
        if let server = servers[client.pointee.server] { unpause(server) }
        processHeld(client)
    }

    func unpause(_ server: ServerPointer) {
        resume(server, .sinkFull)
    }

    func serverBacklogged(_ server: ServerPointer) {
        server.pointee.isBacklogged = true
        if let client = clients[server.pointee.client] { pause(client, .sinkFull) }
    }

    func serverDrained(_ server: ServerPointer) {
        server.pointee.isBacklogged = false
        if let client = clients[server.pointee.client] {
            resume(client, .sinkFull)
            processHeld(client)
        }
    }
}
