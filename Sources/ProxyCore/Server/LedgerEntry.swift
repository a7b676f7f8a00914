/// One reply that a server owes, and what is to become of it.
struct LedgerEntry: BitwiseCopyable {
    /// The message that was sent, which says what completes the reply.
    enum Kind: UInt8, BitwiseCopyable {
        case parse
        case bind
        case describe
        case execute
        case close
        case sync
        case query
        case functionCall
    }

    enum Disposition: UInt8, BitwiseCopyable {
        /// The client sent it and gets the reply.
        case forward
        /// The proxy sent it, or its client has gone: the reply goes nowhere.
        case swallow
        /// Nothing was sent: the proxy answers when the reply's turn comes.
        case answer
        /// The reply is an error that was provoked; the client gets the proxy's own instead.
        case replace
    }

    /// What the proxy sent a statement of its own for.
    enum Purpose: UInt8, BitwiseCopyable {
        case none
        case settings
        case begin
        case rollback
        case cleanup
        /// Asks what the session's settings are, after they have been changed.
        case values
        /// Brings back what came with the client's start-up packet and has been reset: ReadyForQuery is the client's.
        case startValues
        /// Takes back time limits that a server in its pool must not have.
        case relief
        /// A Parse that the server lacked.
        case prepare
        /// The same in front of a Query, with a Sync behind it.
        case prepareAhead
        /// Asks for the types of the parameters of what PREPARE has made, and closes that.
        case describePrepared
        case closePrepared
        /// Asks what a statement looks like by now, before a client that was told of it runs it.
        case check
        /// Asks whether what a client is pinned for is still there.
        case evidence
        /// A Sync in the place of a Flush, so that the server is free while the client looks at what it has prepared.
        case flush
    }

    /// What a statement of the client's does to its session once it has succeeded.
    enum Effect: UInt8, BitwiseCopyable {
        case none
        case discardAll
        case discardTemporary
        case discardSequences
        case deallocateAll
        /// The PREPARE that the server's extras remember has succeeded.
        case prepare
        /// Those in the client's `pendingSettings`, once the cycle has ended well.
        case settings
        /// Not known: the client keeps the server.
        case unknown
    }

    let kind: Kind
    var disposition: Disposition
    var purpose = Purpose.none
    var effect = Effect.none
    /// The statement meant. A Parse holds a reference to it; others know it by `serial` and must compare.
    var statement = StatementID.none
    /// For Parse, Close and Query: the client's name that was changed, and what it meant before.
    var place = ClientStatements.Place(index: 0)
    var previous = StatementID.none
    /// Whether `place` was changed and `previous` holds a reference.
    var changesName = false
    /// Whether `statement` was put into the server's table by this message.
    var changesServer = false
    /// Whether a Close stands in front of this Parse, because an earlier batch in flight is to prepare the statement
    /// too, and may fail to.
    var preparesAgain = false
    /// For Bind, Describe and what runs an EXECUTE: the client's name for the statement; for the last, where in its
    /// text it stood and how long it was, in characters. The size is 0 where nothing was exchanged.
    var nameSize: UInt16 = 0
    var namePlace = ClientStatements.Place.nowhere
    /// When it was sent (`TurnClock`).
    var sentAt: UInt32 = 0
    var serial = StatementSerial.none
    /// For Execute and Query: the statement may be COPY FROM STDIN, after which messages mean something else.
    var mayCopyIn = false
    /// For Query: the text that was sent is not the client's (`ServerExtras.exchanged`).
    var isExchanged = false
    /// For Execute and Query: the statement signals servers, and may end the one that it runs on.
    var maySignal = false
    /// For Execute and Query: what its row means for a client.
    var signal = ProcessSignal()
    /// Saturating: positions behind it are told as they are.
    var nameStart: UInt16 = 0

    init(_ kind: Kind, _ disposition: Disposition) {
        self.kind = kind
        self.disposition = disposition
    }
}

extension NameChange {
    /// What the message's reply has confirmed; takes over the entry's references.
    init(_ entry: LedgerEntry) {
        self.init(
            place: entry.place,
            previous: entry.previous,
            parsed: entry.kind == .parse ? entry.statement : .none
        )
    }
}
