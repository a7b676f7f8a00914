import Bytes
import PostgresWire

/// The body of a NotificationResponse, read (PostgreSQL documentation, 55.7).
struct NotificationMessage {
    /// Of the server that has notified.
    let processID: UInt32
    let channel: Channel
    /// The channel's name and the payload, each with its terminating zero.
    let content: Range<Int>

    /// nil where the body is malformed.
    init?(_ body: RawSpan) {
        guard body.byteCount > 4, let nameEnd = body.firstZero(from: 4), nameEnd + 1 < body.byteCount,
            body.firstZero(from: nameEnd + 1) == body.byteCount - 1
        else { return nil }
        processID = body.uint32(at: 0)
        channel = Channel(body.text(4..<nameEnd))
        content = 4..<body.byteCount
    }

    /// The whole message, as if another process had notified.
    static func bytes(processID: UInt32, content: [UInt8]) -> [UInt8] {
        var builder = MessageBuilder()
        builder.message(BackendTag.notificationResponse) { body in
            body.int32(Int32(bitPattern: processID))
            body.raw(content)
        }
        return builder.bytes
    }
}
