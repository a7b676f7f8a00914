import Bytes
import StatementRouting

/// A statement's text that is passed on to the server while it comes: what it does is known when all of it has passed.
///
/// Only of a client in the middle of such a message; holds the windows of its `StatementFold`, whatever the length.
final class PassingText {
    enum Message {
        case query
        /// Of a statement that stays on the server that gets it (`PreparedStatement.isPrivate`).
        case parse(StatementID)
    }

    let message: Message
    let fold: StatementFold
    /// As much of it as a pin remembers.
    private(set) var beginning: [UInt8] = []
    /// Bytes of the text that are still to come. That of a Parse ends with a zero, that of a Query in front of its last
    /// byte, which is one (PostgreSQL documentation, 55.7).
    private var left: Int

    /// - Parameter size: bytes of the text where it is a Query's.
    init(_ message: Message, size: Int, standardConformingStrings: Bool) {
        self.message = message
        left = size
        fold = StatementFold(standardConformingStrings: standardConformingStrings)
    }

    /// More of the message is passed on: bytes behind the text are not looked at.
    func append(_ bytes: RawSpan) {
        var size = min(left, bytes.byteCount)
        if case .parse = message, let end = bytes.firstZero(from: 0), end < size {
            size = end
            left = end
        }
        left -= size
        let missing = PinRecord.statementLimit - beginning.count
        if missing > 0 { beginning += bytes.array(0..<min(size, missing)) }
        fold.append(bytes.extracting(0..<size))
    }
}

/// The rest of a message that is passed on as it comes, never gathered.
enum PassThrough: BitwiseCopyable {
    case none
    /// Goes to the server that the client holds.
    case toServer(remaining: Int)
    case dropped(remaining: Int)
}
