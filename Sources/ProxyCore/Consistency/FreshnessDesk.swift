import Bytes

/// Who waits for news of the nodes' WAL positions, and whether the control plane has been asked for any: reads for
/// which no replica is fresh, the same of pinned clients, and clients that have asked for the primary's position.
///
/// It knows clients by their handles alone. Who has left since stays in until its turn comes; whoever is told then
/// finds out.
struct FreshnessDesk {
    /// Asked for, and not answered.
    private enum Sample {
        case none
        case asked(at: Microseconds)
    }

    /// After so many microseconds an answer that has not come is asked for again.
    private static let patience: Microseconds = 1000

    private var sample = Sample.none
    private var queue = FreshnessWaits()
    /// Pinned clients, which wait with a server of their own.
    private var pinned: Set<Handle> = []
    /// When the time of the first of them is over, or of one that was served since.
    private var pinnedDeadline = Microseconds.max
    private var positions: [Handle] = []
    /// Clients that were looked at because they wait, since the start: what waiting clients cost.
    private(set) var looked: UInt64 = 0

    init() {}

    // MARK: Asking

    /// Somebody needs to know the nodes' positions soon, and for so long often.
    /// - Returns: what the control plane is to be asked for; nil where it has been asked already.
    mutating func ask(within limit: Microseconds, now: Microseconds) -> Microseconds? {
        if case .asked(let since) = sample, now - since < Self.patience { return nil }
        sample = .asked(at: now)
        return max(limit, Self.patience)
    }

    /// Positions have come.
    mutating func answered() { sample = .none }

    /// When the time of one that waits is over; `.max` where there is none.
    var nextDeadline: Microseconds { min(queue.nextDeadline, pinnedDeadline) }

    /// A client is looked at because it waits.
    mutating func noteLook() { looked &+= 1 }

    // MARK: Reads in the queue

    /// - Parameters:
    ///   - since: when its place in the pool's queue began, which tells this wait from a later one.
    ///   - wanted: what a node must cover at least before it is worth looking.
    mutating func waits(_ client: Handle, since: Microseconds, until deadline: Microseconds, wanted: SampleNumber) {
        queue.add(FreshnessWait(client: client, since: since, deadline: deadline), wanted: wanted)
    }

    /// The same wait goes on, though a node has come to cover what it wanted.
    mutating func waitsOn(_ wait: FreshnessWait, wanted: SampleNumber) { queue.add(wait, wanted: wanted) }

    func isWaiting(_ client: Handle, since: Microseconds) -> Bool { queue.contains(client, since: since) }

    /// Takes one whose time is over; nil where there is none any more.
    mutating func takeExpired(at now: Microseconds) -> FreshnessWait? { queue.popExpired(at: now) }

    /// Takes those who may be served by a node that covers so much.
    mutating func takeServable(by covered: SampleNumber) -> [(wait: FreshnessWait, wanted: SampleNumber)] {
        queue.isEmpty ? [] : queue.popWanting(upTo: covered)
    }

    /// How long from now on positions are to be looked at for those in the queue; nil where none waits.
    func interest(at now: Microseconds) -> Microseconds? { queue.lastDeadline.map { $0 - now } }

    // MARK: Pinned clients

    mutating func waitsPinned(_ client: Handle, until deadline: Microseconds) {
        if pinned.insert(client).inserted { pinnedDeadline = min(pinnedDeadline, deadline) }
    }

    /// Takes all of them: each looks again, and comes back if it must.
    mutating func takePinned() -> [Handle] {
        pinnedDeadline = .max
        if pinned.isEmpty { return [] }
        defer { pinned = [] }
        // A set has no order, and a run is to be the same from the same seed.
        return pinned.sorted { $0.rawValue < $1.rawValue }
    }

    // MARK: Positions to be told

    var hasPositionsToTell: Bool { !positions.isEmpty }

    func isToBeTold(_ client: Handle) -> Bool { positions.contains(client) }

    mutating func waitsForPosition(_ client: Handle) { positions.append(client) }

    /// Takes all of them, in the order in which they came; whoever cannot be told yet comes back.
    mutating func takePositionWaits() -> [Handle] {
        defer { positions = [] }
        return positions
    }
}
