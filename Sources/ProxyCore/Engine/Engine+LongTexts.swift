import Bytes
import PostgresWire
import StatementRouting

/// Texts that are longer than what is held for a client, or of which the first word has decided: they are passed on as
/// they come and folded as they pass, so that what they do to their session is known as of any other.
///
/// A Parse longer than `client_buffer_limit` is not shared and not kept. Its statement is on the server that got it, so
/// the client keeps that server: for a named one as long as the name means it, for the unnamed one until it has run.
extension Engine {
    // MARK: Routes

    /// The route of a Query of which a part is at hand; it stays incomplete where that does not decide.
    func scanPartOfQuery(
        _ client: ClientPointer,
        _ header: MessageHeader,
        _ input: RawSpan,
        _ offset: Int,
        _ plan: inout BatchPlan
    ) {
        guard header.size > options.statementTextLimit else { return }
        let text = input.extracting(offset &+ MessageHeader.byteCount..<input.byteCount)
        let canBeHeld = header.size <= options.clientBufferLimit
        guard scanOpening(client, text, canBeHeld: canBeHeld, &plan) else { return }
        plan.extent = .open
    }

    /// The same for a Parse that cannot be held.
    func scanLongParse(
        _ client: ClientPointer,
        _ body: RawSpan,
        _ plan: inout BatchPlan
    ) {
        plan.needsServer = true
        guard let name = body.firstZero(from: 0) else {
            if mayGrow(body) { return }
            plan.mustGoToPrimary(.tooLong)
            plan.extent = .open
            return
        }
        plan.parsesUnnamed = plan.parsesUnnamed || name == 0
        plan.parsesNamed = plan.parsesNamed || name > 0
        if scanOpening(client, body.extracting(name &+ 1..<body.byteCount), canBeHeld: false, &plan) {
            plan.extent = .open
        }
    }

    /// Whether more of a message that cannot be held may be waited for.
    private func mayGrow(_ part: RawSpan) -> Bool { part.byteCount < options.clientBufferLimit / 2 }

    /// - Returns: false where more is needed.
    private func scanOpening(_ client: ClientPointer, _ text: RawSpan, canBeHeld: Bool, _ plan: inout BatchPlan) -> Bool
    {
        let (opening, hint) = opening(of: text, client)
        switch opening {
        case .write:
            plan.add(StatementClass(access: .write, reason: .dml, hint: hint))
            // Others may follow it.
            plan.mayCommit = true
        case .undecided where canBeHeld || mayGrow(text), .other where canBeHeld:
            return false
        case .undecided, .other:
            plan.statementClass = StatementClass(access: .unknown, reason: .tooLong)
            plan.hint = max(plan.hint, hint)
            plan.mustGoToPrimary(.tooLong)
        }
        return true
    }

    private func opening(of text: RawSpan, _ client: ClientPointer) -> (StatementClassifier.Opening, RouteHint) {
        if let context = client.pointee.context { return classifier.opening(of: text, in: context.context) }
        return classifier.opening(of: text, in: client.pointee.pool.unsafelyUnwrapped.pointee.context)
    }

    /// Whether a batch longer than `statement_text_limit` is worth a look: what was looked at once is looked at again
    /// only when its end is there, or no more of it can be held.
    func isWorthScanning(_ client: ClientPointer, _ input: RawSpan, _ start: Int) -> Bool {
        var offset = start &+ client.pointee.unended
        let isFirst = client.pointee.unended == 0
        while case .message(let header) = Frame(ofClient: input, at: offset, limit: options.maximumMessageSize) {
            switch header.tag {
            case FrontendTag.parse, FrontendTag.bind, FrontendTag.describe, FrontendTag.execute, FrontendTag.close:
                break
            default: return true
            }
            if header.tag == FrontendTag.parse, header.size > options.clientBufferLimit { return true }
            guard input.byteCount &- offset >= header.size else { break }
            offset &+= header.size
        }
        client.pointee.unended = offset &- start
        return isFirst || input.byteCount &- start >= options.clientBufferLimit
    }

    // MARK: Passing on

    /// A message whose text is to be folded is passed on from here; `text` is what is at hand of it.
    func beginPassing(_ client: ClientPointer, _ message: PassingText.Message, size: Int, _ text: RawSpan) {
        let passing = PassingText(
            message,
            size: size,
            standardConformingStrings: client.pointee.context?.context.standardConformingStrings ?? true
        )
        passing.append(text)
        client.pointee.passing = passing
    }

    /// All of the message has been passed on; no reply can have come.
    func endPassing(_ client: ClientPointer, _ server: ServerPointer) {
        guard let passing = client.pointee.passing else { return }
        client.pointee.passing = nil
        let found: StatementClass
        if let context = client.pointee.context {
            found = classifier.classify(passing.fold, in: context.context)
        } else {
            found = classifier.classify(passing.fold, in: client.pointee.pool.unsafelyUnwrapped.pointee.context)
        }
        switch passing.message {
        case .parse(let id):
            statements[id].pointee.statementClass = found
        case .query:
            client.pointee.lastRoute.reason = found.reason
            guard server.pointee.conversation.endsWithQuery, mustNote(found, client) else { return }
            let beginning = passing.beginning
            let effect = noteUnseen(found, beginning: beginning.span.bytes, client, server)
            server.pointee.conversation.setEffectOfQuery(effect)
        }
    }

    /// Notes what a statement does whose text is not at hand any more.
    func noteUnseen(
        _ statementClass: StatementClass,
        beginning: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) -> LedgerEntry.Effect {
        var seen = statementClass
        seen.effects.subtract(.toldByText)
        let effect = noteEffects(of: seen, text: beginning, client, server)
        if seen.effects == statementClass.effects || client.pointee.pin == .replication { return effect }
        // Which setting, name or channel it is, only its text tells.
        server.pointee.needs(.discardAll)
        server.pointee.extras.unknownStatement = Self.beginning(of: beginning)
        return .unknown
    }

    // MARK: A statement that stays where it is

    /// A Parse longer than what is held for a client, as much of it as is at hand.
    func forwardLongParse(_ client: ClientPointer, _ server: ServerPointer, _ header: MessageHeader, _ body: RawSpan)
        -> Progress
    {
        guard let nameSize = body.firstZero(from: 0) else {
            return mayGrow(body) ? .stop : waitFor(client, header, body)
        }
        let pool = client.pointee.pool.unsafelyUnwrapped
        let name = body.extracting(0..<nameSize)
        if nameSize > 0, isUnsettled(name, client, server) { return .stop }
        pool.pointee.counters.clientParses &+= 1
        let bodySize = header.size &- MessageHeader.byteCount
        if !pool.pointee.options.preparedStatements { pin(client, .unnamedStatementTooLong) }
        if let refusal = self.refusal(ofName: name, client) {
            return provoke(client, server, refusal, header, rest: true)
        }
        let isTaken = nameSize > 0 && statement(named: name, of: client) != nil
        let isOwn = nameSize > 0 && client.pointee.pin != nil && keepsOwnNames(client)
        if !pool.pointee.options.preparedStatements || isTaken || isOwn {
            // Its error, or the statement under the client's own name, is the server's affair.
            if isTaken { provokeTaken(name.array(0..<nameSize), server) }
            server.pointee.conversation.parseAsSent(
                pool.pointee.options.preparedStatements
                    ? LedgerEntry(.parse, .forward) : uncarriedEntry(body, client),
                body,
                bodySize: bodySize,
                unnamed: pool.pointee.options.preparedStatements ? .unknown : StatementSerial.none,
                from: buffers
            )
        } else {
            let id = statements.addPrivate()
            pin(client, .longStatement, by: body.extracting(nameSize &+ 1..<body.byteCount))
            let rest = body.extracting(nameSize &+ 1..<body.byteCount)
            server.pointee.conversation.parse(
                privateEntry(id, name: name, client),
                isShared: nameSize > 0,
                beginning: rest,
                restSize: bodySize &- nameSize &- 1,
                from: buffers
            )
            pool.pointee.counters.serverParses &+= 1
            beginPassing(client, .parse(id), size: .max, rest)
        }
        touch(server)
        if body.byteCount < bodySize {
            client.pointee.passThrough = .toServer(remaining: bodySize &- body.byteCount)
        } else {
            endPassing(client, server)
        }
        return .consumed(MessageHeader.byteCount &+ body.byteCount)
    }

    private func privateEntry(_ id: StatementID, name: RawSpan, _ client: ClientPointer) -> LedgerEntry {
        var entry = LedgerEntry(.parse, .forward)
        entry.statement = id
        statements.retain(id)
        setName(client, name, to: id, &entry)
        entry.serial = statements[id].pointee.serial
        return entry
    }

    /// The refusal of a message that names a statement which was lost with its server; nil where the server has it.
    func refusalOfPrivate(
        _ id: StatementID,
        _ name: RawSpan,
        _ server: ServerPointer
    ) -> PostgresError? {
        let record = statements[id]
        guard record.pointee.isPrivate else { return nil }
        let serial = record.pointee.serial
        let isThere =
            name.byteCount > 0
            ? server.pointee.conversation.statements.contains(serial) : server.pointee.conversation.unnamed == serial
        if isThere { return nil }
        return PostgresError(
            .error,
            .invalidStatementName,
            "prepared statement \"\(name.text(0..<name.byteCount))\" does not exist",
            detail: "It was too long to be kept, and has gone with the server that had it.",
            hint: "Prepare it again, or raise client_buffer_limit (now \(options.clientBufferLimit))."
        )
    }

    /// A cycle of a pinned client has ended: it keeps its server as long as a name means a statement that is nowhere
    /// else. The unnamed one has done its work when it has been bound.
    func settleLongStatements(_ client: ClientPointer, _ server: ServerPointer) {
        guard let record = client.pointee.pinRecord, record.contains(.longStatement),
            server.pointee.conversation.status == .idle
        else { return }
        let unnamed = client.pointee.unnamed
        if !unnamed.isNone, statements[unnamed].pointee.isPrivate {
            guard client.pointee.portals.last == unnamed else { return }
            statements.release(unnamed)
            client.pointee.unnamed = .none
        }
        var isNeeded = false
        client.pointee.statements.forEach { if statements[$0].pointee.isPrivate { isNeeded = true } }
        if !isNeeded { endPin(client, .longStatement) }
    }
}

extension SessionEffects {
    /// What is noted by the words of the text, beside that it happens.
    fileprivate static var toldByText: SessionEffects {
        .set | .reset | .setConfig | .discard | .prepare | .execute | .deallocate | .listen | .unlisten
    }
}
