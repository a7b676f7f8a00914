import Bytes

/// Clients in the queue for reads for which no replica is fresh: by when their time is over, and by what a replica must
/// have replayed. However many wait, an event costs as much as those whom it concerns.
///
/// Who has left, or waits another time, stays in until its time is over; the owner finds out.
struct FreshnessWaits {
    private struct Place {
        let wait: FreshnessWait
        let wanted: SampleNumber
    }

    private var byDeadline = BinaryHeap<FreshnessWait> { $0.deadline < $1.deadline }
    private var byWanted = BinaryHeap<Place> { $0.wanted < $1.wanted }
    /// The wait of each client that is in, by when it began.
    private var current: [Handle: Microseconds] = [:]

    init() {}

    var isEmpty: Bool { current.isEmpty }
    var count: Int { current.count }

    /// When the time of the next is over; `.max` where none waits.
    var nextDeadline: Microseconds { byDeadline.first?.deadline ?? .max }

    func contains(_ client: Handle, since: Microseconds) -> Bool { current[client] == since }

    /// - Parameter wanted: what a node must cover at least before it is worth looking whether it is fresh for the
    ///   client.
    mutating func add(_ wait: FreshnessWait, wanted: SampleNumber) {
        current[wait.client] = wait.since
        latest = wait.deadline
        if byWanted.count > 2 * current.count + 64 { forgetThoseWhoLeft() }
        byDeadline.insert(wait)
        byWanted.insert(Place(wait: wait, wanted: wanted))
    }

    /// Takes one whose time is over; nil where there is none any more.
    mutating func popExpired(at now: Microseconds) -> FreshnessWait? {
        while let first = byDeadline.first, first.deadline <= now {
            _ = byDeadline.popFirst()
            if remove(first) { return first }
        }
        if isEmpty { self = FreshnessWaits() }
        return nil
    }

    /// Takes those who may be served by a node that covers so much.
    mutating func popWanting(upTo covered: SampleNumber) -> [(wait: FreshnessWait, wanted: SampleNumber)] {
        var found: [(wait: FreshnessWait, wanted: SampleNumber)] = []
        while let first = byWanted.first, first.wanted <= covered {
            _ = byWanted.popFirst()
            if remove(first.wait) { found.append((first.wait, first.wanted)) }
        }
        if isEmpty { self = FreshnessWaits() }
        return found
    }

    /// When the time of the last one that has come is over; nil where none waits.
    var lastDeadline: Microseconds? { isEmpty ? nil : latest }

    private var latest: Microseconds = 0

    private mutating func forgetThoseWhoLeft() {
        var kept = BinaryHeap<Place> { $0.wanted < $1.wanted }
        while let place = byWanted.popFirst() {
            if current[place.wait.client] == place.wait.since { kept.insert(place) }
        }
        byWanted = kept
    }

    private mutating func remove(_ wait: FreshnessWait) -> Bool {
        guard current[wait.client] == wait.since else { return false }
        current[wait.client] = nil
        return true
    }
}

/// A client in the queue for reads for which no replica is fresh.
struct FreshnessWait {
    let client: Handle
    /// `ClientSession.since` of this wait: a later one of the same client has another.
    let since: Microseconds
    /// When its read goes to the primary.
    let deadline: Microseconds
}
