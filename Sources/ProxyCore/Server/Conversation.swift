import Bytes
import PostgresWire

/// What one server has been sent, what it owes for that, and what it is believed to have in consequence: the wire
/// state of a server connection after its log-in. Nobody else writes it.
///
/// To send a message and to owe its reply is one call, so that no reply can come that nothing waits for: `relay()`,
/// `send()`, `parse()`, `bind()`, `close()`, `inject()` … What has no reply goes by `sendUnanswered()` and
/// `continueMessage()`. What comes is told by `meet()`, message by message, as plain data (`ReplyStep`); what it means
/// for clients, statements and pools is the caller's to carry out.
///
/// An entry of the ledger carries what its message assumed: a statement that the server has from now on, a name that
/// means another. An error undoes the assumptions of all that the server then skips, last first (`skipToSync()`,
/// `undoNext()`).
///
/// Every reply passes `meet()`: it is the place to take its time, and rows, which `meet()` does not see, pass
/// `passesRows`; a second reader of a reply, or a digest of it, would be told of both there. Every message that is
/// answered passes `owe()`, which notes when it was sent.
///
/// Chunks of bytes are lent by the `BufferPool` that each call names, and go back to it by `clear()`.
struct Conversation: ~Copyable {
    /// What the last ReadyForQuery said, or what a BEGIN of the proxy's own will bring.
    private(set) var status = TransactionStatus.idle
    private(set) var input = ServerInput.messages
    /// In the reply that is under way an error has been seen.
    private(set) var hasFailed = false
    /// It has been asked what a statement looks like by now: nothing else is sent to it meanwhile.
    private(set) var isChecking = false
    /// DISCARD ALL or DEALLOCATE ALL has been sent and, for all that is known, not answered.
    private(set) var isForgetting = false
    /// It owes `max_pending_replies` and has been asked for them: its client goes on when some have come.
    private(set) var isFull = false
    /// What has arrived in part.
    var incoming = IncomingReplies()
    /// The replies that the server owes, and answers of the proxy's own between them.
    private(set) var ledger = Ledger()
    /// What is to be sent and has not been fetched.
    private(set) var output = ByteQueue()
    /// The statements that clients share which it has, or will have once what was sent has been carried out.
    private(set) var statements = ServerStatements()
    /// Parses under way that put a statement into `statements`.
    private(set) var unconfirmed = 0
    /// What its unnamed statement is, once what was sent has been carried out.
    private(set) var unnamed = StatementSerial.none

    private let clock: TurnClock

    init(clock: TurnClock) { self.clock = clock }

    /// The statement under way is COPY FROM STDIN or START_REPLICATION, and the client has not ended its part.
    @inline(__always)
    var isCopyingIn: Bool { input == .copyData }

    /// Whether what may be sent next hangs on a reply.
    @inline(__always)
    var isUndecided: Bool { input == .undecided }

    /// It ignores everything up to a Sync that has not been sent yet.
    @inline(__always)
    var isSkipping: Bool { input == .nothingToSync }

    /// Whether the server owes nothing and expects nothing.
    var isQuiet: Bool { ledger.isEmpty && incoming.rest == .none && !isCopyingIn }

    /// Whether half a message has gone to the client.
    var isInClientsMessage: Bool {
        if case .forwarded = incoming.rest { true } else { false }
    }

    /// Gives back what was lent.
    mutating func clear(to buffers: BufferPool) {
        incoming.clear(to: buffers)
        output.clear(to: buffers)
    }

    /// Hands what is to be sent to `send`, which moves it out.
    @inline(__always)
    mutating func handOutput(of transport: TransportID, to send: (TransportID, inout ByteQueue) -> Void) {
        send(transport, &output)
    }

    // MARK: What is sent

    /// Notes that a reply is owed, and what the message means for the server whatever its text.
    @inline(__always)
    private mutating func owe(_ entry: LedgerEntry) {
        assert(input == .messages || input == .nothingToSync, "it may take this for a message in a copy")
        switch entry.kind {
        // A simple query ends the unnamed statement (PostgreSQL documentation, 55.2.3).
        case .query: unnamed = .none
        case .sync: if isSkipping { input = .messages }
        case .parse, .bind, .describe, .execute, .close, .functionCall: break
        }
        if entry.mayCopyIn { input = .undecided }
        ledger.append(entry, sentAt: clock.time)
    }

    @inline(__always)
    private mutating func begin(_ entry: LedgerEntry, bodySize: Int, from buffers: BufferPool) {
        owe(entry)
        output.appendHeader(entry.kind.tag, bodySize: bodySize, from: buffers)
    }

    /// A client's message as it came, its header included; what has not arrived of it follows by `continueMessage()`.
    @inline(__always)
    mutating func relay(_ entry: LedgerEntry, _ message: RawSpan, from buffers: BufferPool) {
        assert(message.byte(at: 0) == entry.kind.tag, "the reply to another message is waited for")
        owe(entry)
        output.append(message, from: buffers)
    }

    /// A message with this body.
    @inline(__always)
    mutating func send(_ entry: LedgerEntry, _ body: RawSpan, from buffers: BufferPool) {
        send(entry, body, bodySize: body.byteCount, from: buffers)
    }

    /// A message whose body begins so; the rest of its `bodySize` bytes follows by `continueMessage()`.
    @inline(__always)
    mutating func send(_ entry: LedgerEntry, _ body: RawSpan, bodySize: Int, from buffers: BufferPool) {
        assert(entry.kind != .parse && entry.kind != .close, "what it does to the server's statements is not told")
        begin(entry, bodySize: bodySize, from: buffers)
        output.append(body, from: buffers)
    }

    /// A Query whose text is put together, without its zero.
    mutating func query(
        _ entry: LedgerEntry,
        _ before: RawSpan,
        _ name: [UInt8],
        _ after: RawSpan,
        from buffers: BufferPool
    ) {
        begin(entry, bodySize: before.byteCount &+ name.count &+ after.byteCount &+ 1, from: buffers)
        output.append(before, from: buffers)
        output.append(name, from: buffers)
        output.append(after, from: buffers)
        output.appendByte(0, from: buffers)
    }

    @inline(__always)
    mutating func sync(
        _ disposition: LedgerEntry.Disposition,
        _ purpose: LedgerEntry.Purpose = .none,
        from buffers: BufferPool
    ) {
        var entry = LedgerEntry(.sync, disposition)
        entry.purpose = purpose
        owe(entry)
        output.appendEmptyMessage(FrontendTag.sync, from: buffers)
    }

    /// Has it send what it holds back.
    mutating func flush(from buffers: BufferPool) {
        output.appendEmptyMessage(FrontendTag.flush, from: buffers)
    }

    /// The same, once, where no more is sent before some of what it owes has come. To a Query it replies without
    /// being asked, and what streams (a WAL sender) takes no Flush.
    /// - Returns: whether it has been asked by this.
    mutating func askForReplies(from buffers: BufferPool) -> Bool {
        if isFull { return false }
        isFull = true
        if endsWithQuery { return false }
        flush(from: buffers)
        return true
    }

    /// A message as it came, its header included, that no reply answers by itself.
    @inline(__always)
    mutating func sendUnanswered(_ message: RawSpan, from buffers: BufferPool) {
        assert(LedgerEntry.Kind(tag: message.byte(at: 0)) == nil, "its reply would meet another's entry")
        output.append(message, from: buffers)
    }

    /// More of a message that has been sent in part.
    @inline(__always)
    mutating func continueMessage(_ bytes: RawSpan, from buffers: BufferPool) { output.append(bytes, from: buffers) }

    /// What the ledger does not know: log-in, the queries of a server that listens, Terminate.
    mutating func sendUncounted(_ messages: MessageBuilder, from buffers: BufferPool) {
        output.append(messages.bytes, from: buffers)
    }

    /// Messages of the proxy's own, whose replies go nowhere. Parse and Close among them must name what is neither a
    /// client's nor shared (`touchesUnnamed` where it is the unnamed statement).
    mutating func inject(
        _ messages: MessageBuilder,
        _ purpose: LedgerEntry.Purpose = .none,
        touchesUnnamed: Bool = false,
        from buffers: BufferPool
    ) {
        let bytes = messages.bytes.span.bytes
        var offset = 0
        while let header = Frame.whole(ofClient: bytes, at: offset, before: bytes.byteCount) {
            if let kind = LedgerEntry.Kind(tag: header.tag) {
                var entry = LedgerEntry(kind, .swallow)
                entry.purpose = purpose
                owe(entry)
            }
            offset &+= header.size
        }
        assert(offset == bytes.byteCount, "it has built what is no message")
        if touchesUnnamed { unnamed = .unknown }
        if purpose == .begin { status = .inTransaction }
        output.append(bytes, from: buffers)
    }

    // MARK: Statements that are sent

    /// A Parse under the serial of `entry`, for all clients or as the unnamed statement; `body` is text, zero and
    /// types.
    @inline(__always)
    mutating func parse(
        _ entry: LedgerEntry,
        isShared: Bool,
        _ body: UnsafeRawBufferPointer,
        from buffers: BufferPool
    ) {
        beginParse(entry, isShared: isShared, restSize: body.count, from: buffers)
        output.append(body, from: buffers)
    }

    /// The same for all clients with other types of parameters, in network byte order; `text` has its zero.
    mutating func parse(
        _ entry: LedgerEntry,
        _ text: UnsafeRawBufferPointer,
        types: [UInt8],
        from buffers: BufferPool
    ) {
        beginParse(entry, isShared: true, restSize: text.count &+ 2 &+ types.count, from: buffers)
        output.append(text, from: buffers)
        let count = UInt16(truncatingIfNeeded: types.count / 4)
        output.append([UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + types, from: buffers)
    }

    /// The beginning of one that is long: `restSize` bytes behind its name, of which these are the first.
    mutating func parse(
        _ entry: LedgerEntry,
        isShared: Bool,
        beginning: RawSpan,
        restSize: Int,
        from buffers: BufferPool
    ) {
        beginParse(entry, isShared: isShared, restSize: restSize, from: buffers)
        output.append(beginning, from: buffers)
    }

    @inline(__always)
    private mutating func beginParse(
        _ entry: LedgerEntry,
        isShared: Bool,
        restSize: Int,
        from buffers: BufferPool
    ) {
        var noted = entry
        if isShared {
            noted.changesServer = true
            unconfirmed &+= 1
            statements.insert(entry.serial)
        } else {
            unnamed = entry.serial
        }
        begin(noted, bodySize: Self.nameSize(isShared: isShared) &+ restSize, from: buffers)
        appendName(entry.serial, isShared: isShared, from: buffers)
    }

    /// A Parse that names its statement itself; the rest of its `bodySize` bytes follows by `continueMessage()`.
    /// - Parameter unnamed: what the unnamed statement is behind it, nil where that stays what it was.
    mutating func parseAsSent(
        _ entry: LedgerEntry,
        _ body: RawSpan,
        bodySize: Int,
        unnamed: StatementSerial?,
        from buffers: BufferPool
    ) {
        if let unnamed { self.unnamed = unnamed }
        begin(entry, bodySize: bodySize, from: buffers)
        output.append(body, from: buffers)
    }

    /// A Parse of the proxy's own under a name that a client would give; `body` is text, zero and types.
    mutating func parse(
        _ entry: LedgerEntry,
        named name: [UInt8],
        _ body: UnsafeRawBufferPointer,
        from buffers: BufferPool
    ) {
        begin(entry, bodySize: name.count &+ 1 &+ body.count, from: buffers)
        output.append(name, from: buffers)
        output.appendByte(0, from: buffers)
        output.append(body, from: buffers)
    }

    /// Makes the server fail where a client's message stands, so that its transaction fails as it would have; the
    /// client is to get `error` instead of the server's.
    mutating func provoke(_ error: PostgresError, from buffers: BufferPool) {
        var builder = MessageBuilder()
        builder.parse(name: "", text: "howdah refuses this message")
        unnamed = .unknown
        assert(input == .messages || input == .nothingToSync, "it may take this for a message in a copy")
        ledger.append(LedgerEntry(.parse, .replace), replacement: error)
        output.append(builder.bytes, from: buffers)
    }

    /// Makes the transaction that is open on the server fail, between two batches.
    mutating func fail(from buffers: BufferPool) {
        var builder = MessageBuilder()
        builder.parse(name: "", text: "howdah has refused a statement of this transaction")
        unnamed = .unknown
        owe(LedgerEntry(.parse, .swallow))
        output.append(builder.bytes, from: buffers)
        sync(.swallow, from: buffers)
    }

    /// A Bind of the serial of `entry`.
    /// - Parameters:
    ///   - portal: its name with the zero.
    ///   - rest: what stands behind the statement's name, as far as it is at hand.
    ///   - restSize: bytes of it in all; what is missing follows by `continueMessage()`.
    @inline(__always)
    mutating func bind(
        _ entry: LedgerEntry,
        portal: RawSpan,
        isShared: Bool,
        _ rest: RawSpan,
        restSize: Int,
        from buffers: BufferPool
    ) {
        let bodySize = portal.byteCount &+ Self.nameSize(isShared: isShared) &+ restSize
        begin(entry, bodySize: bodySize, from: buffers)
        output.append(portal, from: buffers)
        appendName(entry.serial, isShared: isShared, from: buffers)
        output.append(rest, from: buffers)
    }

    /// A Describe of the statement that `entry` has the serial of.
    @inline(__always)
    mutating func describe(_ entry: LedgerEntry, isShared: Bool, from buffers: BufferPool) {
        begin(entry, bodySize: 1 &+ Self.nameSize(isShared: isShared), from: buffers)
        output.appendByte(TargetMessage.Kind.statement.rawValue, from: buffers)
        appendName(entry.serial, isShared: isShared, from: buffers)
    }

    /// Asks what a statement looks like by now; nothing else is sent before the reply.
    mutating func check(_ id: StatementID, _ serial: StatementSerial, from buffers: BufferPool) {
        var entry = LedgerEntry(.describe, .swallow)
        entry.purpose = .check
        entry.statement = id
        entry.serial = serial
        isChecking = true
        describe(entry, isShared: true, from: buffers)
    }

    /// A client's Close of what the server alone knows.
    mutating func closeAsSent(_ entry: LedgerEntry, _ body: RawSpan, from buffers: BufferPool) {
        unnamed = .unknown
        begin(entry, bodySize: body.byteCount, from: buffers)
        output.append(body, from: buffers)
    }

    /// Closes a shared statement, which is then not there, unless `isPreparedAgain`.
    mutating func close(
        _ serial: StatementSerial,
        isPreparedAgain: Bool = false,
        _ entry: LedgerEntry = LedgerEntry(.close, .swallow),
        from buffers: BufferPool
    ) {
        if !isPreparedAgain { statements.remove(serial) }
        begin(entry, bodySize: 1 &+ StatementSerial.nameSize, from: buffers)
        output.appendByte(TargetMessage.Kind.statement.rawValue, from: buffers)
        appendName(serial, isShared: true, from: buffers)
    }

    /// Closes what has a name of a client's, or the unnamed statement by the empty name.
    mutating func close(
        name: [UInt8],
        _ purpose: LedgerEntry.Purpose = .none,
        from buffers: BufferPool
    ) {
        if name.isEmpty { unnamed = .none }
        var entry = LedgerEntry(.close, .swallow)
        entry.purpose = purpose
        begin(entry, bodySize: name.count &+ 2, from: buffers)
        output.appendByte(TargetMessage.Kind.statement.rawValue, from: buffers)
        output.append(name, from: buffers)
        output.appendByte(0, from: buffers)
    }

    @inline(__always)
    private static func nameSize(isShared: Bool) -> Int { isShared ? StatementSerial.nameSize : 1 }

    @inline(__always)
    private mutating func appendName(_ serial: StatementSerial, isShared: Bool, from buffers: BufferPool) {
        if isShared {
            serial.writeName(to: output.reserve(StatementSerial.nameSize, from: buffers))
        } else {
            output.appendByte(0, from: buffers)
        }
    }

    // MARK: What is not sent

    /// The proxy answers a Parse, a Close, or a Describe of what returns nothing itself when the replies in front of it
    /// have come (`takeAnswer()`).
    @inline(__always)
    mutating func answer(_ entry: LedgerEntry) {
        var noted = entry
        noted.disposition = .answer
        ledger.append(noted)
    }

    /// What the Query sent last does to its session, where only its end has told. It must be the message sent last
    /// (`endsWithQuery`).
    mutating func setEffectOfQuery(_ effect: LedgerEntry.Effect) {
        assert(endsWithQuery, "another message has been sent behind it")
        ledger.setEffectOfLast(effect)
    }

    /// Whether the message sent last is a Query.
    var endsWithQuery: Bool { ledger.last?.kind == .query }

    /// The client's CopyDone or CopyFail is about to be sent. Another copy may follow in the same Query.
    mutating func endCopy() {
        assert(isCopyingIn, "elsewhere a server ignores it")
        input = ledger.first?.kind == .query ? .undecided : .messages
    }

    // MARK: What the server has

    /// Whether it has a shared statement, which then counts as used.
    @inline(__always)
    mutating func use(_ serial: StatementSerial) -> Bool { statements.use(serial) }

    /// Counts an execution of a shared statement.
    /// - Returns: false where it must be prepared anew first (`ServerStatements.mayExecute`).
    @inline(__always)
    mutating func mayExecute(_ serial: StatementSerial) -> Bool { statements.mayExecute(serial) }

    /// What the unnamed statement is, is not known.
    mutating func unnamedIsUnknown() { unnamed = .unknown }

    /// A statement is sent that makes it forget what it has prepared.
    mutating func willForget() { isForgetting = true }

    /// Whether such a statement is among those that it has not answered.
    mutating func stillForgets() -> Bool {
        for index in 0..<ledger.count {
            switch ledger[index].effect {
            case .discardAll, .deallocateAll: return true
            default: break
            }
        }
        isForgetting = false
        return false
    }

    /// It has been rid of all that was prepared, but for what messages behind this reply are about to prepare.
    mutating func hasForgotten() {
        statements.removeAll()
        for index in 0..<ledger.count where ledger[index].changesServer { statements.insert(ledger[index].serial) }
    }

    /// DISCARD ALL has run, and nothing is under way behind it.
    mutating func isPristine() { statements.removeAll() }

    /// Whether the Parse that gave it a shared statement is part of an earlier batch in flight, which may fail.
    func isUncertain(_ serial: StatementSerial) -> Bool {
        ledger.isInEarlierBatch { $0.changesServer && $0.serial == serial }
    }

    /// The same of its unnamed statement.
    func isUnnamedUncertain() -> Bool {
        ledger.isInEarlierBatch { $0.kind == .parse && !$0.changesServer && $0.disposition != .answer }
    }

    /// The same of what a client's name means.
    func isUncertain(_ place: ClientStatements.Place) -> Bool {
        ledger.isInEarlierBatch { $0.changesName && $0.place.index == place.index }
    }

    // MARK: What comes

    /// Whether rows go to a client, and mean nothing to the proxy: they are passed on without `meet()`.
    @inline(__always)
    var passesRows: Bool {
        guard let entry = ledger.first else { return false }
        return entry.disposition == .forward && entry.signal.process == 0
    }

    /// What is large: it is passed on, or dropped, as it comes.
    func mayArriveInParts(_ header: MessageHeader) -> Bool {
        switch header.tag {
        case BackendTag.rowDescription:
            // The reply to Describe is over with it, and its rest would be taken for the next reply's.
            ledger.first?.kind != .describe
        case BackendTag.dataRow:
            ledger.first?.purpose != .evidence && ledger.first?.purpose != .values && ledger.first?.signal.process == 0
        case BackendTag.copyData, BackendTag.functionCallResponse, BackendTag.noticeResponse:
            true
        case BackendTag.parameterDescription:
            ledger.first?.purpose != .describePrepared && header.size > StatementDescription.mostTypeBytes
        case BackendTag.errorResponse:
            // Its code stands in front; a longer one than this is not kept for a second try.
            header.size > BufferPool.largeChunkSize
        default: false
        }
    }

    /// Meets a message with the ledger. Answers of the proxy's own that stand in front must have been taken
    /// (`takeAnswer()`): a reply never is one.
    /// - Parameters:
    ///   - status: the first byte of its body, 0 where it has none.
    @inline(__always)
    mutating func meet(_ tag: UInt8, status byte: UInt8) -> ReplyStep {
        switch tag {
        case BackendTag.parseComplete: return complete(.parse)
        case BackendTag.bindComplete: return complete(.bind)
        case BackendTag.closeComplete: return complete(.close)
        case BackendTag.rowDescription, BackendTag.noData:
            return ledger.first?.kind == .describe ? complete(.describe) : .part
        case BackendTag.commandComplete, BackendTag.emptyQueryResponse, BackendTag.portalSuspended:
            return ledger.first?.kind == .execute ? complete(.execute) : .part
        case BackendTag.readyForQuery: return ready(byte)
        case BackendTag.errorResponse:
            if ledger.isEmpty { return .unasked }
            hasFailed = true
            // Behind an error in a Query comes its ReadyForQuery, and nothing else.
            if ledger[0].mayCopyIn { input = ledger[0].kind == .query ? .undecided : .messages }
            return .failed
        case BackendTag.copyInResponse, BackendTag.copyBothResponse:
            // Of a statement that cannot copy it is not to be believed.
            if ledger.first?.mayCopyIn != true { return .violation(.unaskedCopy) }
            input = .copyData
            return .copyIn
        default: return .part
        }
    }

    /// The entry of the reply that is over, where `meet()` has just said so.
    @inline(__always)
    var finished: LedgerEntry { ledger.finished }

    /// The reply to the ledger's first entry is over.
    @inline(__always)
    private mutating func complete(_ kind: LedgerEntry.Kind) -> ReplyStep {
        // What was sent to provoke an error cannot succeed.
        guard let entry = ledger.first, entry.kind == kind, entry.disposition != .replace else {
            return .violation(.unaskedReply)
        }
        ledger.removeFirst()
        if entry.mayCopyIn { input = .messages }
        if entry.changesServer { unconfirmed &-= 1 }
        if entry.purpose == .check { isChecking = false }
        return .completed
    }

    @inline(__always)
    private mutating func ready(_ byte: UInt8) -> ReplyStep {
        guard let status = TransactionStatus(rawValue: byte), let entry = ledger.first, entry.completesCycle else {
            return .violation(.unaskedReady)
        }
        ledger.removeFirst()
        self.status = status
        if entry.mayCopyIn { input = .messages }
        let failed = hasFailed
        hasFailed = false
        return .ready(hasFailed: failed)
    }

    /// The answer of the proxy's own whose turn has come; nil where none's has.
    @inline(__always)
    mutating func takeAnswer() -> LedgerEntry? {
        guard let entry = ledger.first, entry.disposition == .answer else { return nil }
        ledger.removeFirst()
        return entry
    }

    /// Of a provoked error: what its client is to get instead, once.
    mutating func takeReplacement() -> PostgresError? { ledger.takeReplacement() }

    /// The server has refused a BEGIN of the proxy's own, of which a client was told that it has succeeded.
    mutating func beginWasRefused() { status = .failed }

    /// Replies have come: whether its client, which had to wait for them, may go on.
    /// - Parameter limit: replies that may be owed (`max_pending_replies`).
    @inline(__always)
    mutating func hasRoomAgain(limit: Int) -> Bool {
        guard isFull, ledger.count < limit, !isUndecided else { return false }
        isFull = false
        return true
    }

    // MARK: What comes to nothing

    /// A Parse ends the unnamed statement before it fails (PostgreSQL documentation, 55.2.3): there is none to go
    /// back to.
    /// - Parameter index: of the message in the ledger that has failed.
    /// - Returns: what the client's unnamed statement was; the reference to it is the caller's from now on.
    mutating func takePreviousUnnamed(failedAt index: Int) -> StatementID {
        let entry = ledger[index]
        guard entry.kind == .parse, entry.changesName, entry.place.index == ClientStatements.Place.unnamed.index
        else { return .none }
        return ledger.takePrevious(at: index)
    }

    /// What a name meant before a message changed it, to which it will not go back any more; the reference is the
    /// caller's from now on.
    mutating func takePrevious(at index: Int) -> StatementID { ledger.takePrevious(at: index) }

    /// After an error the server ignores everything up to Sync. Where none has been sent, it skips from now on.
    /// - Returns: the messages that come to nothing, for `undoNext()`.
    mutating func skipToSync() -> SkippedMessages { ledger.messagesToSync(&input) }

    /// Undoes what was assumed of the last skipped message that has not been undone yet; nil when all have been, which
    /// are then out of the ledger.
    mutating func undoNext(_ skipped: inout SkippedMessages) -> UndoneMessage? {
        if skipped.left > 0 {
            skipped.left -= 1
            return undo(ledger[skipped.left], isSkipped: skipped.left > 0, followedFrom: skipped.count)
        }
        ledger.removeSkipped(skipped)
        skipped = SkippedMessages(count: 0)
        return nil
    }

    /// The connection is lost: undoes what was assumed of the message sent last, which is then out of the ledger.
    mutating func undoLast() -> UndoneMessage? {
        guard let entry = ledger.removeLast() else { return nil }
        return undo(entry, isSkipped: false, followedFrom: ledger.count)
    }

    /// - Parameters:
    ///   - isSkipped: false where it is the message that has failed.
    ///   - next: where in the ledger the messages begin that will be carried out.
    private mutating func undo(_ entry: LedgerEntry, isSkipped: Bool, followedFrom next: Int) -> UndoneMessage {
        if entry.changesServer {
            unconfirmed -= 1
            // With the Parse its Close is skipped: the statement that an earlier batch has prepared is there still.
            let isThere = entry.preparesAgain && isSkipped
            if !ledger.isPreparedLater(entry.serial, from: next, isThere: isThere), !isThere {
                statements.remove(entry.serial)
            }
        }
        // What of these has been done to the server's unnamed statement is not known: the one before may be there
        // still.
        switch entry.kind {
        case .parse where !entry.changesServer && entry.disposition != .answer, .close, .query: unnamed = .unknown
        default: break
        }
        if entry.purpose == .check { isChecking = false }
        // The name may have another meaning since.
        return UndoneMessage(entry: entry, overtaken: entry.changesName ? ledger.overtake(entry, from: next) : nil)
    }

    /// The client that waits for a reply has let go of the server: the reply goes nowhere.
    /// - Returns: the entry as it was; what it says of the client's names is the caller's to undo.
    mutating func disown(at index: Int) -> LedgerEntry { ledger.disown(at: index) }

    /// The connection is given up: the next entry whose reply will not come.
    mutating func takeEntry() -> LedgerEntry? { ledger.isEmpty ? nil : ledger.removeFirst() }
}
