import Bytes
import PostgresWire
import StatementRouting

/// What a client that is let in sends: which message begins a batch, which belongs to one, and what must wait
/// (PostgreSQL documentation, 55.2.2 to 55.2.6).
extension Engine {
    /// What became of the bytes at hand.
    enum Progress {
        /// So many bytes are done with.
        case consumed(Int)
        /// The rest is kept until a server is there, or replies have come.
        case stop
        /// The rest is kept until more arrives.
        case incomplete
    }

    func receivedFromReadyClient(_ client: ClientPointer, _ bytes: RawSpan) {
        client.pointee.pool.unsafelyUnwrapped.pointee.counters.bytesReceived &+= UInt64(bytes.byteCount)
        if client.pointee.held.isEmpty {
            let handle = client.pointee.handle
            let consumed = process(client, bytes)
            guard consumed < bytes.byteCount, let client = clients[handle], client.pointee.phase == .ready else {
                return
            }
            bytes.extracting(consumed..<bytes.byteCount).withUnsafeBytes {
                client.pointee.held.append($0, from: buffers)
            }
            limitHeld(client)
        } else {
            bytes.withUnsafeBytes { client.pointee.held.append($0, from: buffers) }
            processHeld(client)
        }
    }

    /// Goes on with what was kept: after a server has come, replies have come, or bytes were added.
    func processHeld(_ client: ClientPointer) {
        guard client.pointee.phase == .ready else { return }
        guard !client.pointee.held.isEmpty else {
            if client.pointee.input != .open { leaveIfDone(client) }
            return
        }
        let handle = client.pointee.handle
        // The bytes are moved out for the time being: what is called below may keep others.
        var held = HeldBytes()
        swap(&held, &client.pointee.held)
        let bytes = held.bytes
        let consumed = process(client, bytes.bytes)
        guard let client = clients[handle], client.pointee.phase == .ready else {
            held.clear(to: buffers)
            return
        }
        held.consume(consumed, to: buffers)
        if !client.pointee.held.isEmpty {
            held.append(client.pointee.held.bytes, from: buffers)
            client.pointee.held.clear(to: buffers)
        }
        swap(&held, &client.pointee.held)
        limitHeld(client)
        if client.pointee.input != .open { leaveIfDone(client) }
    }

    /// Stops reading from a client for which as much is held as may be; reads again below that.
    func limitHeld(_ client: ClientPointer) {
        let isFull = client.pointee.held.count >= options.clientBufferLimit
        if isFull, !client.pointee.pauses.contains(.heldTooMuch) {
            pause(client, .heldTooMuch)
        } else if !isFull, client.pointee.pauses.contains(.heldTooMuch) {
            resume(client, .heldTooMuch)
        }
    }

    /// Takes messages from the front of `input` until none is left that can be dealt with now; returns the bytes that
    /// are done with.
    private func process(_ client: ClientPointer, _ input: RawSpan) -> Int {
        let handle = client.pointee.handle
        var offset = 0
        client.pointee.needsInput = true
        while offset < input.byteCount {
            if case .none = client.pointee.passThrough {
            } else {
                let passed = passOn(client, input, offset)
                if passed == 0 {
                    client.pointee.needsInput = false
                    return offset
                }
                offset &+= passed
                client.pointee.replayAhead = max(0, client.pointee.replayAhead &- passed)
                continue
            }
            let header: MessageHeader
            switch Frame(ofClient: input, at: offset, limit: options.maximumMessageSize) {
            case .partial: return offset
            case .message(let framed): header = framed
            case .violation(let violation):
                if refuseViolation(client, violation) { return input.byteCount }
                client.pointee.needsInput = false
                return offset
            }
            let progress: Progress
            switch client.pointee.flow {
            case .waiting, .claiming, .locating, .settling, .flushing, .catchingUp: progress = .stop
            case .between: progress = beginBatch(client, header, input, offset)
            case .assigned: progress = startBatch(client, header, input, offset)
            case .refused: progress = refuseWaiting(client, header, input, offset)
            case .preparing, .batch: progress = continueBatch(client, header, input, offset)
            case .skipping: progress = skip(client, header, input, offset)
            }
            guard case .consumed(let size) = progress else {
                if case .stop = progress { client.pointee.needsInput = false }
                return offset
            }
            offset &+= size
            // The client may have been told a FATAL error, or have said good-bye.
            guard clients[handle] != nil, client.pointee.phase == .ready else { return input.byteCount }
            client.pointee.unended = 0
            if client.pointee.replayAhead > 0 {
                client.pointee.replayAhead = max(0, client.pointee.replayAhead &- size)
            }
        }
        return offset
    }

    /// What stands next is no message, and nothing that follows it can be understood.
    /// - Returns: false while something sent in front of it has still to be carried out.
    private func refuseViolation(_ client: ClientPointer, _ violation: FramingViolation) -> Bool {
        switch client.pointee.flow {
        case .waiting, .claiming, .locating, .assigned, .settling, .flushing, .catchingUp: return false
        case .between, .refused, .preparing, .batch, .skipping: break
        }
        if let server = servers[client.pointee.server] {
            if server.pointee.conversation.isCopyingIn {
                // It does not end by itself: nothing is waited for.
                if case .unknownType(let type) = violation {
                    refuse(client, .unexpectedInCopy(type))
                    return true
                }
            } else if client.pointee.outstanding > 0 {
                return false
            }
        }
        refuse(client, violation.error(limit: options.maximumMessageSize))
        return true
    }

    /// The next message stands at a boundary between batches.
    private func beginBatch(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int)
        -> Progress
    {
        // A client that does not read its replies gets no more of them.
        if mustReadFirst(client, beyond: options.sendHighWater) { return .stop }
        switch header.tag {
        case FrontendTag.query, FrontendTag.parse, FrontendTag.bind, FrontendTag.describe, FrontendTag.execute,
            FrontendTag.close, FrontendTag.functionCall:
            break
        case FrontendTag.sync:
            return syncAlone(client, header, input, offset)
        case FrontendTag.flush:
            return flushAlone(client, header, input, offset)
        case FrontendTag.copyData, FrontendTag.copyDone, FrontendTag.copyFail:
            return copyMessage(client, header, input, offset)
        case FrontendTag.terminate: return terminate(client, header)
        default: return refuseInconsistent(client)
        }
        if client.pointee.server.isNone { return beginWithoutServer(client, header, input, offset) }
        return beginOnServer(client, header, input, offset)
    }

    /// No server is held: nothing is in flight, and the batch decides where it goes.
    private func beginWithoutServer(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        if client.pointee.pool.unsafelyUnwrapped.pointee.isDead { moveToCurrentPool(client) }
        let plan = scan(client, input, offset)
        switch plan.extent {
        case .incomplete: return .incomplete
        case .broken(let violation): return refuseBroken(client, violation, input, offset)
        case .whole, .flushed, .open: break
        }
        if client.pointee.transaction == .lost { return answerLost(client, plan, header, input, offset) }
        if client.pointee.pinRecord != nil, let loss = takeLoss(client) {
            // What stands behind it would run without its BEGIN.
            if plan.statementClass.transaction.begins { client.pointee.transaction = .lost }
            return refuseBatch(client, loss, header, input, offset)
        }
        if let local = localAnswer(client, plan, input, offset) { return local }
        if plan.namesHowdah, let progress = prepareOwn(client, plan, header, input, offset) { return progress }
        if mustClaim(client, plan, input, offset) { return .stop }
        let leads = leads(client, plan, input, offset)
        return routeAndTake(client, plan, leads: leads, header, input, offset)
    }

    /// Decides the route of a batch whose client has no server, and takes one, or a place in the queue.
    /// - Parameter leads: whether the batch may be the first of a transaction's leading reads.
    @inline(__always)
    func routeAndTake(
        _ client: ClientPointer,
        _ plan: BatchPlan,
        leads: Bool,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let pool = client.pointee.pool.unsafelyUnwrapped
        if let refusal = decideRoute(client, pool, plan, leads: leads) {
            return refuseBatch(client, refusal, header, input, offset)
        }
        return obtainServer(client, pool, plan, header, input, offset)
    }

    /// Takes a server for a batch whose route has been decided, or a place in the queue.
    private func obtainServer(
        _ client: ClientPointer,
        _ pool: PoolPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        let forRead = client.pointee.lastRoute.isRead
        if !forRead, plan.effects.contains(.sequenceRead), takeSequenceServer(client, pool) {
        } else if forRead, needsParticularNode(client, pool) {
            requestFreshServer(client, pool)
        } else {
            requestServer(client, pool, forRead: forRead)
        }
        if client.pointee.flow == .waiting, forRead {
            leaveRefusingNodes(pool)
            if client.pointee.flow == .refused { return refuseWaiting(client, header, input, offset) }
        }
        guard client.pointee.flow == .assigned, let server = servers[client.pointee.server] else {
            guard let error = refusalOfWait(client, pool) ?? refusalOfLogin(client, pool) else { return .stop }
            leaveQueue(client, pool)
            client.pointee.flow = .between
            return refuseBatch(client, error, header, input, offset)
        }
        return start(client, server, plan, header, input, offset)
    }

    /// The server that was waited for is there: the batch is looked at again, now to be sent.
    private func startBatch(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int)
        -> Progress
    {
        guard let server = servers[client.pointee.server] else { return refuseInconsistent(client) }
        client.pointee.unended = 0
        let plan = scan(client, input, offset)
        // It came while the batch waited.
        if case .broken(let violation) = plan.extent { return refuseBroken(client, violation, input, offset) }
        return start(client, server, plan, header, input, offset)
    }

    func start(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        client.pointee.lastRoute.node = Int16(server.pointee.node)
        if client.pointee.transaction == .begunReadOnly { bindReadOnly(client, server, plan, input, offset) }
        if settlesFirst(client, server, plan) { return .stop }
        noteWriting(client, server, plan)
        if client.pointee.lastRoute.cause == .leadingReads, client.pointee.transaction == .none {
            beginLeading(client, server)
        }
        armReplay(client, server, plan, input, offset)
        prepareServer(client, server, plan)
        if plan.effects.contains(.readsPrepared) { showOwnStatements(client, server) }
        if plan.effects.contains(.asksHowdah) { takePosition(client, plan) }
        return forwardFirst(client, server, plan, header, input, offset)
    }

    /// A server is held: a transaction is open there, it is pinned, or batches are in flight.
    private func beginOnServer(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        guard let server = servers[client.pointee.server] else { return refuseInconsistent(client) }
        if server.pointee.conversation.isCopyingIn { return refuseInCopy(client, header) }
        // One at a time: the next may be its own server's.
        if readsElsewhere(client) { return .stop }
        if client.pointee.pin != nil, waitsForResume(client, server) { return .stop }
        // A cancel that is on its way to the server means what has been sent already.
        if server.pointee.cancels > 0 || waitsForWord(client, server) { return .stop }
        if server.pointee.preparing == .interrupted { return .stop }
        guard hasRoom(client, server) else { return .stop }
        let plan = scan(client, input, offset)
        switch plan.extent {
        case .incomplete: return .incomplete
        case .broken(let violation): return refuseBroken(client, violation, input, offset)
        case .whole, .flushed, .open: break
        }
        if plan.waitsForNames { return .stop }
        if plan.isLocal(for: client) {
            // Answers come in order: first those of what is in flight.
            // A server that owes the proxy itself a reply is let go first too: a BEGIN that is put off belongs to the
            // next one.
            if client.pointee.outstanding > 0 || !server.pointee.conversation.ledger.isEmpty { return .stop }
            if let local = localAnswer(client, plan, input, offset) { return local }
        }
        if plan.namesHowdah, prepareOwnOnServer(client, plan) { return .stop }
        if client.pointee.outstanding == 0, mustClaim(client, plan, input, offset) { return .stop }
        if client.pointee.transaction.isLeading,
            let progress = continueLeading(client, server, plan, header, input, offset)
        {
            return progress
        }
        if client.pointee.pin != nil, let progress = readElsewhere(client, server, plan, header, input, offset) {
            return progress
        }
        if server.pointee.isReplica, let progress = leaveReplica(client, server, plan, header, input, offset) {
            return progress
        }
        let isFree = client.pointee.transaction == .none && client.pointee.pin == nil
        if isFree, server.pointee.isReplica,
            !plan.isRead || plan.leavesState || plan.extent != .whole || plan.relationNames.isEverything
        {
            // Batches in flight on a replica are followed there by reads alone; one that is none, whose end is not
            // seen, or which calls what a replica may refuse to run, waits until they are over.
            return .stop
        }
        if client.pointee.outstanding > 0, waitsForReplies(client, server, plan) { return .stop }
        if client.pointee.outstanding == 0, server.pointee.conversation.ledger.isEmpty { closeUnusedStatements(server) }
        if client.pointee.outstanding == 0, server.pointee.profile != client.pointee.profile,
            client.pointee.transaction == .none
        {
            if server.pointee.conversation.status != .idle || settlesFirst(client, server, plan) { return .stop }
            injectSettings(client, server)
        }
        if plan.effects.contains(.readsPrepared) {
            if !plan.isQuery, plan.extent != .open, plan.controlsTransaction, isInFailedTransaction(client),
                hasNames(client),
                !showsAll(of: client, server)
            {
                return refuseBatch(client, .namesBehindEnd, header, input, offset)
            }
            showOwnStatements(client, server)
        }
        // What is kept for a second try must hold all that has been sent since; a write is never sent twice, so it
        // waits.
        if client.pointee.tries.isArmed, !extendReplay(client, plan, input, offset) { return .stop }
        noteWriting(client, server, plan)
        if plan.effects.contains(.asksHowdah) { takePosition(client, plan) }
        client.pointee.lastRoute = RouteRecord(
            node: Int16(server.pointee.node),
            isRead: plan.isRead,
            cause: client.pointee.pin != nil ? routeOfPinned(client) : isFree ? .pipeline : .transaction,
            reason: plan.reason
        )
        followSequences(client, server, plan)
        return forwardFirst(client, server, plan, header, input, offset)
    }

    /// A replica's server is held, and the next batch may not be one for it.
    /// - Returns: nil where it is sent there all the same.
    private func leaveReplica(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress? {
        let isBusy = client.pointee.outstanding > 0 || !server.pointee.conversation.ledger.isEmpty
        // What stands behind the end of its transaction may be anything.
        if client.pointee.outstanding > 0, client.pointee.ending != .none { return .stop }
        if endsBeforeWrite(client, plan, input, offset) {
            return isBusy ? .stop : moveEnd(client, server, plan, header, input, offset)
        }
        guard mustLeavePinned(client, plan) else { return nil }
        return isBusy ? .stop : leavePinned(client, server, plan, header, input, offset)
    }

    /// Whether nothing more is sent before the server has said what is asked of it, or what it had to say while it was
    /// parked: what has been put in front may fail, and what the next statement means may hang on what a setting has
    /// become.
    @inline(__always)
    private func waitsForWord(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        server.pointee.settings.isBeingBrought || client.pointee.extras?.inquiry != nil
            || server.pointee.pauses.contains(.parked)
    }

    /// Whether a batch may not be sent behind those in flight.
    private func waitsForReplies(_ client: ClientPointer, _ server: ServerPointer, _ plan: BatchPlan) -> Bool {
        // What changes settings is told from its own reply, and what follows may need others before it.
        if plan.leavesState || client.pointee.extras != nil || server.pointee.resetsToStart { return true }
        if plan.effects.contains(.readsPrepared) { return true }
        // Of one text at a time it is known how it differs from the client's, and a signal comes after what is in front
        // of it.
        if plan.effects.meets(.mayBeExchanged) { return true }
        // A failed transaction refuses them, and may be over by then.
        if client.pointee.transaction.isEnding, plan.effects.meets(.prepare | .execute | .deallocate) { return true }
        // What EXECUTE runs hangs on what its name means by then.
        if client.pointee.changesNames, plan.effects.contains(.execute) { return true }
        // What is notified comes to those who listen in front of the ReadyForQuery of the transaction that did it.
        guard let listening = server.pointee.pool.pointee.listening else { return false }
        return server.pointee.mayNotify || mayNotify(plan.together, listening)
    }

    /// Sends the first message of a batch to the server that is held.
    func forwardFirst(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        if client.pointee.outstanding == 0 { client.pointee.isCanceled = false }
        let mayWrite = plan.access != .read || plan.mayCommit
        client.pointee.mustCarryOut = mayWrite || client.pointee.outstanding > 0 && client.pointee.mustCarryOut
        client.pointee.tries.begin(firstNewSerial: statements.nextSerial)
        if header.tag == FrontendTag.query {
            client.pointee.flow = .between
            return forwardQuery(client, server, header, input, offset, plan.statementClass)
        }
        if header.tag == FrontendTag.functionCall { return forwardFunctionCall(client, server, header, input, offset) }
        client.pointee.flow = .preparing
        return continueBatch(client, header, input, offset)
    }

    private func syncAlone(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int)
        -> Progress
    {
        if let server = servers[client.pointee.server] {
            // A server that copies ignores it (PostgreSQL documentation, 55.2.6).
            if server.pointee.conversation.isCopyingIn { return .consumed(header.size) }
            guard !waitsForWord(client, server), hasRoom(client, server, forSync: true) else { return .stop }
            // Nor is it kept with a batch that may run again.
            if client.pointee.outstanding > 0,
                server.pointee.mayNotify || client.pointee.extras != nil || client.pointee.tries.isArmed
            {
                return .stop
            }
            sendSync(client, server)
        } else {
            if mustReadFirst(client, beyond: Self.answersAtOnce) { return .stop }
            if client.pointee.channels != nil { sendQueueIfIdle(client) }
            client.pointee.output.appendReadyForQuery(status(of: client), from: buffers)
            touch(client)
        }
        return .consumed(header.size)
    }

    private func flushAlone(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int)
        -> Progress
    {
        if client.pointee.outstanding > 0, let server = servers[client.pointee.server] {
            server.pointee.conversation.flush(from: buffers)
            touch(server)
        }
        return .consumed(header.size)
    }

    /// CopyData, CopyDone and CopyFail go to the server that copies; elsewhere a server ignores them, and so do we
    /// (PostgreSQL documentation, 55.2.6).
    func copyMessage(_ client: ClientPointer, _ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Progress {
        let server = servers[client.pointee.server]
        if let server, !hasRoom(client, server) { return .stop }
        guard let server, server.pointee.conversation.isCopyingIn else {
            client.pointee.passThrough = .dropped(remaining: header.size)
            return .consumed(0)
        }
        if header.tag != FrontendTag.copyData { server.pointee.conversation.endCopy() }
        return sendUnanswered(client, server, header, input, offset)
    }

    /// What ReadyForQuery says to a client that holds no server.
    func status(of client: ClientPointer) -> TransactionStatus {
        switch client.pointee.transaction {
        case .none: .idle
        case .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .begunToLead, .open, .beginningToLead, .leading,
            .leadingReadOnly:
            .inTransaction
        case .failed, .failedEnding, .lost, .leadingFailed, .leadingFailedEnding: .failed
        }
    }
}
