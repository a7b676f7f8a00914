import Bytes
import PostgresWire

/// The servers of one pool on one node.
struct NodePool: ~Copyable {
    /// Free servers; the last is the one used last, whose memory is warm.
    var idle: [Handle] = []
    var connecting = 0
    var active = 0
    /// Draining or closing: they still count against the size.
    var leaving = 0
    /// No connection is tried before this time.
    var retryAt: Microseconds = 0
    var lastFailure: String?
    /// The words in which it has refused the last log-in for good; nil once it has let one in.
    var refusedLogin: PostgresError?
    /// It has let nobody in since.
    var refusal: NodeRefusal?
    /// When it last became possible to use it again: waits for a free server count from then.
    var usableSince: Microseconds = 0
    var assignments: UInt64 = 0
    /// How far those who wait to read have been looked through for this node.
    var passed = WaitQueue.Passed()
    var reads: UInt64 = 0
    var writes: UInt64 = 0

    init() {}

    /// Its slot is another node's, or the node another than it was: what it has refused before counts no more.
    mutating func isAnotherNode(now: Microseconds) {
        retryAt = 0
        lastFailure = nil
        refusal = nil
        refusedLogin = nil
        usableSince = now
    }

    var total: Int { idle.count + connecting + active + leaving }
}

/// A node lets nobody in: it refuses connections, starts up or shuts down, or does not answer.
struct NodeRefusal {
    let since: Microseconds
    let reason: String
}
