/// For clients to which bytes wait to be sent: since when none of them has left.
///
/// Looked at about once a second; between two looks nothing is noted, so a client that reads pays nothing.
struct UnreadOutput<Name: Hashable> {
    private struct Record {
        var bytes: Int
        var since: Microseconds
    }

    private var before: [Name: Record] = [:]
    private var found: [Name: Record] = [:]

    init() {}

    var count: Int { before.count }

    /// A client has so many bytes that have not left (more than none).
    /// - Returns: microseconds for which nothing has left.
    mutating func note(_ client: Name, bytes: Int, at now: Microseconds) -> Microseconds {
        var record = Record(bytes: bytes, since: now)
        if let last = before[client], bytes >= last.bytes { record.since = last.since }
        found[client] = record
        return now - record.since
    }

    /// All have been looked at: who was not noted has nothing that waits.
    mutating func looked() {
        before = found
        found.removeAll(keepingCapacity: before.count > 0)
    }
}
