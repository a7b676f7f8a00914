import Bytes
import PostgresWire
import StatementRouting

/// What servers send: each reply meets the ledger's entry for the message that it answers (PostgreSQL documentation,
/// 55.2).
///
/// Bodies of rows and of copied data are passed on as they come. Runs of messages that are forwarded are copied in
/// one piece.
extension Engine {
    func receivedFromServer(_ server: ServerPointer, _ bytes: RawSpan) {
        if server.pointee.carry.isEmpty {
            let handle = server.pointee.handle
            let consumed = readReplies(server, bytes)
            guard consumed < bytes.byteCount, let server = servers[handle], server.pointee.phase != .closing else {
                return
            }
            bytes.extracting(consumed..<bytes.byteCount).withUnsafeBytes {
                server.pointee.carry.append($0, from: buffers)
            }
        } else {
            bytes.withUnsafeBytes { server.pointee.carry.append($0, from: buffers) }
            let handle = server.pointee.handle
            var carry = HeldBytes()
            swap(&carry, &server.pointee.carry)
            let whole = carry.bytes
            let consumed = readReplies(server, whole.bytes)
            carry.consume(consumed, to: buffers)
            guard let server = servers[handle], server.pointee.phase != .closing else {
                carry.clear(to: buffers)
                return
            }
            swap(&carry, &server.pointee.carry)
            carry.clear(to: buffers)
        }
    }

    private func readReplies(_ server: ServerPointer, _ bytes: RawSpan) -> Int {
        switch server.pointee.phase {
        case .connecting, .leaving, .closing: return bytes.byteCount
        case .authenticating: return readLogin(server, bytes)
        case .listening: return readListening(server, bytes)
        case .parked:
            pause(server, .parked)
            return 0
        case .idle, .active, .draining: break
        }
        if server.pointee.isTimed { noteFirstByte(server) }
        let handle = server.pointee.handle
        var run = ForwardRun(offset: 0)
        var offset = passReply(server, bytes, &run)
        reading: while true {
            let header: MessageHeader
            switch Frame(ofServer: bytes, at: offset) {
            case .partial: break reading
            case .message(let framed): header = framed
            case .violation(let violation):
                flushRun(server, bytes, &run, upTo: offset)
                serverViolated(server, violation.ofServer)
                return bytes.byteCount
            }
            // Before anything is asked of the ledger's first entry: a reply never is an answer of the proxy's own.
            answerNext(server, bytes, offset, &run)
            let available = min(header.size, bytes.byteCount &- offset)
            if available < header.size, !mayArriveInParts(header, server) {
                if header.size <= Frame.gathered { break reading }
                // A row where the proxy has asked for one number.
                flushRun(server, bytes, &run, upTo: offset)
                serverViolated(server, FramingViolation.length.ofServer)
                return bytes.byteCount
            }
            if isForwardedBlindly(header.tag), passesRows(server) {
                deliverReply(server)
            } else {
                guard readReply(server, header, bytes, offset, &run) else { return bytes.byteCount }
                guard servers[handle] != nil, server.pointee.phase != .closing else { return bytes.byteCount }
            }
            offset &+= available
            if available < header.size {
                server.pointee.passing = header.size &- available
                server.pointee.passesOn = run.start < offset
            }
        }
        flushRun(server, bytes, &run, upTo: offset)
        if server.pointee.isFull, server.pointee.ledger.count < options.maximumPendingReplies {
            server.pointee.isFull = false
            if !run.cycleEnded, let client = clients[server.pointee.client] { processHeld(client) }
        }
        if run.cycleEnded { cycleEnded(server) }
        return offset
    }

    /// The rest of a message whose beginning has been dealt with.
    private func passReply(_ server: ServerPointer, _ bytes: RawSpan, _ run: inout ForwardRun) -> Int {
        let size = min(server.pointee.passing, bytes.byteCount)
        server.pointee.passing &-= size
        if !server.pointee.passesOn { run.start = size }
        return size
    }

    /// What is large: it is passed on, or dropped, as it comes.
    private func mayArriveInParts(_ header: MessageHeader, _ server: ServerPointer) -> Bool {
        switch header.tag {
        case BackendTag.rowDescription:
            // The reply to Describe is over with it, and its rest would be taken for the next reply's.
            server.pointee.ledger.first?.kind != .describe
        case BackendTag.dataRow:
            server.pointee.ledger.first?.purpose != .evidence && server.pointee.ledger.first?.purpose != .values
                && server.pointee.ledger.first?.signal.process == 0
        case BackendTag.copyData, BackendTag.functionCallResponse,
            BackendTag.noticeResponse:
            true
        case BackendTag.parameterDescription:
            server.pointee.ledger.first?.purpose != .describePrepared
                && header.size > StatementDescription.mostTypeBytes
        case BackendTag.errorResponse:
            // Its code stands in front; a longer one than this is not kept for a second try.
            header.size > BufferPool.largeChunkSize
        default: false
        }
    }

    @inline(__always)
    private func isForwardedBlindly(_ tag: UInt8) -> Bool {
        tag == BackendTag.dataRow || tag == BackendTag.copyData
    }

    /// Whether the reply under way goes to a client.
    @inline(__always)
    private func isForwarding(_ server: ServerPointer) -> Bool {
        guard !server.pointee.client.isNone, let entry = server.pointee.ledger.first else { return false }
        return entry.disposition == .forward
    }

    /// Whether rows go to a client, and mean nothing to the proxy.
    @inline(__always)
    private func passesRows(_ server: ServerPointer) -> Bool {
        guard !server.pointee.client.isNone, let entry = server.pointee.ledger.first else { return false }
        return entry.disposition == .forward && entry.signal.process == 0
    }

    @inline(__always)
    private func deliverReply(_ server: ServerPointer) {
        if let client = clients[server.pointee.client] { deliver(client) }
    }

    /// Copies the forwarded messages between the run's start and `offset` to the client.
    @inline(__always)
    func flushRun(_ server: ServerPointer, _ bytes: RawSpan, _ run: inout ForwardRun, upTo offset: Int) {
        if run.start < offset, let client = clients[server.pointee.client] {
            client.pointee.output.append(bytes.extracting(run.start..<offset), from: buffers)
            server.pointee.pool.pointee.counters.bytesSent &+= UInt64(offset &- run.start)
            if client.pointee.replayState != .armed { touch(client) }
        }
        run.start = offset
    }

    /// Drops the message at `offset` from the run.
    @inline(__always)
    func dropReply(
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) {
        flushRun(server, bytes, &run, upTo: offset)
        run.start = min(offset &+ header.size, bytes.byteCount)
    }

    /// Meets one reply with the ledger.
    /// - Returns: false where the rest of the bytes must not be looked at.
    private func readReply(
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ bytes: RawSpan,
        _ offset: Int,
        _ run: inout ForwardRun
    ) -> Bool {
        switch header.tag {
        case BackendTag.parseComplete: complete(server, .parse, bytes, offset, header, &run)
        case BackendTag.bindComplete: complete(server, .bind, bytes, offset, header, &run)
        case BackendTag.closeComplete: complete(server, .close, bytes, offset, header, &run)
        case BackendTag.rowDescription, BackendTag.noData:
            if let entry = server.pointee.ledger.first, entry.kind == .describe {
                if !entry.statement.isNone {
                    let body = bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
                    learnRows(header.tag == BackendTag.noData ? nil : body, entry, server)
                }
                complete(server, .describe, bytes, offset, header, &run)
            } else {
                keepOrDrop(server, bytes, offset, header, &run)
            }
        case BackendTag.commandComplete, BackendTag.emptyQueryResponse, BackendTag.portalSuspended:
            if isForwarding(server), let client = clients[server.pointee.client] {
                if !completesBegin(client, header, bytes, offset) { deliver(client) }
                if client.pointee.extras != nil, header.tag == BackendTag.commandComplete {
                    noteTag(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), client)
                }
            }
            server.pointee.isCopyingIn = false
            if server.pointee.ledger.first?.kind == .execute {
                complete(server, .execute, bytes, offset, header, &run)
            } else {
                keepOrDrop(server, bytes, offset, header, &run)
            }
        case BackendTag.readyForQuery:
            guard readyForQuery(server, bytes, offset, header, &run) else { return false }
            // Answers of the proxy's own that stand behind it may be waited for (Flush), and nothing else need come.
            answerNext(server, bytes, offset &+ header.size, &run)
        case BackendTag.errorResponse:
            return errorResponse(server, bytes, offset, header, &run)
        case BackendTag.copyInResponse, BackendTag.copyBothResponse:
            deliverReply(server)
            copyInBegins(server, &run)
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.copyOutResponse, BackendTag.functionCallResponse:
            deliverReply(server)
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.parameterDescription:
            if let entry = server.pointee.ledger.first, entry.kind == .describe, !entry.statement.isNone,
                header.size <= StatementDescription.mostTypeBytes
            {
                learnTypes(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), entry)
            }
            if server.pointee.ledger.first?.purpose == .describePrepared {
                readTypes(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), server)
            }
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.noticeResponse:
            if let entry = server.pointee.ledger.first, entry.kind == .parse, entry.disposition == .forward,
                statements.holds(entry.serial, at: entry.statement)
            {
                // Whoever parses the text is to be told so.
                statements.retire(entry.statement)
            }
            if let entry = server.pointee.ledger.first, isForwarding(server),
                offset &+ header.size <= bytes.byteCount, let client = clients[server.pointee.client],
                entry.nameSize > 0 || entry.isExchanged
                    || StatementSerial.isNamed(
                        in: bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
                    )
            {
                dropReply(server, bytes, offset, header, &run)
                let body = bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
                let words = reworded(body, entry, client)
                client.pointee.output.appendHeader(BackendTag.noticeResponse, bodySize: words.count, from: buffers)
                client.pointee.output.append(words, from: buffers)
                if client.pointee.replayState != .armed { touch(client) }
            } else {
                keepOrDrop(server, bytes, offset, header, &run)
            }
        case BackendTag.dataRow:
            if let entry = server.pointee.ledger.first, entry.signal.process != 0, entry.disposition == .forward,
                !signalIsAllowed(entry, server, bytes, offset, header.size, &run)
            {
                return false
            }
            if server.pointee.ledger.first?.purpose == .values {
                readValue(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), server)
            } else if server.pointee.ledger.first?.purpose == .evidence {
                readEvidence(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), server)
            }
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.parameterStatus:
            parameterStatus(server, bytes, offset, header, &run)
        case BackendTag.backendKeyData:
            dropReply(server, bytes, offset, header, &run)
        case BackendTag.notificationResponse:
            dropReply(server, bytes, offset, header, &run)
            let body = offset &+ MessageHeader.byteCount..<offset &+ header.size
            heldServerNotified(server, bytes.extracting(body))
        default:
            keepOrDrop(server, bytes, offset, header, &run)
        }
        return true
    }

    /// A reply that does not end what it belongs to.
    @inline(__always)
    private func keepOrDrop(
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) {
        // What comes unasked (a notice, a notification) is the client's who holds the server.
        let isUnasked = server.pointee.ledger.isEmpty && !server.pointee.client.isNone
        if !isForwarding(server), !isUnasked { dropReply(server, bytes, offset, header, &run) }
    }

    /// The reply to the ledger's first entry is over.
    @inline(__always)
    private func complete(
        _ server: ServerPointer,
        _ kind: LedgerEntry.Kind,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) {
        // What was sent to provoke an error cannot succeed.
        guard let entry = server.pointee.ledger.first, entry.kind == kind, entry.disposition != .replace else {
            flushRun(server, bytes, &run, upTo: offset)
            serverViolated(server, "sent a reply that nothing asked for")
            return
        }
        server.pointee.ledger.removeFirst()
        if entry.changesServer { server.pointee.unconfirmed &-= 1 }
        if entry.disposition != .forward || server.pointee.client.isNone {
            dropReply(server, bytes, offset, header, &run)
        }
        if entry.kind == .parse { noteAccepted(entry, server) }
        if entry.purpose == .closePrepared {
            preparedIsComplete(server)
            run.cycleEnded = true
        }
        if entry.purpose == .check {
            server.pointee.isChecking = false
            run.cycleEnded = true
        }
        if entry.kind == .parse || entry.changesName { settleName(entry, server) }
        if entry.effect != .none { applyEffect(entry.effect, server) }
        answerNext(server, bytes, offset &+ header.size, &run)
    }

    /// Gives the proxy's own answers that stand behind the reply that ends at `end`.
    @inline(__always)
    private func answerNext(_ server: ServerPointer, _ bytes: RawSpan, _ end: Int, _ run: inout ForwardRun) {
        if case .answer = server.pointee.ledger.first?.disposition {
            flushRun(server, bytes, &run, upTo: end)
            emitAnswers(server)
        }
    }

    /// A server has accepted a Parse, or had the statement: the next client with that statement needs none to be told
    /// so.
    @inline(__always)
    private func noteAccepted(_ entry: LedgerEntry, _ server: ServerPointer) {
        guard entry.kind == .parse, !entry.statement.isNone, let client = clients[server.pointee.client] else { return }
        statements.noteAccepted(entry.statement, contextStamp(of: client))
    }

    /// Gives the proxy's own answers whose turn has come.
    func emitAnswers(_ server: ServerPointer) {
        while let entry = server.pointee.ledger.first, entry.disposition == .answer {
            server.pointee.ledger.removeFirst()
            if let client = clients[server.pointee.client] {
                let tag = entry.kind == .parse ? BackendTag.parseComplete : BackendTag.closeComplete
                client.pointee.output.appendEmptyMessage(tag, from: buffers)
                if client.pointee.replayState != .armed { touch(client) }
            }
            noteAccepted(entry, server)
            settleName(entry, server)
        }
    }

    /// A change of a name is confirmed: it holds, unless the batch runs again.
    @inline(__always)
    private func settleName(_ entry: LedgerEntry, _ server: ServerPointer) {
        if entry.changesName, entry.place.index != ClientStatements.Place.unnamed.index,
            let client = clients[server.pointee.client], client.pointee.replayState == .armed
        {
            // As many as there may be replies to come; the batch does not run again then.
            if client.pointee.undo.count >= options.maximumPendingReplies { deliver(client) }
            if client.pointee.replayState == .armed { client.pointee.undo.append(entry) } else { forget(entry) }
        } else {
            forget(entry)
        }
    }

    // MARK: Other replies

    private func parameterStatus(
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) {
        let body = bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
        var isHotStandby = false
        var isPassing = false
        if let nameEnd = body.firstZero(from: 0), let valueEnd = body.firstZero(from: nameEnd + 1) {
            let name = body.text(0..<nameEnd)
            isHotStandby = name == "in_hot_standby"
            isPassing = isPassingDefault(name, server)
            guard server.pointee.extras.setParameter(name, body.text(nameEnd + 1..<valueEnd)) else {
                flushRun(server, bytes, &run, upTo: offset)
                return serverViolated(server, "reported more than \(ServerExtras.parameterLimit) parameters")
            }
        }
        if isHotStandby {
            // The node has been promoted: the watch should look. To the client it makes no difference, but that what
            // was taken for a read may have written.
            actions.append(.suspectNode(server.pointee.node))
            if server.pointee.isReplica { wasPromoted(server) }
            dropReply(server, bytes, offset, header, &run)
        } else if isPassing {
            dropReply(server, bytes, offset, header, &run)
        } else if server.pointee.ledger.first?.purpose != .startValues || server.pointee.client.isNone {
            keepOrDrop(server, bytes, offset, header, &run)
        }
    }

    /// COPY FROM STDIN has begun, or a stream of a WAL sender, which ends when the client says so or leaves (PostgreSQL
    /// documentation, 55.4): a Sync that was sent behind the Execute already is ignored by the server, and another
    /// follows CopyDone (PostgreSQL documentation, 55.2.6).
    private func copyInBegins(_ server: ServerPointer, _ run: inout ForwardRun) {
        guard let entry = server.pointee.ledger.first else { return }
        server.pointee.isCopyingIn = entry.copyEnds == 0
        if entry.copyEnds > 0 { server.pointee.ledger[0].copyEnds -= 1 }
        // Of one that sends no more the rest of the copy will not come.
        if server.pointee.isCopyingIn { run.cycleEnded = true }
        guard let client = clients[server.pointee.client], entry.kind == .execute, server.pointee.ledger.count > 1,
            server.pointee.ledger[1].kind == .sync, entry.copyEnds == 0 || server.pointee.ledger[1].copyEnds > 0
        else { return }
        // Nothing behind it has been sent: the rest of the copy comes with a Sync of its own.
        if server.pointee.ledger.count == 2 { client.pointee.flow = .batch }
        for index in 1..<server.pointee.ledger.count - 1 {
            server.pointee.ledger[index] = server.pointee.ledger[index + 1]
        }
        server.pointee.ledger.removeLast()
        client.pointee.outstanding &-= 1
        // What waited for that Sync's reply waits no longer.
        run.cycleEnded = true
    }

    /// A server does what no server does: it is closed, and who holds it is told.
    func serverViolated(_ server: ServerPointer, _ what: String) {
        if server.pointee.transport != .none { actions.append(.close(server.pointee.transport, flush: false)) }
        serverVanished(server, reason: "the server \(what)")
    }
}

extension LedgerEntry {
    /// Whether ReadyForQuery is the reply, or its end.
    var completesCycle: Bool {
        switch kind {
        case .sync, .query, .functionCall: true
        case .parse, .bind, .describe, .execute, .close: false
        }
    }
}
