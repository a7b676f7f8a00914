import PostgresWire

/// What a message of a server's means for the ledger, as plain data.
enum ReplyStep: BitwiseCopyable {
    /// It belongs to the reply under way and does not end it, or it comes unasked (a notice, a notification).
    case part
    /// The reply to a message is over, and its entry out of the ledger (`Conversation.finished`).
    case completed
    /// The same, and the cycle with it; an error was among its replies, or none.
    case ready(hasFailed: Bool)
    /// An error in answer to the message whose entry is the ledger's first.
    case failed
    /// An error that nothing asked for.
    case unasked
    /// The server takes what the client copies.
    case copyIn
    case violation(ReplyViolation)
}

/// What no server sends.
enum ReplyViolation: UInt8, BitwiseCopyable {
    case unaskedReply
    case unaskedReady
    case unaskedCopy

    var ofServer: String {
        switch self {
        case .unaskedReply: "sent a reply that nothing asked for"
        case .unaskedReady: "sent ReadyForQuery that nothing asked for"
        case .unaskedCopy: "began to copy, which nothing asked for"
        }
    }
}

/// What a server takes of what it is sent.
enum ServerInput: UInt8, BitwiseCopyable {
    case messages
    /// Either, which its reply to the last message tells: nothing is sent behind that before.
    case undecided
    /// COPY FROM STDIN, or a stream of a WAL sender, is open: CopyData, CopyDone and CopyFail. Of anything else Flush
    /// and Sync are ignored, and the rest ends the copy and the connection (PostgreSQL documentation, 55.2.6).
    case copyData
    /// After an error in an extended batch everything up to a Sync that has not been sent yet is ignored.
    case nothingToSync
}

/// Bytes that are still to come of a message whose beginning has been dealt with. What it belonged to may be over.
enum ReplyRest: BitwiseCopyable, Equatable {
    case none
    case forwarded(Int)
    case dropped(Int)
}

/// A message that is not carried out, with its assumptions about the server undone.
struct UndoneMessage: BitwiseCopyable {
    let entry: LedgerEntry
    /// Where its change of a name has been overtaken by a later message's: what that one would have gone back to, of
    /// which the reference is the caller's. The later one goes back to what this one would have.
    let overtaken: StatementID?
}

extension LedgerEntry.Kind {
    /// The type of its message.
    @inline(__always)
    var tag: UInt8 {
        switch self {
        case .parse: FrontendTag.parse
        case .bind: FrontendTag.bind
        case .describe: FrontendTag.describe
        case .execute: FrontendTag.execute
        case .close: FrontendTag.close
        case .sync: FrontendTag.sync
        case .query: FrontendTag.query
        case .functionCall: FrontendTag.functionCall
        }
    }

    /// Of a message that is answered; nil where one of this type is not.
    init?(tag: UInt8) {
        switch tag {
        case FrontendTag.parse: self = .parse
        case FrontendTag.bind: self = .bind
        case FrontendTag.describe: self = .describe
        case FrontendTag.execute: self = .execute
        case FrontendTag.close: self = .close
        case FrontendTag.sync: self = .sync
        case FrontendTag.query: self = .query
        case FrontendTag.functionCall: self = .functionCall
        default: return nil
        }
    }
}

extension LedgerEntry {
    /// Whether ReadyForQuery is the reply, or its end.
    var completesCycle: Bool {
        switch kind {
        case .sync, .query, .functionCall: true
        case .parse, .bind, .describe, .execute, .close: false
        }
    }
}
