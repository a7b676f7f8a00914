import Bytes

/// Who is there, counted from the sessions themselves: what the engine's own counts must agree with.
struct Census {
    /// Of one pool.
    struct OfPool {
        var clients = 0
        var waiting = 0
        var waitingToRead = 0
    }

    /// Of one pool on one node.
    struct OfNode {
        var idle = 0
        var connecting = 0
        var active = 0
        var leaving = 0
    }

    struct Place: Hashable {
        let pool: Handle
        let node: Int
    }

    var pools: [Handle: OfPool] = [:]
    var nodes: [Place: OfNode] = [:]
    var inFlight: [Int: Int] = [:]
    var clientCounts = Quota.Counts()
    var serverCounts = Quota.Counts()
    /// References to statements and to profiles.
    var statements: [StatementID: Int] = [:]
    var profiles: [ProfileID: Int] = [:]
    /// Cancel connections, and rounds of listening servers, that hold a server back.
    var cancels: [Handle: Int] = [:]
    var fences: [Handle: Int] = [:]
    /// Bytes that sessions hold of the buffer pool's.
    /// Clients by the number of their host.
    var hosts: [UInt32: Int] = [:]
    var lentBytes = 0

    mutating func refer(to id: StatementID) { if !id.isNone { statements[id, default: 0] += 1 } }

    mutating func refer(to id: ProfileID) { if id != .base { profiles[id, default: 0] += 1 } }

    /// What a reply to come holds on to: the same as `Engine.forget` lets go.
    mutating func refer(by entry: LedgerEntry) {
        if entry.kind == .parse { refer(to: entry.statement) }
        refer(to: entry.previous)
    }
}
