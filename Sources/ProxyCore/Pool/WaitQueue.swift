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
        for _ in 0..<entries.count {
            let entry = entries.removeFirst()
            if isWaiting(entry) { entries.append(entry) }
        }
    }

    var first: Entry? { entries.first }

    mutating func removeFirst() { entries.removeFirst() }
}
