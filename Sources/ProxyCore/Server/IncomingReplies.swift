import Bytes

/// What of a server's messages is between two receives: the beginning of one that is looked at whole, or the rest of
/// one that is not.
struct IncomingReplies: ~Copyable {
    private(set) var rest = ReplyRest.none
    /// The beginning of a reply that has not arrived whole.
    private(set) var carry = HeldBytes()

    init() {}

    /// Whether nothing has arrived in part.
    var isWhole: Bool { carry.isEmpty && rest == .none }

    /// Gives back what was lent.
    mutating func clear(to buffers: BufferPool) { carry.clear(to: buffers) }

    /// Keeps the beginning of a message until the rest comes.
    mutating func hold(_ bytes: RawSpan, from buffers: BufferPool) {
        bytes.withUnsafeBytes { carry.append($0, from: buffers) }
    }

    /// What was kept; it is the caller's, until `putBack()`.
    mutating func takeHeld() -> HeldBytes {
        var held = HeldBytes()
        swap(&held, &carry)
        return held
    }

    /// Keeps what is left of it.
    mutating func putBack(_ held: inout HeldBytes, to buffers: BufferPool) {
        swap(&held, &carry)
        held.clear(to: buffers)
    }

    /// Bytes that belong to a message whose beginning has been dealt with.
    @inline(__always)
    mutating func passRest(of available: Int) -> (size: Int, isForwarded: Bool) {
        switch rest {
        case .none: return (0, true)
        case .forwarded(let left):
            let size = min(left, available)
            rest = size == left ? .none : .forwarded(left &- size)
            return (size, true)
        case .dropped(let left):
            let size = min(left, available)
            rest = size == left ? .none : .dropped(left &- size)
            return (size, false)
        }
    }

    /// The beginning of a message has been dealt with; so many bytes of it are still to come.
    mutating func expectRest(_ size: Int, isForwarded: Bool) { rest = isForwarded ? .forwarded(size) : .dropped(size) }
}

/// Messages that go to the client, found one after another and copied in one piece.
struct ForwardRun: BitwiseCopyable {
    /// Where the messages that have not been copied yet begin.
    var start: Int
    /// A ReadyForQuery was among the messages.
    var cycleEnded = false

    init(offset: Int) { start = offset }
}
