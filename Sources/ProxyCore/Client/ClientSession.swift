import Bytes
import ProxyTerms
import StatementRouting

typealias ClientPointer = UnsafeMutablePointer<ClientSession>

/// One application's connection.
///
/// A plain record in a slab, a few hundred bytes while idle: what it holds beside is lent by the buffer pool only while
/// bytes wait.
struct ClientSession: ~Copyable {
    let handle: Handle
    var transport = TransportID.none
    // What is small comes first and together: between words it would take one each, of every idle client.
    var phase = ClientPhase.startup {
        willSet { assert(phase.mayBecome(newValue), "a client that is \(phase) becomes \(newValue)") }
    }
    var flow = ClientFlow.between {
        willSet { assert(flow.mayBecome(newValue), "a client that is \(flow) becomes \(newValue)") }
    }
    var input = ClientInput.open
    /// Nothing stands in the way of what it has sent but that more of it must come.
    var needsInput = true
    /// Of the batches in flight one may write: they are carried out, whether the client stays or not.
    var mustCarryOut = false
    var transaction = ClientTransaction.none
    /// Of the batches in flight.
    var ending = TransactionEnding.none
    var isTouched = false
    /// `send_high_water` is passed towards it: its server is not read.
    var isBacklogged = false
    var pauses: PauseReasons = []
    /// A cancel has been asked for of what is in flight.
    var isCanceled = false
    /// What it has said by SET howdah.route; nil: its pool's `route` holds.
    var preference: RoutePreference?
    /// The first of the reasons for which it keeps its server, which `pinRecord` has all.
    var pin: PinReason?
    /// Waits in the queue for reads, else in that for writes.
    var waitsForRead = false
    /// A message in flight changes what a name means.
    var changesNames = false
    /// With `balance_level = session` the replica that it reads on; -1: none is chosen.
    var replica: Int16 = -1
    var lastRoute = RouteRecord()
    /// Batches sent whose ReadyForQuery has not come.
    var outstanding: Int32 = 0
    /// The settings that it wants, and those that it came with, to which RESET returns.
    var profile = ProfileID.base
    var startProfile = ProfileID.base
    var unnamed = StatementID.none
    /// When something has last come from it, or it has been read again after a pause: `Engine.now`, by 2^20
    /// microseconds.
    var heardAt: UInt32
    /// What it takes for its server's process, and the public half of its cancel key; 0 before it is let in.
    var processID: UInt32 = 0
    var pinRecord: PinRecord?
    var passThrough = PassThrough.none
    /// Where it has connected from (`ClientHosts`). Behind `passThrough` they fill a word that would stay empty.
    let port: UInt16
    let host: UInt32
    private var unendedBytes: UInt32 = 0
    private var bytesAhead: UInt32 = 0
    /// The text in the message that is passed on, where it is to be known.
    var passing: PassingText?
    /// The server on which it may have used sequences last.
    var sequenceServer = Handle.none
    /// The server that it holds.
    var server = Handle.none
    var pool: UnsafeMutablePointer<Pool>?
    /// What its next Parse is shared by, and why that is not what `profile` says, where it is not.
    var parseContext = ParseContext.plain
    var surroundings: ParseSurroundings?
    /// How its texts are to be understood, where its settings make a difference.
    var context: SessionContext?
    var statements = ClientStatements()
    /// Bytes that have arrived and not been looked at.
    var held = HeldBytes()
    /// The batch in flight, kept while it could be run again.
    var replay = HeldBytes()
    /// Changes of names that messages of that batch have made and servers confirmed: taken back before it runs again.
    var undo: [NameChange] = []
    /// Bytes for the client that the shell fetches at the end of the turn; while a batch is armed, its reply so far,
    /// which is held back.
    var output = ByteQueue()
    /// What was to be sent before that reply began.
    var released = ByteQueue()
    /// The secret half of its cancel key.
    var cancelSecret: UInt64 = 0
    /// When its phase, its wait or its idle time began.
    var since: Microseconds
    /// Of the batch in flight.
    var tries = SecondTries()
    var extras: ClientExtras?
    var freshness = ClientFreshness()
    var consistency: ClientConsistency?
    /// Of one that listens.
    var channels: ClientChannels?
    /// What an Execute may run.
    var portals = BoundPortals()

    init(handle: Handle, host: UInt32, port: UInt16, now: Microseconds) {
        self.handle = handle
        self.host = host
        self.port = port
        since = now
        heardAt = UInt32(truncatingIfNeeded: now >> 20)
    }

    /// Bytes of the next batch that are known not to hold its end.
    @inline(__always)
    var unended: Int {
        get { Int(unendedBytes) }
        set { unendedBytes = UInt32(newValue) }
    }

    /// Bytes at the end of `replay` that are not sent yet: they are at the front of `held`, too.
    @inline(__always)
    var replayAhead: Int {
        get { Int(bytesAhead) }
        set { bytesAhead = UInt32(newValue) }
    }

    var token: PeerToken { PeerToken(.client, handle) }
}
