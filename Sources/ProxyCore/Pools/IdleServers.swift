import Bytes

/// The free servers of one pool on one node, the one used last at the end: its memory is warm.
///
/// Which of them a session gets hangs on settings alone: to bring a server to others costs it more than a read by key.
struct IdleServers: ~Copyable {
    /// A free server, with what its choice hangs on. None of that changes while it is free.
    struct Entry: BitwiseCopyable {
        let server: Handle
        let profile: ProfileID
        /// When it became free.
        let since: Microseconds
        /// Nobody has had it yet.
        let isUnused: Bool
    }

    private var entries: [Entry] = []

    /// How many are looked at for one that has a session's settings.
    static let mostLookedAt = 64
    /// So long after its last use a server's settings are taken not to be asked for again at once, in microseconds.
    static let soon: Microseconds = 20_000

    init() {}

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// The one that has been free for the longest time.
    var oldest: Entry? { entries.first }

    func contains(_ server: Handle) -> Bool { entries.contains { $0.server == server } }

    func forEach(_ body: (Entry) -> Void) { entries.forEach(body) }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// - Returns: whether it was there.
    mutating func remove(_ server: Handle) -> Bool {
        guard let index = entries.lastIndex(where: { $0.server == server }) else { return false }
        entries.remove(at: index)
        return true
    }

    // MARK: Taking

    /// The one used last, if it has these settings.
    @inline(__always)
    mutating func takeWarmest(_ profile: ProfileID) -> Handle? {
        guard let last = entries.last, last.profile == profile else { return nil }
        entries.removeLast()
        return last.server
    }

    /// The one used last of those that have these settings.
    mutating func takeFitting(_ profile: ProfileID) -> Handle? {
        for index in (max(0, entries.count - Self.mostLookedAt)..<entries.count).reversed()
        where entries[index].profile == profile {
            return entries.remove(at: index).server
        }
        return nil
    }

    /// One that has served nobody yet: there is nobody who could come back to its settings.
    mutating func takeUnused() -> Handle? {
        // It lies where it was put when it was opened: those that have been used since lie behind it.
        for index in 0..<min(entries.count, Self.mostLookedAt)
        where entries[index].isUnused && entries[index].profile == .base {
            return entries.remove(at: index).server
        }
        return nil
    }

    /// One to be brought to other settings: the one that has idled longest, if nobody seems to come back to it. Else
    /// the one used last: where sessions come back by turns and are more than the servers, the longest idle is always
    /// the one that is wanted next.
    mutating func takeToChange(now: Microseconds) -> Handle? {
        guard let oldest = entries.first else { return nil }
        if now - oldest.since < Self.soon { return entries.removeLast().server }
        return entries.removeFirst().server
    }
}
