import Bytes
import PostgresWire
import StatementRouting

/// Second tries: the batch in flight runs again, here or elsewhere, as if it had just come.
extension Engine {
    /// Runs the batch in flight again: its reply up to ReadyForQuery is dropped, and its bytes are taken as if they
    /// had just come.
    func runAgain(_ client: ClientPointer, _ server: ServerPointer, _ repair: Repair) {
        switch repair {
        case .onPrimary:
            client.pointee.tries.forceToPrimary()
            correctClasses(client)
        case .behind: client.pointee.tries.forceToPrimary()
        case .prepareAgain, .prepareAnew: server.pointee.conversation.unnamedIsUnknown()
        case .elsewhere:
            if roster.topology.nodes[server.pointee.node].state.role == .replica {
                actions.append(.suspectNode(server.pointee.node))
                client.pointee.tries.wasLost(on: server.pointee.node)
            }
        case .serializable: client.pointee.tries.forceToPrimary()
        case .settings: if server.pointee.isReplica { client.pointee.tries.forceToPrimary() }
        case .loggedInAnew: loginIsDead(server.pointee.pool)
        case .onPinned: break
        }
        server.pointee.pool.pointee.counters.retries &+= 1
        detachForReplay(client, server)
        if case .prepareAnew(let id) = repair { renewNames(of: id, client) }
        restart(client)
    }

    // MARK: Where a batch has been lost

    /// Where nothing else takes the pool's reads, the replicas on which the batch was lost are as good as any.
    func forgiveLosses(_ client: ClientPointer, _ pool: PoolPointer) {
        guard client.pointee.tries.hasLosses, pool.pointee.options.readsOnPrimary == .never || primary < 0 else {
            return
        }
        let nodes = readNodes(pool)
        for place in 0..<nodes.count where !client.pointee.tries.hasBeenLost(on: nodes[place]) { return }
        client.pointee.tries.forgive()
    }

    // MARK: Letting go

    /// The client lets go of the server, which is left to finish what nobody wants any more.
    func detachForReplay(_ client: ClientPointer, _ server: ServerPointer) {
        // What has been held back of its reply.
        client.pointee.output.clear(to: buffers)
        detach(client, server)
    }

    /// The same, where what has been sent to the client stands.
    func detach(_ client: ClientPointer, _ server: ServerPointer) {
        client.pointee.extras?.pendingSettings = []
        leaveReplica(client)
        // Names that the batch changed mean again what they meant before it.
        var index = server.pointee.conversation.ledger.count - 1
        while index >= 0 {
            let entry = server.pointee.conversation.disown(at: index)
            if entry.changesName { takeBackName(entry, client) }
            index -= 1
        }
        takeBackNames(client)
        if client.pointee.pin != nil, !readsElsewhere(client) { server.pointee.needs(.discardAll) }
        server.pointee.client = .none
        client.pointee.server = .none
        returnToPinned(client)
        if client.pointee.pin == nil { meetsOthers(client) }
        client.pointee.outstanding = 0
        client.pointee.flow = .between
        unpause(server)
        resume(client, .sinkFull)
        becomeFree(server)
    }

    func takeBackName(_ entry: LedgerEntry, _ client: ClientPointer) {
        let current: StatementID
        if entry.place.index == ClientStatements.Place.unnamed.index {
            current = client.pointee.unnamed
            client.pointee.unnamed = entry.previous
        } else {
            current = client.pointee.statements.set(entry.place, to: entry.previous)
        }
        statements.release(current)
        // Others know the statement that they run, and hold no reference to it.
        if entry.kind == .parse { statements.release(entry.statement) }
    }

    /// The batch runs again: what its messages have already done to names is undone, the last first.
    func takeBackNames(_ client: ClientPointer) {
        while let change = client.pointee.undo.popLast() {
            statements.release(client.pointee.statements.set(change.place, to: change.previous))
            statements.release(change.parsed)
        }
    }

    /// The batch does not run again.
    func keepNames(_ client: ClientPointer) {
        while let change = client.pointee.undo.popLast() {
            statements.release(change.parsed)
            statements.release(change.previous)
        }
        // What one batch needed is not kept for ever.
        if client.pointee.undo.capacity > 64 { client.pointee.undo = [] }
    }

    /// Puts the kept batch in front of what the client has sent since, and begins anew.
    func restart(_ client: ClientPointer) {
        var bytes = HeldBytes()
        swap(&bytes, &client.pointee.replay)
        client.pointee.held.consume(min(client.pointee.replayAhead, client.pointee.held.count), to: buffers)
        client.pointee.replayAhead = 0
        client.pointee.unended = 0
        client.pointee.tries.runAgain()
        client.pointee.needsInput = false
        if !client.pointee.held.isEmpty {
            bytes.append(client.pointee.held.bytes, from: buffers)
            client.pointee.held.clear(to: buffers)
        }
        swap(&bytes, &client.pointee.held)
        bytes.clear(to: buffers)
        if client.pointee.isCanceled {
            // The signal is on its way to a server that has nothing more to do with it.
            client.pointee.isCanceled = false
            client.pointee.flow = .refused
            extras(of: client).refusal = .canceled
        }
        turn.work.append(.goOn(client.pointee.handle))
    }

    /// The names by which the kept batch means a statement that is out of date mean one from now on that is parsed
    /// anew.
    private func renewNames(of id: StatementID, _ client: ClientPointer) {
        let bytes = client.pointee.replay.bytes
        let input = bytes.bytes
        var offset = 0
        while let header = Frame.whole(ofClient: input, at: offset, before: input.byteCount) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            switch header.tag {
            case FrontendTag.query:
                if let text = queryText(header, input, offset),
                    let (_, reference) = executed(in: input.extracting(text), client)
                {
                    renewName(reference.name.span.bytes, of: id, client)
                }
            case FrontendTag.parse:
                if let message = ParseMessage(body),
                    let (_, reference) = executed(in: body.extracting(message.text), client)
                {
                    renewName(reference.name.span.bytes, of: id, client)
                }
            case FrontendTag.bind:
                guard let message = BindMessage(body) else { break }
                let name = body.extracting(message.statement)
                if let named = statement(named: name, of: client),
                    let (_, reference) = executed(in: statements[named].pointee.text.bytes, client)
                {
                    renewName(reference.name.span.bytes, of: id, client)
                } else {
                    renewName(name, of: id, client)
                }
            default: break
            }
            offset += header.size
        }
    }

    /// Where the name means this statement, it means one from now on that is parsed by the schema that there is now.
    func renewName(_ name: RawSpan, of id: StatementID, _ client: ClientPointer) {
        guard let named = statement(named: name, of: client), statements.isSame(named, but: id) else { return }
        let record = statements[named].pointee
        var scope = record.scope
        scope.epoch = client.pointee.pool.unsafelyUnwrapped.pointee.epoch
        let body = Array(record.body)
        let new =
            statements.find(body.span.bytes, in: scope)
            ?? statements.internAnyway(
                body.span.bytes,
                in: scope,
                record.profile,
                textSize: record.textSize,
                statementClass: record.statementClass,
                classStamp: record.classStamp
            )
        statements[new].pointee.isShared = record.isShared
        setNameNow(client, name, to: new)
    }

    /// A replica knows better: every read among the kept batch's statements is a write from now on.
    private func correctClasses(_ client: ClientPointer) {
        let bytes = client.pointee.replay.bytes
        let input = bytes.bytes
        let pool = client.pointee.pool.unsafelyUnwrapped
        var offset = 0
        while let header = Frame.whole(ofClient: input, at: offset, before: input.byteCount) {
            let body = input.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            switch header.tag {
            case FrontendTag.query:
                if let text = queryText(header, input, offset) { correct(input.extracting(text), client) }
            case FrontendTag.parse:
                if let message = ParseMessage(body) { correct(body.extracting(message.text), client) }
            case FrontendTag.bind:
                if let message = BindMessage(body),
                    let id = statement(named: body.extracting(message.statement), of: client)
                {
                    correct(statements[id].pointee.text.bytes, client)
                }
            default: break
            }
            offset += header.size
        }
        forgetClasses(of: pool)
    }

    private func correct(_ text: RawSpan, _ client: ClientPointer) {
        if classify(text, client).effects.contains(.execute), let (id, _) = executed(in: text, client) {
            return correct(statements[id].pointee.text.bytes, client)
        }
        let pool = client.pointee.pool.unsafelyUnwrapped
        if let context = client.pointee.context {
            classifier.correct(text, in: context.context)
        } else {
            classifier.correct(text, in: pool.pointee.context)
        }
        actions.append(
            .log(.classCorrected(database: pool.pointee.database, statement: text.text(0..<min(200, text.byteCount))))
        )
    }
}
