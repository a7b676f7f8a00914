import Bytes

/// What stands where a message should begin: the one place at which types and lengths of messages are looked at, for
/// either side and for every state of a conversation. What lies behind cannot meet a header that could not be.
@usableFromInline
package enum Frame: BitwiseCopyable {
    /// Fewer bytes than a header are at hand.
    case partial
    /// A header that can be. Its message need not be at hand whole.
    case message(MessageHeader)
    case violation(FramingViolation)

    /// The message of a client's at `offset`. PostgreSQL draws the same lines (`SocketBackend`), but that it tells
    /// only its log.
    /// - Parameter limit: bytes of the longest message that is taken (`max_message_size`).
    @inline(__always)
    @inlinable
    package init(ofClient bytes: RawSpan, at offset: Int, limit: Int) {
        guard bytes.byteCount &- offset >= MessageHeader.byteCount else {
            self = .partial
            return
        }
        let tag = bytes.byte(at: offset)
        let size = Int(bytes.int32(at: offset &+ 1)) &+ 1
        guard let longest = Self.longestOfClient(tag) else {
            self = .violation(.unknownType(tag))
            return
        }
        if size < MessageHeader.byteCount || size > longest {
            self = .violation(longest == MessageHeader.byteCount && size > longest ? .format : .length)
        } else if size > limit {
            self = .violation(.tooLong(size))
        } else {
            self = .message(MessageHeader(tag: tag, size: size))
        }
    }

    /// The message of a server's at `offset`.
    @inline(__always)
    @inlinable
    package init(ofServer bytes: RawSpan, at offset: Int) {
        guard bytes.byteCount &- offset >= MessageHeader.byteCount else {
            self = .partial
            return
        }
        let tag = bytes.byte(at: offset)
        let size = Int(bytes.int32(at: offset &+ 1)) &+ 1
        guard let sizes = Self.sizesOfServer(tag) else {
            self = .violation(.unknownType(tag))
            return
        }
        if sizes.contains(size) {
            self = .message(MessageHeader(tag: tag, size: size))
        } else {
            self = .violation(.length)
        }
    }

    /// The answer to a request for a password: the one message that a client may send then.
    /// - Parameter limit: bytes of the longest.
    package init(ofPassword bytes: RawSpan, limit: Int) {
        guard bytes.byteCount >= MessageHeader.byteCount else {
            self = .partial
            return
        }
        let tag = bytes.byte(at: 0)
        let size = Int(bytes.int32(at: 1)) &+ 1
        if tag != FrontendTag.password {
            self = .violation(.unknownType(tag))
        } else if (MessageHeader.byteCount...limit).contains(size) {
            self = .message(MessageHeader(tag: tag, size: size))
        } else {
            self = .violation(.length)
        }
    }

    /// A message that is known to stand whole between `offset` and `end`, since it was framed before; nil where it
    /// does not.
    @inline(__always)
    @inlinable
    package static func whole(ofClient bytes: RawSpan, at offset: Int, before end: Int) -> MessageHeader? {
        guard case .message(let header) = Frame(ofClient: bytes, at: offset, limit: end &- offset),
            offset &+ header.size <= Swift.min(end, bytes.byteCount)
        else { return nil }
        return header
    }

    // MARK: Sizes

    /// PostgreSQL's PQ_LARGE_MESSAGE_LIMIT and the type byte.
    @inlinable package static var large: Int { 0x3FFF_FFFF }
    /// PostgreSQL's PQ_SMALL_MESSAGE_LIMIT and the type byte.
    @inlinable package static var small: Int { 10_001 }
    /// What of a server's is gathered whole, and may be long: descriptions of 1,664 columns with names of 63 characters
    /// are far shorter, and so are those of 65,535 parameters.
    @inlinable package static var gathered: Int { 1 << 20 }

    /// Bytes of the longest message of a type; nil where a client sends no such type.
    @inline(__always)
    @inlinable
    static func longestOfClient(_ tag: UInt8) -> Int? {
        switch tag {
        case FrontendTag.query, FrontendTag.parse, FrontendTag.bind, FrontendTag.functionCall, FrontendTag.copyData:
            large
        case FrontendTag.sync, FrontendTag.flush: MessageHeader.byteCount
        case FrontendTag.describe, FrontendTag.execute, FrontendTag.close, FrontendTag.copyDone, FrontendTag.copyFail,
            FrontendTag.terminate:
            small
        default: nil
        }
    }

    /// Bytes of the shortest and of the longest message of a type; nil where a server sends no such type. Of the types
    /// that are passed on as they come, any length will do.
    @inline(__always)
    @inlinable
    static func sizesOfServer(_ tag: UInt8) -> ClosedRange<Int>? {
        switch tag {
        case BackendTag.dataRow, BackendTag.copyData, BackendTag.functionCallResponse, BackendTag.noticeResponse,
            BackendTag.errorResponse:
            5...0x8000_0000
        case BackendTag.rowDescription, BackendTag.parameterDescription: 7...gathered
        case BackendTag.parseComplete, BackendTag.bindComplete, BackendTag.closeComplete, BackendTag.noData,
            BackendTag.emptyQueryResponse, BackendTag.portalSuspended, BackendTag.copyDone:
            5...5
        case BackendTag.readyForQuery: 6...6
        case BackendTag.commandComplete: 6...small
        case BackendTag.parameterStatus: 7...gathered
        case BackendTag.notificationResponse: 11...gathered
        case BackendTag.copyInResponse, BackendTag.copyOutResponse, BackendTag.copyBothResponse: 8...small
        case BackendTag.authentication: 9...gathered
        // Protocol 3.2: a key of up to 256 bytes.
        case BackendTag.backendKeyData: 9...265
        case BackendTag.negotiateProtocolVersion: 13...gathered
        default: nil
        }
    }
}

/// Why bytes are no message.
@usableFromInline
package enum FramingViolation: BitwiseCopyable, Equatable {
    case unknownType(UInt8)
    /// A length that no message of the type has.
    case length
    /// A body where there is none to be.
    case format
    /// More than the limit; so many bytes.
    case tooLong(Int)

    /// In words that follow "the server".
    package var ofServer: String {
        switch self {
        case .unknownType(let tag): "sent a message of unknown type \(tag)"
        case .length, .format, .tooLong: "sent a message of invalid length"
        }
    }

    /// What a client is told that has sent it.
    /// - Parameter limit: `max_message_size`.
    package func error(limit: Int) -> PostgresError {
        switch self {
        case .unknownType(let tag):
            PostgresError(.fatal, .protocolViolation, "invalid frontend message type \(tag)")
        case .length: PostgresError(.fatal, .protocolViolation, "invalid message length")
        case .format: PostgresError(.fatal, .protocolViolation, "invalid message format")
        case .tooLong(let size):
            PostgresError(
                .fatal,
                .programLimitExceeded,
                "message of \(size) bytes is too long",
                hint: "Raise max_message_size (now \(limit))."
            )
        }
    }
}
