import Bytes
import PostgresWire
import Testing

@testable import ProxyCore

/// One conversation with a server, without an engine: bytes go in and out, and what it tells is written down.
final class WireHarness {
    enum Told: Equatable {
        case part(Unicode.Scalar)
        case row
        case completed(LedgerEntry.Kind)
        case answer(LedgerEntry.Kind)
        case ready(hasFailed: Bool)
        case failed(LedgerEntry.Kind?)
        case copyIn
        case violation(ReplyViolation)
    }

    let clock: TurnClock
    var conversation: ProxyCore.Conversation
    let buffers = BufferPool(limit: 1 << 20)
    private(set) var told: [Told] = []
    /// The messages that came to nothing, in the order in which they were undone, for each error.
    private(set) var undone: [[LedgerEntry]] = []
    private(set) var overtaken: [StatementID] = []
    private(set) var replacements: [PostgresError] = []

    init() {
        clock = TurnClock()
        conversation = ProxyCore.Conversation(clock: clock)
    }

    deinit { conversation.clear(to: buffers) }

    var owed: Int { conversation.ledger.count }
    var isQuiet: Bool { conversation.isQuiet }
    var isSkipping: Bool { conversation.isSkipping }
    var isCopyingIn: Bool { conversation.isCopyingIn }
    var isUndecided: Bool { conversation.isUndecided }
    var unconfirmed: Int { conversation.unconfirmed }
    var hasNoErrorInStore: Bool { conversation.ledger.replacementCount == 0 }

    func has(_ serial: StatementSerial) -> Bool { conversation.statements.contains(serial) }

    func takeSent() -> [UInt8] {
        let bytes = conversation.output.bytes()
        let buffers = self.buffers
        conversation.handOutput(of: .none) { _, output in output.consume(output.count, to: buffers) }
        return bytes
    }

    func takeTold() -> [Told] {
        defer { told = [] }
        return told
    }

    func receive(_ bytes: some Collection<UInt8>) {
        if bytes.isEmpty { return }
        conversation.incoming.hold(Array(bytes).span.bytes, from: buffers)
        var held = conversation.incoming.takeHeld()
        let consumed = read(held.bytes)
        held.consume(consumed, to: buffers)
        conversation.incoming.putBack(&held, to: buffers)
    }

    private func read(_ pointer: UnsafeRawBufferPointer) -> Int {
        let bytes = pointer.bytes
        var offset = conversation.incoming.passRest(of: bytes.byteCount).size
        while case .message(let header) = Frame(ofServer: bytes, at: offset) {
            takeAnswers()
            let available = min(header.size, bytes.byteCount - offset)
            if available < header.size, !conversation.mayArriveInParts(header) { break }
            if header.tag == BackendTag.dataRow, conversation.passesRows {
                told.append(.row)
            } else {
                let body = offset + MessageHeader.byteCount
                meet(header.tag, status: header.tag == BackendTag.readyForQuery ? bytes.byte(at: body) : 0)
            }
            offset += available
            if available < header.size { conversation.incoming.expectRest(header.size - available, isForwarded: true) }
        }
        return offset
    }

    func takeAnswers() {
        while let entry = conversation.takeAnswer() { told.append(.answer(entry.kind)) }
    }

    private func meet(_ tag: UInt8, status: UInt8) {
        switch conversation.meet(tag, status: status) {
        case .part: told.append(.part(Unicode.Scalar(tag)))
        case .completed: told.append(.completed(conversation.finished.kind))
        case .ready(let hasFailed): told.append(.ready(hasFailed: hasFailed))
        case .unasked: told.append(.failed(nil))
        case .failed: fail()
        case .copyIn: told.append(.copyIn)
        case .violation(let violation): told.append(.violation(violation))
        }
        takeAnswers()
    }

    /// What the engine does about an error that it does not repair.
    private func fail() {
        guard let entry = conversation.ledger.first else { return }
        told.append(.failed(entry.kind))
        if let error = conversation.takeReplacement() { replacements.append(error) }
        if entry.completesCycle { return }
        var skipped = conversation.skipToSync()
        var entries: [LedgerEntry] = []
        while let message = conversation.undoNext(&skipped) {
            entries.append(message.entry)
            if let id = message.overtaken { overtaken.append(id) }
        }
        undone.append(entries)
    }
}

/// As much of PostgreSQL as a conversation can tell: which statements there are, and what is skipped after an error
/// (PostgreSQL documentation, 55.2.3). It writes down what no server should be sent.
struct WireModel {
    private(set) var named: Set<String> = []
    /// The text of the unnamed statement.
    private(set) var unnamed: String?
    private(set) var faults: [String] = []
    private var isSkipping = false
    private var rest: [UInt8] = []

    /// - Parameter fails: whether a message that can fail does; asked for each.
    mutating func answer(_ bytes: [UInt8], fails: (UInt8) -> Bool) -> [UInt8] {
        rest += bytes
        var replies: [UInt8] = []
        var offset = 0
        while let header = Frame.whole(ofClient: rest.span.bytes, at: offset, before: rest.count) {
            let body = Array(rest[offset + MessageHeader.byteCount..<offset + header.size])
            replies += answer(header.tag, body, fails)
            offset += header.size
        }
        rest.removeFirst(offset)
        return replies
    }

    static func message(_ tag: UInt8, _ body: [UInt8] = []) -> [UInt8] {
        var builder = MessageBuilder()
        builder.message(tag) { $0.raw(body) }
        return builder.bytes
    }

    static let error = message(BackendTag.errorResponse, Array("SERROR\0C42601\0Mno\0\0".utf8))
    static let ready = message(BackendTag.readyForQuery, Array("I".utf8))
    static let row = message(BackendTag.dataRow, [0, 1, 0, 0, 0, 40] + Array(repeating: 7, count: 40))
    static let complete = message(BackendTag.commandComplete, Array("SELECT 1\0".utf8))
    static let description = message(BackendTag.rowDescription, [0, 0])

    private mutating func answer(_ tag: UInt8, _ body: [UInt8], _ fails: (UInt8) -> Bool) -> [UInt8] {
        if tag == FrontendTag.sync {
            isSkipping = false
            return Self.ready
        }
        if isSkipping || tag == FrontendTag.flush { return [] }
        let strings = body.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        switch tag {
        case FrontendTag.query:
            unnamed = nil
            if fails(tag) { return Self.error + Self.ready }
            return Self.description + Self.row + Self.complete + Self.ready
        case FrontendTag.parse:
            if strings[0].isEmpty { unnamed = nil }
            if strings[1].hasPrefix("howdah refuses") || fails(tag) { return fail() }
            if strings[0].isEmpty {
                unnamed = strings[1]
            } else if !named.insert(strings[0]).inserted {
                faults.append("\(strings[0]) is prepared twice")
            }
            return Self.message(BackendTag.parseComplete)
        case FrontendTag.bind:
            // The portal is named after the text of the statement that is meant.
            if strings[1].isEmpty ? unnamed != strings[0] : !named.contains(strings[1]) {
                faults.append("\(strings[0]) is bound and not there: \(strings[1]), \(unnamed ?? "none")")
            }
            return fails(tag) ? fail() : Self.message(BackendTag.bindComplete)
        case FrontendTag.describe:
            if fails(tag) { return fail() }
            return Self.message(BackendTag.parameterDescription, [0, 0]) + Self.description
        case FrontendTag.execute: return fails(tag) ? fail() : Self.row + Self.complete
        case FrontendTag.close:
            let name = String(strings[0].dropFirst())
            if name.isEmpty { unnamed = nil } else { named.remove(name) }
            return Self.message(BackendTag.closeComplete)
        default:
            faults.append("a message of type \(tag)")
            return []
        }
    }

    private mutating func fail() -> [UInt8] {
        isSkipping = true
        return Self.error
    }
}
