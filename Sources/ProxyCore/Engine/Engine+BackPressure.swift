import Bytes
import PostgresWire
import StatementRouting

/// Bytes that are passed on, and when a peer must wait before it may send more.
extension Engine {
    /// Whether the client's next message may be sent now: not while the server's socket is full or it owes too many
    /// replies.
    @inline(__always)
    func hasRoom(_ client: ClientPointer, _ server: ServerPointer, forSync isSync: Bool = false) -> Bool {
        if server.pointee.isBacklogged || server.pointee.preparing == .asked || server.pointee.conversation.isChecking {
            return false
        }
        if server.pointee.conversation.isUndecided {
            askForReplies(server)
            return false
        }
        // Sync itself brings the replies.
        if server.pointee.conversation.isForgetting, !isSync, mustWaitForForgetting(client, server) { return false }
        return server.pointee.conversation.ledger.count < options.maximumPendingReplies || makeRoom(client, server)
    }

    /// What a server has prepared is not known before DISCARD ALL or DEALLOCATE ALL is answered.
    private func mustWaitForForgetting(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        guard server.pointee.conversation.stillForgets() else { return false }
        deliver(client)
        askForReplies(server)
        return true
    }

    /// A server keeps replies back until Sync or Flush: it is asked for those that it owes, or the batch would stand
    /// still.
    private func makeRoom(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        // What was kept for a second try cannot be kept any longer: replies must leave.
        deliver(client)
        emitAnswers(server)
        if server.pointee.conversation.ledger.count < options.maximumPendingReplies { return true }
        askForReplies(server)
        return false
    }

    func askForReplies(_ server: ServerPointer) {
        if server.pointee.conversation.askForReplies(from: buffers) { touch(server) }
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
                server.pointee.conversation.continueMessage(input.extracting(offset..<offset &+ size), from: buffers)
                touch(server)
                if let passing = client.pointee.passing {
                    passing.append(input.extracting(offset..<offset &+ size))
                    if size == remaining { endPassing(client, server) }
                }
                if size == remaining, !server.pointee.conversation.incoming.carry.isEmpty {
                    turn.work.append(.replies(server.pointee.handle))
                }
            }
            return size
        }
    }

    /// Sends a message as it is; what has not arrived of it is passed on as it comes.
    @inline(__always)
    func sendWhole(
        _ entry: LedgerEntry,
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let available = min(header.size, input.byteCount &- offset)
        server.pointee.conversation.relay(entry, input.extracting(offset..<offset &+ available), from: buffers)
        return sent(available, of: header, client, server)
    }

    /// The same of a message that no reply answers.
    func sendUnanswered(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let available = min(header.size, input.byteCount &- offset)
        server.pointee.conversation.sendUnanswered(input.extracting(offset..<offset &+ available), from: buffers)
        return sent(available, of: header, client, server)
    }

    @inline(__always)
    private func sent(
        _ available: Int,
        of header: MessageHeader,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> Progress {
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
        guard client.pointee.pauses.isEmpty else { return }
        // While it was not read it could not be heard.
        client.pointee.heardAt = UInt32(truncatingIfNeeded: now >> 20)
        actions.append(.resume(client.pointee.transport))
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

    // MARK: Answers of the proxy's own

    /// Bytes of answers of the proxy's own that a client gets in one turn: a pipeline of what the proxy answers itself
    /// neither piles up answers nor keeps the others waiting.
    static let answersAtOnce = 16 << 10

    /// Whether more than so many bytes wait for the client: its next batch, and reading from it, wait until they have
    /// been fetched and sent.
    @inline(__always)
    func mustReadFirst(_ client: ClientPointer, beyond limit: Int) -> Bool {
        if !client.pointee.isBacklogged, client.pointee.output.count < limit || client.pointee.tries.isArmed {
            return false
        }
        waitForReader(client)
        return true
    }

    private func waitForReader(_ client: ClientPointer) {
        pause(client, .unread)
        // Of a backlog the shell tells the end.
        if !client.pointee.isBacklogged { turn.answering.append(client.pointee.handle) }
    }

    /// What waited to be fetched when the clients' last messages were looked at has been: they go on.
    func continueAnswering() {
        var handles: [Handle] = []
        swap(&handles, &turn.answering)
        for handle in handles {
            if let client = clients[handle], !client.pointee.isBacklogged { continueAnswering(client) }
        }
    }

    private func continueAnswering(_ client: ClientPointer) {
        guard client.pointee.pauses.contains(.unread) else { return }
        let handle = client.pointee.handle
        client.pointee.pauses.remove(.unread)
        if client.pointee.phase == .console {
            continueConsole(client)
        } else {
            if client.pointee.channels != nil { sendQueueIfIdle(client) }
            processHeld(client)
        }
        // It has been paused all the while, and is read again unless there was more than enough once more.
        guard let client = clients[handle], client.pointee.pauses.isEmpty, client.pointee.phase != .closing else {
            return
        }
        client.pointee.heardAt = UInt32(truncatingIfNeeded: now >> 20)
        actions.append(.resume(client.pointee.transport))
    }

    func clientBacklogged(_ client: ClientPointer) {
        client.pointee.isBacklogged = true
        if let server = servers[client.pointee.server], !server.pointee.pauses.contains(.sinkFull) {
            pause(server, .sinkFull)
        }
    }

    func clientDrained(_ client: ClientPointer) {
        client.pointee.isBacklogged = false
        if let server = servers[client.pointee.server] { unpause(server) }
        if client.pointee.pauses.contains(.unread) { return continueAnswering(client) }
        if client.pointee.phase == .console { return continueConsole(client) }
        if client.pointee.channels != nil { sendQueueIfIdle(client) }
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
