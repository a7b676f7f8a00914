import Bytes

/// Clients that wait for a server, longest first. One that has left since stays in until it is met and passed over.
struct WaitQueue: ~Copyable {
    /// A client's wait: the time when it began tells it from a later wait of the same client.
    struct Entry: BitwiseCopyable {
        let client: Handle
        let since: Microseconds
        /// How often another has gone first while this one was the first to be served.
        fileprivate(set) var passedOver: UInt8 = 0
    }

    private var entries = RingQueue<Entry>()
    /// Clients that have not left.
    private(set) var waiting = 0
    /// Entries that have been taken from the front: by it a place keeps its number.
    private var taken: UInt64 = 0
    /// Changes when places are numbered anew.
    private(set) var order: UInt64 = 0

    init() {}

    mutating func append(_ client: Handle, since: Microseconds) {
        entries.append(Entry(client: client, since: since))
        waiting += 1
    }

    /// A client has got its server, or waits no longer.
    mutating func left() { waiting -= 1 }

    /// Whether those that have left are so many that it is worth looking for them.
    var isStale: Bool { entries.count > 2 * waiting + 64 }

    /// Drops the entries of those that have left.
    mutating func compact(isWaiting: (Entry) -> Bool) {
        order &+= 1
        for _ in 0..<entries.count {
            let entry = entries.removeFirst()
            if isWaiting(entry) { entries.append(entry) }
        }
    }

    /// The first that still waits; those before it have left, and are dropped.
    mutating func first(isWaiting: (Entry) -> Bool) -> Entry? {
        while let entry = entries.first {
            if isWaiting(entry) { return entry }
            entries.removeFirst()
            taken &+= 1
        }
        return nil
    }

    /// Entries, those of clients that have left among them.
    var count: Int { entries.count }

    subscript(offset: Int) -> Entry { entries[offset] }

    /// The number of the place of an entry, which it keeps while others leave.
    func place(of index: Int) -> UInt64 { taken &+ UInt64(index) }

    /// The entries from a place on.
    func places(from place: UInt64) -> Range<Int> {
        let start = place > taken ? Int(min(place - taken, UInt64(count))) : 0
        return start..<count
    }

    // MARK: Whom a free server serves

    /// The place of the one that has waited longest of those that a node can serve.
    /// - Parameters:
    ///   - passed: how far the queue has been looked through for this node; who was passed over is not looked at again
    ///     before something changes that decides it (`Passed.begin`).
    ///   - isServed: whether a client that still waits can be served there.
    func firstServed(_ passed: inout Passed, isServed: (Entry) -> Bool) -> Int? {
        for index in places(from: passed.place) where isServed(entries[index]) {
            passed.place = place(of: index)
            return index
        }
        passed.place = place(of: count)
        return nil
    }

    /// How often the client that is the first to be served lets another go before it.
    static let mostPassedOver = 4
    /// How many from the front on are looked at.
    static let mostLookedAt = 32

    /// The place of one that has a free server's settings already, if the first to be served has not: where many share
    /// few servers, to change settings for each of them would cost the servers more than the statements do. The first
    /// lets others go before it a few times, so that nobody waits for ever.
    /// - Parameters:
    ///   - first: the place of the first to be served.
    ///   - fits: whether a client that still waits can be served by this server and has its settings.
    mutating func fittest(_ first: Int, fits: (Entry) -> Bool) -> Int {
        if entries[first].passedOver >= Self.mostPassedOver || fits(entries[first]) { return first }
        for index in 0..<min(count, Self.mostLookedAt) where fits(entries[index]) {
            entries[first].passedOver += 1
            return index
        }
        return first
    }

    /// How far a queue has been looked through in vain for somebody whom a node can serve.
    struct Passed: BitwiseCopyable {
        /// Whoever stands before it cannot be served.
        var place: UInt64 = 0
        private var epoch: UInt64 = 0
        private var order: UInt64 = 0
        private var servesAnybody = false

        init() {}

        /// Begins from the front, unless nothing has changed that decides who is served.
        mutating func begin(_ epoch: UInt64, _ order: UInt64, _ servesAnybody: Bool) {
            if epoch == self.epoch, order == self.order, servesAnybody == self.servesAnybody { return }
            self.epoch = epoch
            self.order = order
            self.servesAnybody = servesAnybody
            place = 0
        }
    }
}
