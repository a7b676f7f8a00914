import Bytes
import PostgresWire

/// The replies that a server owes, in order, with answers of the proxy's own between them, and the errors of the
/// proxy's own that stand in for provoked ones.
///
/// An entry carries what its message assumed of the client's names and of the server's statements. What comes to
/// nothing is undone from the last to the first; where a message behind it has changed the same name again, that one
/// remembers from then on what the name meant before.
struct Ledger: ~Copyable {
    private var entries = RingQueue<LedgerEntry>()
    private var replacements: [PostgresError] = []

    init() {}

    @inline(__always)
    var count: Int { entries.count }

    @inline(__always)
    var isEmpty: Bool { entries.isEmpty }

    @inline(__always)
    var first: LedgerEntry? { entries.first }

    /// The message that was sent last, if it has not been answered.
    var last: LedgerEntry? { isEmpty ? nil : entries[count - 1] }

    /// The entry `index` places behind the first; `index` must be below `count`.
    subscript(index: Int) -> LedgerEntry {
        @inline(__always) get { entries[index] }
    }

    /// The entry that `removeFirst()` took last.
    @inline(__always)
    var finished: LedgerEntry { entries.lastTaken }

    /// Errors that wait to be told instead of provoked ones.
    var replacementCount: Int { replacements.count }

    // MARK: What is owed

    @inline(__always)
    mutating func append(_ entry: LedgerEntry) { entries.append(entry) }

    /// - Parameter time: when its message is sent (`TurnClock`).
    @inline(__always)
    mutating func append(_ entry: LedgerEntry, sentAt time: UInt32) {
        entries.append(entry)
        // In its place: an entry is large to be copied once more.
        entries.lastPlace.pointee.sentAt = time
    }

    /// A message that is to fail; the client gets `error` then.
    mutating func append(_ entry: LedgerEntry, replacement error: PostgresError) {
        assert(entry.disposition == .replace, "the server's error is the client's")
        entries.append(entry)
        replacements.append(error)
    }

    /// The first must not have failed with an error that is yet to be replaced.
    @inline(__always)
    @discardableResult
    mutating func removeFirst() -> LedgerEntry { entries.removeFirst() }

    mutating func setEffectOfLast(_ effect: LedgerEntry.Effect) { entries[count - 1].effect = effect }

    /// Of a provoked error: what its client is to get instead, once.
    mutating func takeReplacement() -> PostgresError? {
        guard entries.first?.disposition == .replace, !replacements.isEmpty else { return nil }
        entries[0].disposition = .swallow
        return replacements.removeFirst()
    }

    // MARK: What hangs on it

    /// Whether a message that matches is part of an earlier batch in flight, which may fail: the last that does.
    @inline(__always)
    func isInEarlierBatch(_ matches: (LedgerEntry) -> Bool) -> Bool {
        var isInEarlierBatch = false
        for index in (0..<count).reversed() {
            let entry = entries[index]
            if entry.completesCycle { isInEarlierBatch = true }
            if matches(entry) { return isInEarlierBatch }
        }
        return false
    }

    /// What a name meant before a message changed it, to which it will not go back any more; the reference is the
    /// caller's from now on.
    mutating func takePrevious(at index: Int) -> StatementID {
        let previous = entries[index].previous
        entries[index].previous = .none
        return previous
    }

    /// The client that waits for a reply has let go of the server: the reply goes nowhere.
    /// - Returns: the entry as it was; what it says of the client's names is the caller's to undo.
    mutating func disown(at index: Int) -> LedgerEntry {
        let entry = entries[index]
        var left = entry
        if entry.changesName {
            left.changesName = false
            left.previous = .none
            left.statement = .none
        }
        if entry.disposition == .replace { replacements.removeLast() }
        if entry.disposition != .answer { left.disposition = .swallow }
        // It is in vain, too.
        if entry.purpose == .begin { left.purpose = .none }
        left.effect = .none
        entries[index] = left
        return entry
    }

    // MARK: What comes to nothing

    /// The messages that a server ignores after an error in answer to the first.
    /// - Parameter input: becomes `nothingToSync` where no Sync ends them.
    func messagesToSync(_ input: inout ServerInput) -> SkippedMessages {
        var count = 0
        while count < entries.count, entries[count].kind != .sync { count += 1 }
        if count == entries.count { input = .nothingToSync }
        return SkippedMessages(count: count)
    }

    /// Takes out what has been skipped and undone.
    mutating func removeSkipped(_ skipped: SkippedMessages) {
        for _ in 0..<skipped.count where entries.removeFirst().disposition == .replace {
            // Its error comes no more: it is the first of those that wait, since later batches wait behind it.
            replacements.removeFirst()
        }
    }

    /// Takes out the message that was sent last.
    mutating func removeLast() -> LedgerEntry? {
        if isEmpty { return nil }
        let entry = entries.removeLast()
        if entry.disposition == .replace { replacements.removeLast() }
        return entry
    }

    /// Whether a message from `start` on is to prepare the statement, too.
    /// - Parameter isThere: the statement is there in any case; else that message is the one that prepares it.
    mutating func isPreparedLater(_ serial: StatementSerial, from start: Int, isThere: Bool) -> Bool {
        for index in start..<count where entries[index].changesServer && entries[index].serial == serial {
            if !isThere { entries[index].preparesAgain = false }
            return true
        }
        return false
    }

    /// The change of a name has come to nothing: where a message from `start` on has changed it again, it is that one
    /// which would bring back the meaning before.
    /// - Returns: what it would have brought back, whose reference is the caller's; nil where none has.
    mutating func overtake(_ entry: LedgerEntry, from start: Int) -> StatementID? {
        for index in start..<count where entries[index].changesName && entries[index].place.index == entry.place.index {
            let overtaken = entries[index].previous
            entries[index].previous = entry.previous
            return overtaken
        }
        return nil
    }
}

/// The messages at the head of a ledger that a server does not carry out, of which `left` have not been undone.
struct SkippedMessages: BitwiseCopyable {
    let count: Int
    var left: Int

    init(count: Int) {
        self.count = count
        left = count
    }
}
