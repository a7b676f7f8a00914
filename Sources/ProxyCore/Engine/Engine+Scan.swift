import Bytes
import PostgresWire
import StatementRouting

/// Looks at a batch before any of it is sent: the route must fit all of its statements.
extension Engine {
    /// Reads from the batch's first message until its end, or until what is there decides the route.
    func scan(_ client: ClientPointer, _ input: RawSpan, _ start: Int) -> BatchPlan {
        var plan = BatchPlan()
        if input.byteCount &- start > options.statementTextLimit, !isWorthScanning(client, input, start) {
            return plan
        }
        // As it was at the last Flush: what the client may be waiting behind.
        var flushed: BatchPlan?
        var offset = start
        while true {
            let header: MessageHeader
            switch Frame(ofClient: input, at: offset, limit: options.maximumMessageSize) {
            case .partial: return flushed ?? unfinished(plan, held: input.byteCount &- start)
            case .message(let framed): header = framed
            case .violation(let violation):
                // What was flushed is carried out; the rest of the batch would be undone.
                if let flushed { return flushed }
                plan.extent = .broken(violation)
                return plan
            }
            let isWhole = input.byteCount &- offset >= header.size
            switch header.tag {
            case FrontendTag.query where offset == start:
                scanQuery(client, header, isWhole, input, offset, &plan)
                return plan
            case FrontendTag.parse, FrontendTag.bind, FrontendTag.describe, FrontendTag.execute, FrontendTag.close:
                if header.tag == FrontendTag.parse, header.size > options.clientBufferLimit {
                    if let flushed { return flushed }
                    let end = isWhole ? offset &+ header.size : input.byteCount
                    scanLongParse(client, input.extracting(offset &+ MessageHeader.byteCount..<end), &plan)
                    return plan
                }
                guard isWhole else {
                    if let flushed { return flushed }
                    let fits = offset &- start &+ header.size <= options.clientBufferLimit
                    if fits,
                        header.tag == FrontendTag.parse || header.tag == FrontendTag.describe
                            || header.tag == FrontendTag.close
                    {
                        // It is not sent before it is whole: no server waits for the rest of it.
                        plan.extent = .incomplete
                        return plan
                    }
                    return unfinished(plan, held: input.byteCount &- start)
                }
                scanExtended(client, header, input, offset, &plan)
            case FrontendTag.sync where isWhole:
                plan.extent = .whole
                plan.size = offset &+ header.size &- start
                return plan
            case FrontendTag.flush where isWhole:
                plan.extent = .flushed
                plan.size = offset &+ header.size &- start
                flushed = plan
            default:
                // A function call, a Query without Sync before it, or nonsense: the primary's.
                plan.mustGoToPrimary(.volatileFunction)
                plan.leavesState = true
                plan.extent = .open
                return plan
            }
            offset &+= header.size
            if offset &- start >= options.clientBufferLimit {
                // No more of it can be held.
                plan.mustGoToPrimary(.tooLong)
                plan.extent = .open
                return plan
            }
        }
    }

    private func unfinished(_ plan: BatchPlan, held: Int) -> BatchPlan {
        var plan = plan
        if held >= options.clientBufferLimit { plan.mustGoToPrimary(.tooLong) }
        // What goes to the primary goes there whatever follows.
        plan.extent = plan.access == .read || plan.namesHowdah ? .incomplete : .open
        return plan
    }

    private func scanQuery(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ isWhole: Bool,
        _ input: RawSpan,
        _ offset: Int,
        _ plan: inout BatchPlan
    ) {
        plan.isQuery = true
        plan.executes = true
        plan.needsServer = true
        if isWhole {
            plan.extent = .whole
            plan.size = header.size
            if let text = queryText(header, input, offset) {
                let text = input.extracting(text)
                plan.add(asExecuted(classify(text, client), text, client))
            } else {
                plan.mustGoToPrimary(.unparsable)
            }
        } else {
            scanPartOfQuery(client, header, input, offset, &plan)
        }
    }

    /// Where a Query's text lies, without its terminating zero; nil where that is missing.
    func queryText(_ header: MessageHeader, _ input: RawSpan, _ offset: Int) -> Range<Int>? {
        let end = offset &+ header.size &- 1
        guard end >= offset &+ MessageHeader.byteCount, input.byte(at: end) == 0 else { return nil }
        return offset &+ MessageHeader.byteCount..<end
    }

    private func scanExtended(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ plan: inout BatchPlan
    ) {
        let body = input.extracting(offset &+ MessageHeader.byteCount..<offset &+ header.size)
        switch header.tag {
        case FrontendTag.parse:
            guard let message = ParseMessage(body) else { return plan.mustGoToPrimary(.unparsable) }
            if message.name.isEmpty {
                plan.parsesUnnamed = true
            } else if plan.parsesNamed || statement(named: body.extracting(message.name), of: client) != nil {
                // The name may be taken: the server's error says so in its own words.
                plan.needsServer = true
            } else {
                plan.parsesNamed = true
            }
            plan.parses = true
            // The statement stays on its server, which the client then keeps.
            if !client.pointee.pool.unsafelyUnwrapped.pointee.options.preparedStatements { plan.leavesState = true }
            let scope = scope(of: client, isNamed: !message.name.isEmpty)
            if let id = find(body.extracting(message.identity), scope, client) {
                // Servers may have it already, and what they have may be out of date.
                plan.bindsPrepared = true
                plan.add(asExecuted(statementClass(of: id, client), body.extracting(message.text), client))
                if statements[id].pointee.acceptedStamp != contextStamp(of: client) { plan.needsServer = true }
            } else {
                // A client may be waiting for this while it holds all servers by others of its connections: if it was
                // right by the schema before, it is taken to be right, and Bind tells whether it still is.
                if hasFreeServer(client.pointee.pool.unsafelyUnwrapped)
                    || !statements.wasAccepted(body.extracting(message.identity), in: scope)
                {
                    plan.needsServer = true
                }
                let text = body.extracting(message.text)
                plan.add(asExecuted(classify(text, client), text, client))
            }
        case FrontendTag.bind:
            plan.executes = true
            plan.needsServer = true
            plan.undescribed &+= 1
            guard let message = BindMessage(body) else { return plan.mustGoToPrimary(.unparsable) }
            noteUnsettled(body.extracting(message.statement), client, &plan)
            if let id = earlierStatement(named: body.extracting(message.statement), of: client, plan) {
                plan.bindsPrepared = true
                plan.add(executedClass(of: id, client))
            }
        case FrontendTag.execute:
            plan.executes = true
            plan.needsServer = true
        case FrontendTag.describe:
            plan.needsServer = true
            if body.byteCount > 0, body.byte(at: 0) == TargetMessage.Kind.portal.rawValue { plan.undescribed &-= 1 }
            if let message = TargetMessage(body), message.kind == .statement,
                let id = earlierStatement(named: body.extracting(message.name), of: client, plan)
            {
                plan.add(executedClass(of: id, client))
            }
        default: break
        }
    }

    /// Whether one could be had without waiting for another client.
    private func hasFreeServer(_ pool: PoolPointer) -> Bool {
        pool.pointee.hasIdle || primary >= 0 && mayOpen(pool, primary)
    }

    /// Notes a name whose meaning is not known before the batches in flight have ended: neither is the route.
    @inline(__always)
    private func noteUnsettled(_ name: RawSpan, _ client: ClientPointer, _ plan: inout BatchPlan) {
        guard client.pointee.changesNames, client.pointee.outstanding > 0, let server = servers[client.pointee.server],
            name.byteCount > 0 || !plan.parsesUnnamed
        else { return }
        if isUnsettled(name, client, server) { plan.waitsForNames = true }
    }

    /// The statement that a name means which the batch itself does not give anew: its Parse has been looked at then.
    @inline(__always)
    private func earlierStatement(named name: RawSpan, of client: ClientPointer, _ plan: BatchPlan) -> StatementID? {
        if name.byteCount == 0, plan.parsesUnnamed { return nil }
        return statement(named: name, of: client)
    }

    /// The statement that a client means by a name, or nil.
    @inline(__always)
    func statement(named name: RawSpan, of client: ClientPointer) -> StatementID? {
        if name.byteCount == 0 { return client.pointee.unnamed.isNone ? nil : client.pointee.unnamed }
        guard let place = client.pointee.statements.find(name, hash: statements.nameHash.hash(name)) else { return nil }
        let id = client.pointee.statements.statement(at: place)
        return id.isNone ? nil : id
    }

    @inline(__always)
    func classify(_ text: RawSpan, _ client: ClientPointer) -> StatementClass {
        if let context = client.pointee.context { return classifier.classify(text, in: context.context) }
        let pool = client.pointee.pool.unsafelyUnwrapped
        return classifier.classify(text, in: pool.pointee.context)
    }

    /// What the meaning of the client's texts depends on, as a number that is never used twice.
    @inline(__always)
    func contextStamp(of client: ClientPointer) -> UInt32 {
        client.pointee.context?.stamp ?? client.pointee.pool.unsafelyUnwrapped.pointee.contextStamp
    }

    /// The class of an interned statement, looked up anew where what it depends on has changed.
    @inline(__always)
    func statementClass(of id: StatementID, _ client: ClientPointer) -> StatementClass {
        let record = statements[id]
        let stamp = contextStamp(of: client)
        if record.pointee.classStamp != stamp, !record.pointee.isPrivate {
            record.pointee.statementClass = classify(record.pointee.text.bytes, client)
            record.pointee.classStamp = stamp
        }
        return record.pointee.statementClass
    }
}
