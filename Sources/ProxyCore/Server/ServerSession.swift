import Bytes
import PostgresWire

typealias ServerPointer = UnsafeMutablePointer<ServerSession>

/// One connection from the proxy to a node.
struct ServerSession: ~Copyable {
    // First: what Swift 6.3 adds for ThreadSanitizer takes the first field of a noncopyable struct for an address, and
    // does not compile where it is none.
    let pool: UnsafeMutablePointer<Pool>
    let handle: Handle
    let node: Int
    var transport = TransportID.none
    var phase = ServerPhase.connecting {
        willSet { assert(phase.mayBecome(newValue), "a server that is \(phase) becomes \(newValue)") }
    }
    var isTouched = false
    /// `send_high_water` is passed towards it: its client is read no further.
    var isBacklogged = false
    var pauses: PauseReasons = []
    /// The batch under way resets what came with its client's start-up packet (`ServerExtras.startReset`).
    var resetsToStart = false
    var preparing = PreparingBySQL.Stage.none
    /// It has its client's named statements under the client's names (`ServerExtras.shown`), and none that are shared.
    var isShowing = false
    var cleanup = Cleanup.none
    /// Whether the node was a replica when the server was taken.
    var isReplica = false
    /// It has been taken for a read, of whose reply nothing has come: the time until then, from `since` on, is its
    /// node's latency.
    var isTimed = false
    /// Cancel requests under way to it: until they are over it is handed to nobody.
    var cancels: Int32 = 0
    /// In the transaction under way the schema may have been changed.
    var changesSchema = false
    /// In the transaction under way something may have notified.
    var mayNotify = false
    /// In the transaction under way something may have changed the catalog.
    var changesCatalog = false
    /// The same of log-ins; `extras` has what.
    var changesLogins = false
    /// It is a replica's that may not have known of the last change of log-ins when it let us in.
    var isLoginDoubtful = false
    /// Rounds of the listening server that must end before it is handed to anybody else.
    var fences: Int32 = 0
    var client = Handle.none
    /// The process as which the client knows itself that has it or had it last; 0 before the first.
    var lastClient: UInt32 = 0
    /// What it has been sent, what it owes, and what it has in consequence.
    var conversation: Conversation
    var settings = ServerSettings()
    var processID: UInt32 = 0
    let created: Microseconds
    var since: Microseconds
    var sequences = SequenceMemory()
    let extras = ServerExtras()

    init(handle: Handle, pool: UnsafeMutablePointer<Pool>, node: Int, now: Microseconds, _ clock: TurnClock) {
        self.handle = handle
        conversation = Conversation(clock: clock)
        self.pool = pool
        self.node = node
        created = now
        since = now
    }

    @inline(__always)
    var profile: ProfileID { settings.profile }

    var token: PeerToken { PeerToken(.server, handle) }
    var process: ServerProcess { ServerProcess(node: node, id: processID) }

    /// Sees to it that no other client gets it before it has been cleaned so.
    mutating func needs(_ cleanup: Cleanup) { self.cleanup = self.cleanup.and(cleanup) }
}

/// The process of a server, as its node knows it.
struct ServerProcess: Hashable {
    let node: Int
    let id: UInt32
}
