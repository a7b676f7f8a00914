import Bytes
import PostgresWire

/// What clients hold of `buffer_memory`: who holds much is slowed, then ended, and who holds little is always served.
extension Engine {
    /// Bytes of buffers that are lent for a client: what it has sent and what waits for it, here and in the shell.
    func holding(_ client: ClientPointer) -> Int {
        client.pointee.held.lentBytes + client.pointee.replay.lentBytes + client.pointee.output.count
            + client.pointee.released.count + memory.unsentBytes(client.pointee.transport)
    }

    /// Too much is in use: a client that holds more than its share, and no server, is not read on. Whoever holds a
    /// server goes on, and so do servers: it is by what they finish that memory is given back.
    /// - Parameter size: of what has just come from it.
    func slow(_ client: ClientPointer, _ size: Int) {
        guard client.pointee.server.isNone, !client.pointee.pauses.contains(.memory), client.pointee.phase != .closing,
            holding(client) + size >= memory.shares.allowance(inUse: buffers.bytesInUse)
        else { return }
        pause(client, .memory)
        memory.slowed.append(client.pointee.handle)
    }

    /// Ten times a second: reads again from those that have been slowed, once there is room or they hold little; ends
    /// those that hold most where that does not help.
    func checkMemory() {
        let inUse = buffers.bytesInUse
        let mustEnd = memory.shares.look(inUse: inUse, at: now)
        if !memory.slowed.isEmpty {
            let allowance =
                inUse < memory.shares.relief ? Int.max : min(memory.shares.allowance(inUse: inUse), MemoryShares.little)
            var slowed: [Handle] = []
            swap(&slowed, &memory.slowed)
            slowed.removeAll { handle in
                guard let client = clients[handle] else { return true }
                guard !client.pointee.server.isNone || holding(client) < allowance else { return false }
                resume(client, .memory)
                return true
            }
            memory.slowed.insert(contentsOf: slowed, at: 0)
        }
        if mustEnd { endHolders(inUse: inUse) }
    }

    private func endHolders(inUse: Int) {
        var holders: [MemoryShares.Holder<Handle>] = []
        for index in 0..<clients.capacity {
            guard let handle = clients.handle(at: index), let client = clients[handle], client.pointee.phase != .closing
            else { continue }
            let isServed = !client.pointee.server.isNone
            // It reads: what it holds is on its way.
            if isServed, !client.pointee.isBacklogged { continue }
            holders.append(.init(name: handle, bytes: holding(client), isServed: isServed))
        }
        for holder in memory.shares.ended(of: holders, inUse: inUse) {
            guard let client = clients[holder.name] else { continue }
            // What waits for a client that does not read cannot be sent before the error, and is what takes up room.
            let mayHear = memory.unsentBytes(client.pointee.transport) == 0
            end(client, .memoryHeld(holder.bytes, limit: options.bufferMemory), flush: mayHear)
        }
    }

    // MARK: Clients that stand still

    /// Once a second: ends a client that has sent half a message, or has been sent something, and does nothing about
    /// it.
    func checkStandstill(_ client: ClientPointer) {
        if options.clientMessageTimeout > 0, client.pointee.pauses.isEmpty,
            Int64(UInt32(truncatingIfNeeded: now >> 20) &- client.pointee.heardAt) << 20
                >= options.clientMessageTimeout,
            isInMessage(client)
        {
            return end(client, .halfMessage(options.clientMessageTimeout), flush: true)
        }
        guard options.clientWriteTimeout > 0 else { return }
        let unsent = memory.unsentBytes(client.pointee.transport)
        if unsent > 0,
            memory.unread.note(client.pointee.handle, bytes: unsent, at: now) >= options.clientWriteTimeout
        {
            end(client, .unread(options.clientWriteTimeout), flush: true)
        }
    }

    /// Whether a message of the client's has begun to arrive, and its end has not.
    private func isInMessage(_ client: ClientPointer) -> Bool {
        switch client.pointee.passThrough {
        case .toServer, .dropped: return true
        case .none: break
        }
        let bytes = client.pointee.held.bytes
        if bytes.isEmpty { return false }
        switch client.pointee.flow {
        // What is held has not been looked at, or is whole.
        case .waiting, .claiming, .locating, .assigned, .settling, .refused, .flushing, .catchingUp: return false
        case .between, .preparing, .batch, .skipping: break
        }
        var offset = 0
        while offset < bytes.count {
            switch Frame(ofClient: bytes.bytes, at: offset, limit: options.maximumMessageSize) {
            case .partial: return true
            case .violation: return false
            case .message(let header):
                if header.size > bytes.count - offset { return true }
                offset += header.size
            }
        }
        return false
    }

    /// Ends a client's connection for what it holds or does not do; the log tells of it.
    private func end(_ client: ClientPointer, _ error: PostgresError, flush: Bool) {
        actions.append(.log(.clientEnded(nameForLog(client), reason: error.message)))
        if flush { refuse(client, error) } else { close(client, flush: false, reason: error.message) }
    }
}

extension PostgresError {
    fileprivate static func memoryHeld(_ bytes: Int, limit: Int) -> PostgresError {
        PostgresError(
            .fatal,
            .outOfMemory,
            "connection ended because buffer_memory is used up",
            detail:
                "It held \(bytes) bytes: messages that have not arrived whole or wait for a server, and answers that have not been read.",
            hint:
                "Raise buffer_memory (now \(limit)), lower client_buffer_limit, or have clients read what they are sent."
        )
    }

    fileprivate static func halfMessage(_ limit: Microseconds) -> PostgresError {
        PostgresError(
            .fatal,
            .idleSessionTimeout,
            "terminating connection due to client_message_timeout",
            detail: "A part of a message has arrived, and nothing more for \(limit / 1_000_000) s.",
            hint: "Raise client_message_timeout."
        )
    }

    fileprivate static func unread(_ limit: Microseconds) -> PostgresError {
        PostgresError(
            .fatal,
            .idleSessionTimeout,
            "terminating connection due to client_write_timeout",
            detail: "The client has read nothing of what it was sent for \(limit / 1_000_000) s.",
            hint: "Raise client_write_timeout, or have the client read what it is sent."
        )
    }
}
