import Bytes

/// Clients that wait for a server, longest first. One that has left since stays in until it is met and passed over.
struct WaitQueue: ~Copyable {
    /// A client's wait: the time when it began tells it from a later wait of the same client.
    struct Entry: BitwiseCopyable {
        let client: Handle
        let since: Microseconds
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

    var first: Entry? { entries.first }

    /// Entries, those of clients that have left among them.
    var count: Int { entries.count }

    subscript(offset: Int) -> Entry { entries[offset] }

    mutating func removeFirst() {
        entries.removeFirst()
        taken &+= 1
    }

    /// The number of the place of an entry, which it keeps while others leave.
    func place(of index: Int) -> UInt64 { taken &+ UInt64(index) }

    /// The entries from a place on.
    func places(from place: UInt64) -> Range<Int> {
        let start = place > taken ? Int(min(place - taken, UInt64(count))) : 0
        return start..<count
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
