import Bytes
import PostgresWire
import ProxyTerms
import StatementRouting

/// `transaction_reads = replica_until_write`: a transaction at READ COMMITTED begins on a replica, and moves to the
/// primary with its first batch that is no plain read. Until then nothing of it is worth keeping: the replica's half is
/// rolled back, and the same BEGIN goes to the primary.
extension Engine {
    // MARK: Who may

    func transactionReads(of client: ClientPointer) -> TransactionReads {
        client.pointee.consistency?.transactionReads
            ?? client.pointee.pool.unsafelyUnwrapped.pointee.options.transactionReads
    }

    /// Where a transaction belongs that begins with this text.
    func transactionBegun(by effect: TransactionEffect, _ text: RawSpan, _ client: ClientPointer) -> ClientTransaction {
        // Nothing is said but BEGIN.
        let isPlain = text.byteCount <= 6 && effect == .begin
        return transactionBegun(
            with: isPlain ? TransactionModes() : TransactionModes(parse(text, client)),
            client,
            mayLead: true
        )
    }

    /// - Parameter mayLead: whether it may have leading reads, where the session has chosen that.
    func transactionBegun(with modes: TransactionModes, _ client: ClientPointer, mayLead: Bool = false)
        -> ClientTransaction
    {
        let pool = client.pointee.pool.unsafelyUnwrapped
        return modes.transactionBegun(
            defaults(of: client),
            database: pool.pointee.isolation,
            mayLead: mayLead && transactionReads(of: client) == .replicaUntilWrite
                && pool.pointee.options.mode == .transaction
        )
    }

    /// Whether the leading reads of the client's transactions may run on a replica now.
    func mayLead(_ client: ClientPointer, _ pool: PoolPointer) -> Bool {
        guard preference(client, pool) != .primary, pool.pointee.options.split, !client.pointee.tries.isForcedToPrimary
        else { return false }
        guard mustBeFresh(client, pool) else { return true }
        adoptGlobalWrites(client)
        if hasFreshNode(client, pool) { return true }
        // Most transactions go on to write: to wait for a replica first would be wasted on them.
        askForSample(within: pool.pointee.options.freshnessWait)
        return false
    }

    /// Whether a batch that finds its client without a server is the first of a transaction's leading reads.
    @inline(__always)
    func leads(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Bool {
        switch client.pointee.transaction {
        case .begunToLead: plan.mayLead && isOnePortal(plan, input, offset)
        case .none where plan.statements > 1 && plan.access != .read && plan.extent == .whole && !plan.isQuery:
            transactionReads(of: client) == .replicaUntilWrite && beginsToLead(client, plan, input, offset)
        case .none, .begun, .begunReadOnly, .begunToStay, .begunOnPrimary, .open, .failed, .failedEnding, .lost,
            .beginningToLead, .leading, .leadingReadOnly, .leadingFailed, .leadingFailedEnding:
            false
        }
    }

    /// Whether a batch leaves no portal behind that could be used after the move, and executes one at most: the rows of
    /// a first would have left by the time a replica refused a second.
    private func isOnePortal(_ plan: BatchPlan, _ input: RawSpan, _ start: Int) -> Bool {
        if plan.isQuery { return true }
        var offset = start
        var executions = 0
        while let header = Frame.whole(ofClient: input, at: offset, before: start &+ plan.size) {
            let body = input.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
            offset &+= header.size
            switch header.tag {
            case FrontendTag.bind: if BindMessage(body)?.portal.isEmpty != true { return false }
            case FrontendTag.execute:
                executions += 1
                if executions > 1 || body.firstZero(from: 0) != 0 { return false }
            case FrontendTag.describe, FrontendTag.close:
                guard let target = TargetMessage(body) else { return false }
                if target.kind == .portal, !target.name.isEmpty { return false }
            default: break
            }
        }
        return true
    }

    /// Whether a batch is BEGIN and one plain read, as drivers send it that put BEGIN in front of the first statement.
    private func beginsToLead(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) -> Bool {
        guard client.pointee.pool.unsafelyUnwrapped.pointee.options.mode == .transaction else { return false }
        var offset = start
        var executions = 0
        var parsed: (name: Range<Int>, text: Range<Int>)?
        var bound = StatementClass.notBound
        while let header = Frame.whole(ofClient: input, at: offset, before: start &+ plan.size) {
            let first = offset &+ MessageHeader.byteCount
            let body = input.extracting(first..<offset &+ header.size)
            offset &+= header.size
            switch header.tag {
            case FrontendTag.parse:
                guard let message = ParseMessage(body) else { return false }
                parsed = (
                    first + message.name.lowerBound..<first + message.name.upperBound,
                    first + message.text.lowerBound..<first + message.text.upperBound
                )
            case FrontendTag.bind:
                guard let message = BindMessage(body), message.portal.isEmpty else { return false }
                let name = body.extracting(message.statement)
                if let parsed,
                    input.extracting(parsed.name).text(0..<parsed.name.count) == name.text(0..<name.byteCount)
                {
                    let text = input.extracting(parsed.text)
                    bound = classify(text, client)
                    if executions == 0, !beginsPlainly(text, bound, client) { return false }
                } else if let id = statement(named: name, of: client) {
                    bound = statementClass(of: id, client)
                    if executions == 0, !beginsPlainly(statements[id].pointee.text.bytes, bound, client) {
                        return false
                    }
                } else {
                    return false
                }
                if executions == 1, !bound.isPlainRead { return false }
            case FrontendTag.execute:
                if body.firstZero(from: 0) != 0 || bound == .notBound { return false }
                bound = .notBound
                executions += 1
                if executions > 2 { return false }
            case FrontendTag.describe, FrontendTag.close:
                guard let target = TargetMessage(body) else { return false }
                if target.kind == .portal, !target.name.isEmpty { return false }
            default: break
            }
        }
        return executions == 2
    }

    /// Whether a BEGIN may lead and says no more than that.
    private func beginsPlainly(_ text: RawSpan, _ statementClass: StatementClass, _ client: ClientPointer) -> Bool {
        guard statementClass.transaction == .begin, statementClass.statementCount == 1,
            transactionBegun(by: .begin, text, client) == .begunToLead,
            case .begin(let modes)? = parse(text, client)?.first?.command
        else { return false }
        return modes == TransactionOptions()
    }

    /// A batch with BEGIN and the first read in it is about to be sent.
    func beginLeading(_ client: ClientPointer, _ server: ServerPointer) {
        if server.pointee.isReplica { client.pointee.transaction = .beginningToLead }
    }

    /// Whether the batch that is about to be sent to the server could run on the primary instead, since nothing but
    /// reads has been done before it.
    @inline(__always)
    func leadsOnReplica(_ client: ClientPointer, _ server: ServerPointer) -> Bool {
        server.pointee.isReplica && client.pointee.transaction.mayLeaveReplica
    }

    /// Whether a CommandComplete is that of the BEGIN in front of the first read, which may still be repeated
    /// elsewhere.
    @inline(__always)
    func completesBegin(_ client: ClientPointer, _ header: MessageHeader, _ bytes: RawSpan, _ offset: Int) -> Bool {
        guard client.pointee.transaction == .beginningToLead, header.tag == BackendTag.commandComplete else {
            return false
        }
        let tag = bytes.text(offset &+ MessageHeader.byteCount..<offset &+ header.size)
        return tag.hasPrefix("BEGIN") || tag.hasPrefix("START")
    }

    // MARK: Going on, and moving

    /// The next batch of a transaction that has only read so far, or has failed in that.
    /// - Returns: nil where it is sent as any other in a transaction that is open.
    func continueLeading(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress? {
        let next = LeadingReads.next(
            client.pointee.transaction,
            isBusy: client.pointee.outstanding > 0 || !server.pointee.conversation.ledger.isEmpty,
            isRead: staysOnReplica(client, plan, input, offset),
            needsPrimary: router(client, client.pointee.pool.unsafelyUnwrapped).needsPrimary(plan)
        )
        switch next {
        case .wait: return .stop
        case .move: return move(client, server, plan, header, input, offset)
        case .bind:
            staysReadOnly(client)
            return nil
        case .goOn:
            client.pointee.lastRoute = RouteRecord(
                node: Int16(server.pointee.node),
                isRead: true,
                cause: client.pointee.transaction == .leadingReadOnly ? .readOnlyTransaction : .leadingReads,
                reason: plan.reason
            )
            armReplay(client, server, plan, input, offset)
            return forwardFirst(client, server, plan, header, input, offset)
        }
    }

    /// A read-only transaction at READ COMMITTED is about to begin on this server. On a replica it may move as long as
    /// it only reads; with anything else it stays where it begins.
    func bindReadOnly(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ input: RawSpan,
        _ offset: Int
    ) {
        let next = LeadingReads.next(
            client.pointee.transaction,
            isBusy: false,
            isRead: server.pointee.isReplica && plan.mayLead && isOnePortal(plan, input, offset),
            needsPrimary: false
        )
        switch next {
        case .bind: client.pointee.transaction = client.pointee.transaction.bound
        case .goOn, .wait, .move: break
        }
    }

    /// A read-only transaction stays on its replica from now on, and needs its BEGIN no more.
    private func staysReadOnly(_ client: ClientPointer) {
        client.pointee.transaction = client.pointee.transaction.bound
        dropExtras(client)
    }

    private func staysOnReplica(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Bool {
        if !plan.mayLead, !(plan.endsTransaction && mayChain(client, plan)) { return false }
        return isOnePortal(plan, input, offset)
    }

    /// The next transaction sees what this one could see: not enough where it must see what others have written since.
    private func mayChain(_ client: ClientPointer, _ plan: BatchPlan) -> Bool {
        !plan.statementClass.transaction.chains || readYourWrites(of: client) != .global
    }

    /// Gives the replica back, and takes a server of the primary for the batch.
    private func move(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        resume(client, .sinkFull)
        unpause(server)
        if client.pointee.transaction == .leadingReadOnly { client.pointee.tries.forceToPrimary() }
        // It is rolled back there before anyone else gets it.
        release(server, from: client)
        leaveReplica(client)
        if plan.reason != .dml {
            // To SET TRANSACTION a transaction that has read must look like one.
            let extras = extras(of: client)
            extras.begin = (extras.begin.isEmpty ? "BEGIN" : extras.begin) + ";SELECT 1"
        }
        return routeAndTake(client, plan, leads: false, header, input, offset)
    }

    // MARK: The end, and more behind it

    /// Whether a batch ends the transaction that is open on a replica, and goes on with what a replica cannot do.
    ///
    /// A transaction that a replica runs is read-only: with its end nothing of it is left but what the session has set.
    func endsBeforeWrite(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ offset: Int) -> Bool {
        guard plan.controlsTransaction, plan.extent == .whole, !plan.endsTransaction,
            client.pointee.transaction == .open || client.pointee.transaction.isFailed,
            client.pointee.pin == nil, client.pointee.extras == nil, let pool = client.pointee.pool,
            preference(client, pool) != .replica, router(client, pool).needsPrimary(plan)
        else { return false }
        switch firstCommand(client, plan, input, offset) {
        // That of a failed one tells the client that it was rolled back.
        case .commit(chain: false): return client.pointee.transaction == .open
        case .rollback(chain: false): return true
        default: return false
        }
    }

    /// The first statement that a batch runs; nil where that is bound already, or not understood.
    private func firstCommand(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int)
        -> SessionCommand?
    {
        var offset = start
        var parsed: (name: String, text: Range<Int>)?
        while let header = Frame.whole(ofClient: input, at: offset, before: start &+ plan.size) {
            let first = offset &+ MessageHeader.byteCount
            let body = input.extracting(first..<offset &+ header.size)
            offset &+= header.size
            switch header.tag {
            case FrontendTag.query:
                return parse(body.extracting(0..<max(0, body.byteCount &- 1)), client)?.first?.command
            case FrontendTag.parse:
                guard let message = ParseMessage(body) else { return nil }
                // Of several names the first to be bound may be another than the last.
                if parsed != nil { continue }
                parsed = (body.text(message.name), first + message.text.lowerBound..<first + message.text.upperBound)
            case FrontendTag.bind:
                guard let message = BindMessage(body) else { return nil }
                if let parsed, parsed.name == body.text(message.statement) {
                    return parse(input.extracting(parsed.text), client)?.first?.command
                }
                guard let id = statement(named: body.extracting(message.statement), of: client) else { return nil }
                return parse(statements[id].pointee.text.bytes, client)?.first?.command
            case FrontendTag.execute, FrontendTag.functionCall: return nil
            default: break
            }
        }
        return nil
    }

    /// Gives the replica back, and has the batch end an empty transaction on the primary.
    func moveEnd(
        _ client: ClientPointer,
        _ server: ServerPointer,
        _ plan: BatchPlan,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int
    ) -> Progress {
        resume(client, .sinkFull)
        unpause(server)
        release(server, from: client)
        client.pointee.transaction = .begun
        extras(of: client).begin = "BEGIN READ ONLY"
        return routeAndTake(client, plan, leads: false, header, input, offset)
    }

    /// The replica of a transaction's leading reads is lost or let go.
    func leaveReplica(_ client: ClientPointer) {
        if client.pointee.transaction == .beginningToLead { client.pointee.tries.forceToPrimary() }
        client.pointee.transaction = client.pointee.transaction.withoutReplica
    }
}

extension BatchPlan {
    /// Whether the batch does nothing but read, once, by one statement whose end is at hand.
    var mayLead: Bool {
        isRead && statements <= 1 && !leavesState && !namesHowdah && effects.isSubset(of: .harmlessInLeadingReads)
            && (extent == .whole || extent == .flushed && !executes) && statementClass.statementCount <= 1
            && statementClass.transaction == .none
    }

    /// Whether the batch is COMMIT or ROLLBACK and nothing else.
    fileprivate var endsTransaction: Bool {
        statements == 1 && extent == .whole && statementClass.statementCount == 1 && statementClass.transaction.ends
    }
}

extension StatementClass {
    fileprivate static let notBound = StatementClass(access: .unknown, reason: .unparsable, statementCount: 0)

    fileprivate var isPlainRead: Bool {
        access == .read && hint != .primary && effects.isSubset(of: .harmlessInLeadingReads) && transaction == .none
            && statementCount <= 1 && howdahCommand == .none
    }
}

extension SessionEffects {
    /// A function of a user's may set something for the transaction alone, which would be lost with the replica.
    fileprivate static let harmlessInLeadingReads: SessionEffects = .copyOut
}
