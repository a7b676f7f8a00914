import Bytes
import PostgresWire

/// The servers of one pool on one node: how many there are at which stage, and which of them are free.
///
/// The one that counts them. A server is told of by its stages: it opens, is let in, is free, taken, drains, and has
/// left from whichever it was at.
struct NodePool: ~Copyable {
    /// Where a server is that counts against the size.
    enum Stage {
        case connecting
        case idle
        case active
        /// Draining or closing.
        case leaving
    }

    private(set) var idle = IdleServers()
    private(set) var connecting = 0
    private(set) var active = 0
    private(set) var leaving = 0
    /// No connection is tried before this time.
    var retryAt: Microseconds = 0
    var lastFailure: String?
    /// The words in which it has refused the last log-in for good; nil once it has let one in.
    var refusedLogin: PostgresError?
    /// It has let nobody in since.
    private(set) var refusal: NodeRefusal?
    /// When it last became possible to use it again: waits for a free server count from then.
    private(set) var usableSince: Microseconds = 0
    /// How far those who wait to read have been looked through for this node.
    var passed = WaitQueue.Passed()

    init() {}

    /// Servers that count against the size.
    var total: Int { idle.count + connecting + active + leaving }

    // MARK: A server's stages

    mutating func opens() { connecting += 1 }

    /// It has logged in; `isTaken()` or `isFree()` follows.
    mutating func isLetIn(now: Microseconds) {
        connecting -= 1
        lastFailure = nil
        refusedLogin = nil
        retryAt = 0
        guard refusal != nil else { return }
        refusal = nil
        usableSince = now
    }

    /// A client has it.
    @inline(__always)
    mutating func isTaken() {
        active &+= 1
    }

    /// Its client has let go of it.
    @inline(__always)
    mutating func drains() {
        active &-= 1
        leaving &+= 1
    }

    /// It is clean; `isTaken()` or `isFree()` follows.
    @inline(__always)
    mutating func isDrained() { leaving &-= 1 }

    mutating func isFree(_ entry: IdleServers.Entry) { idle.append(entry) }

    mutating func left(_ server: Handle, from stage: Stage) {
        switch stage {
        case .connecting: connecting -= 1
        // One that has just been let in may be in no list yet.
        case .idle: _ = idle.remove(server)
        case .active: active -= 1
        case .leaving: leaving -= 1
        }
    }

    // MARK: Taking free ones

    /// See `IdleServers.takeWarmest`.
    @inline(__always)
    mutating func takeWarmest(_ profile: ProfileID) -> Handle? {
        guard let server = idle.takeWarmest(profile) else { return nil }
        isTaken()
        return server
    }

    /// See `IdleServers.takeFitting`.
    mutating func takeFitting(_ profile: ProfileID) -> Handle? { taken(idle.takeFitting(profile)) }

    /// See `IdleServers.takeUnused`.
    mutating func takeUnused() -> Handle? { taken(idle.takeUnused()) }

    /// See `IdleServers.takeToChange`.
    mutating func takeToChange(now: Microseconds) -> Handle? { taken(idle.takeToChange(now: now)) }

    /// This very one; false where it is not free.
    mutating func take(_ server: Handle) -> Bool {
        guard idle.remove(server) else { return false }
        isTaken()
        return true
    }

    private mutating func taken(_ server: Handle?) -> Handle? {
        if server != nil { isTaken() }
        return server
    }

    // MARK: Refusals

    /// It has refused a connection, or did not answer.
    mutating func refuses(_ reason: String, now: Microseconds) {
        refusal = NodeRefusal(since: refusal?.since ?? now, reason: reason)
    }

    /// Its slot is another node's, or the node another than it was: what it has refused before counts no more.
    mutating func isAnotherNode(now: Microseconds) {
        retryAt = 0
        lastFailure = nil
        refusal = nil
        refusedLogin = nil
        usableSince = now
    }

    /// It has refused the pool's last log-in for good, and none of its servers is left there to be waited for.
    var lacksServers: Bool { refusedLogin != nil && idle.isEmpty && active == 0 && leaving == 0 }

    func isRefusedLately(now: Microseconds) -> Bool { lacksServers && now < retryAt }

    /// The pool has no servers there, and has lately failed to open one.
    func isRefused(now: Microseconds) -> Bool { total == 0 && now < retryAt }

    /// Since when it has let nobody in, and has no servers from before; nil where it does, or has.
    var outage: NodeRefusal? { active == 0 && idle.isEmpty ? refusal : nil }
}

/// A node lets nobody in: it refuses connections, starts up or shuts down, or does not answer.
struct NodeRefusal {
    let since: Microseconds
    let reason: String
}
