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
        if server.pointee.conversation.incoming.carry.isEmpty {
            let handle = server.pointee.handle
            let consumed = readReplies(server, bytes)
            guard consumed < bytes.byteCount, let server = servers[handle], server.pointee.phase != .closing else {
                return
            }
            server.pointee.conversation.incoming.hold(bytes.extracting(consumed..<bytes.byteCount), from: buffers)
        } else {
            server.pointee.conversation.incoming.hold(bytes, from: buffers)
            let handle = server.pointee.handle
            var carry = server.pointee.conversation.incoming.takeHeld()
            let whole = carry.bytes
            let consumed = readReplies(server, whole.bytes)
            carry.consume(consumed, to: buffers)
            guard let server = servers[handle], server.pointee.phase != .closing else {
                carry.clear(to: buffers)
                return
            }
            server.pointee.conversation.incoming.putBack(&carry, to: buffers)
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
            if header.tag == BackendTag.readyForQuery, isInMessageBehind(server) { break reading }
            // Before anything is asked of the ledger's first entry: a reply never is an answer of the proxy's own.
            answerNext(server, bytes, offset, &run)
            let available = min(header.size, bytes.byteCount &- offset)
            if available < header.size, !server.pointee.conversation.mayArriveInParts(header) {
                if header.size <= Frame.gathered { break reading }
                // A row where the proxy has asked for one number.
                flushRun(server, bytes, &run, upTo: offset)
                serverViolated(server, FramingViolation.length.ofServer)
                return bytes.byteCount
            }
            if isForwardedBlindly(header.tag), !server.pointee.client.isNone, server.pointee.conversation.passesRows {
                deliverReply(server)
            } else {
                guard readReply(server, header, bytes, offset, &run) else { return bytes.byteCount }
                guard servers[handle] != nil, server.pointee.phase != .closing else { return bytes.byteCount }
            }
            offset &+= available
            if available < header.size {
                server.pointee.conversation.incoming.expectRest(
                    header.size &- available,
                    isForwarded: run.start < offset
                )
            }
        }
        flushRun(server, bytes, &run, upTo: offset)
        if server.pointee.conversation.hasRoomAgain(limit: options.maximumPendingReplies) {
            if !run.cycleEnded, let client = clients[server.pointee.client] { processHeld(client) }
        }
        if run.cycleEnded { cycleEnded(server) }
        return offset
    }

    /// Whether the next ReadyForQuery ends all that is in flight, and the server has been sent half a message behind
    /// that: CopyData to a copy that has failed. Nothing can be sent before the rest of it has come (`passOn()`), and
    /// until then the cycle is not over.
    @inline(__always)
    private func isInMessageBehind(_ server: ServerPointer) -> Bool {
        guard server.pointee.conversation.ledger.count == 1, let client = clients[server.pointee.client],
            case .toServer = client.pointee.passThrough
        else { return false }
        return true
    }

    /// The rest of a message whose beginning has been dealt with.
    private func passReply(_ server: ServerPointer, _ bytes: RawSpan, _ run: inout ForwardRun) -> Int {
        let rest = server.pointee.conversation.incoming.passRest(of: bytes.byteCount)
        if !rest.isForwarded { run.start = rest.size }
        return rest.size
    }

    @inline(__always)
    private func isForwardedBlindly(_ tag: UInt8) -> Bool {
        tag == BackendTag.dataRow || tag == BackendTag.copyData
    }

    /// Whether the reply under way goes to a client.
    @inline(__always)
    private func isForwarding(_ server: ServerPointer) -> Bool {
        guard !server.pointee.client.isNone, let entry = server.pointee.conversation.ledger.first else { return false }
        return entry.disposition == .forward
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
            if !client.pointee.tries.isArmed { touch(client) }
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
        let status = header.tag == BackendTag.readyForQuery ? bytes.byte(at: offset &+ MessageHeader.byteCount) : 0
        switch server.pointee.conversation.meet(header.tag, status: status) {
        case .completed:
            completed(server.pointee.conversation.finished, server, bytes, offset, header, &run)
            return true
        case .part: return readPart(server, header, bytes, offset, &run)
        case .ready(let hasFailed):
            let entry = server.pointee.conversation.finished
            guard readyForQuery(entry, hasFailed: hasFailed, server, bytes, offset, header, &run) else { return false }
            // Answers of the proxy's own that stand behind it may be waited for (Flush), and nothing else need come.
            answerNext(server, bytes, offset &+ header.size, &run)
            return true
        case .failed, .unasked:
            return errorResponse(server.pointee.conversation.ledger.first, server, bytes, offset, header, &run)
        case .copyIn:
            deliverReply(server)
            // Of one that sends no more the rest of the copy will not come.
            run.cycleEnded = true
            keepOrDrop(server, bytes, offset, header, &run)
            return true
        case .violation(let violation):
            flushRun(server, bytes, &run, upTo: offset)
            serverViolated(server, violation.ofServer)
            return true
        }
    }

    /// A part of the reply under way.
    /// - Returns: false where the rest of the bytes must not be looked at.
    @inline(__always)
    private func readPart(
        _ server: ServerPointer,
        _ header: MessageHeader,
        _ bytes: RawSpan,
        _ offset: Int,
        _ run: inout ForwardRun
    ) -> Bool {
        switch header.tag {
        case BackendTag.commandComplete, BackendTag.emptyQueryResponse, BackendTag.portalSuspended:
            if isForwarding(server), let client = clients[server.pointee.client] {
                commandEnded(client, bytes, offset, header)
            }
            if server.pointee.conversation.ledger.first?.effect == .deallocateAll {
                partOfDeallocatingText(server, bytes, offset, header)
            }
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.copyOutResponse, BackendTag.functionCallResponse, BackendTag.copyInResponse,
            BackendTag.copyBothResponse:
            deliverReply(server)
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.parameterDescription:
            if let entry = server.pointee.conversation.ledger.first, entry.kind == .describe, !entry.statement.isNone,
                header.size <= StatementDescription.mostTypeBytes
            {
                learnTypes(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), entry)
            }
            if server.pointee.conversation.ledger.first?.purpose == .describePrepared {
                readTypes(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), server)
            }
            keepOrDrop(server, bytes, offset, header, &run)
        case BackendTag.noticeResponse:
            if let entry = server.pointee.conversation.ledger.first, entry.kind == .parse,
                entry.disposition == .forward,
                statements.holds(entry.serial, at: entry.statement)
            {
                // Whoever parses the text is to be told so.
                statements.retire(entry.statement)
            }
            if let entry = server.pointee.conversation.ledger.first, isForwarding(server),
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
                if !client.pointee.tries.isArmed { touch(client) }
            } else {
                keepOrDrop(server, bytes, offset, header, &run)
            }
        case BackendTag.dataRow:
            if let entry = server.pointee.conversation.ledger.first, entry.signal.process != 0,
                entry.disposition == .forward,
                !signalIsAllowed(entry, server, bytes, offset, header.size, &run)
            {
                return false
            }
            if server.pointee.conversation.ledger.first?.purpose == .values {
                readValue(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), server)
            } else if server.pointee.conversation.ledger.first?.purpose == .evidence {
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
        let isUnasked = server.pointee.conversation.ledger.isEmpty && !server.pointee.client.isNone
        if !isForwarding(server), !isUnasked { dropReply(server, bytes, offset, header, &run) }
    }

    /// A statement of the client's, or a part of one, has run.
    @inline(__always)
    private func commandEnded(_ client: ClientPointer, _ bytes: RawSpan, _ offset: Int, _ header: MessageHeader) {
        if !completesBegin(client, header, bytes, offset) { deliver(client) }
        if client.pointee.extras != nil, header.tag == BackendTag.commandComplete {
            noteTag(bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size), client)
        }
    }

    /// A statement has run of a text with DEALLOCATE ALL in it. That holds at once, and whatever follows it: what is
    /// prepared belongs to no transaction.
    private func partOfDeallocatingText(
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader
    ) {
        let body = bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
        guard let end = body.firstZero(from: 0), body.text(0..<end) == "DEALLOCATE ALL" else { return }
        applyEffect(.deallocateAll, server)
    }

    /// The reply to a message is over.
    @inline(__always)
    private func completed(
        _ entry: LedgerEntry,
        _ server: ServerPointer,
        _ bytes: RawSpan,
        _ offset: Int,
        _ header: MessageHeader,
        _ run: inout ForwardRun
    ) {
        let isForwarded = entry.disposition == .forward && !server.pointee.client.isNone
        switch entry.kind {
        case .describe where !entry.statement.isNone:
            let body = bytes.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
            learnRows(header.tag == BackendTag.noData ? nil : body, entry, server)
        case .execute:
            if isForwarded, let client = clients[server.pointee.client] { commandEnded(client, bytes, offset, header) }
        default: break
        }
        if !isForwarded { dropReply(server, bytes, offset, header, &run) }
        if entry.kind == .parse { noteAccepted(entry, server) }
        if entry.purpose == .closePrepared {
            preparedIsComplete(server)
            run.cycleEnded = true
        }
        if entry.purpose == .check { run.cycleEnded = true }
        if entry.kind == .parse || entry.changesName { settleName(entry, server) }
        if entry.effect != .none { applyEffect(entry.effect, server) }
        answerNext(server, bytes, offset &+ header.size, &run)
    }

    /// Gives the proxy's own answers that stand behind the reply that ends at `end`.
    @inline(__always)
    private func answerNext(_ server: ServerPointer, _ bytes: RawSpan, _ end: Int, _ run: inout ForwardRun) {
        if case .answer = server.pointee.conversation.ledger.first?.disposition {
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
        while let entry = server.pointee.conversation.takeAnswer() {
            if let client = clients[server.pointee.client] {
                switch entry.kind {
                case .parse: client.pointee.output.appendEmptyMessage(BackendTag.parseComplete, from: buffers)
                case .describe:
                    var builder = MessageBuilder()
                    builder.message(BackendTag.parameterDescription) { $0.int16(0) }
                    builder.message(BackendTag.noData)
                    client.pointee.output.append(builder.bytes, from: buffers)
                default: client.pointee.output.appendEmptyMessage(BackendTag.closeComplete, from: buffers)
                }
                if !client.pointee.tries.isArmed { touch(client) }
            }
            noteAccepted(entry, server)
            settleName(entry, server)
        }
    }

    /// A change of a name is confirmed: it holds, unless the batch runs again.
    @inline(__always)
    private func settleName(_ entry: LedgerEntry, _ server: ServerPointer) {
        if entry.changesName, entry.place.index != ClientStatements.Place.unnamed.index,
            let client = clients[server.pointee.client], client.pointee.tries.isArmed
        {
            // As many as there may be replies to come; the batch does not run again then.
            if client.pointee.undo.count >= options.maximumPendingReplies { deliver(client) }
            if client.pointee.tries.isArmed {
                client.pointee.undo.append(NameChange(entry))
            } else {
                releaseStatements(of: entry)
            }
        } else {
            releaseStatements(of: entry)
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
        } else if server.pointee.conversation.ledger.first?.purpose != .startValues || server.pointee.client.isNone {
            keepOrDrop(server, bytes, offset, header, &run)
        }
    }

    /// A server does what no server does: it is closed, and who holds it is told.
    func serverViolated(_ server: ServerPointer, _ what: String) {
        if server.pointee.transport != .none { actions.append(.close(server.pointee.transport, flush: false)) }
        serverVanished(server, reason: "the server \(what)")
    }
}
