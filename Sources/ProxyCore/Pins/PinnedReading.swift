import Bytes

/// Where a pinned client's reads run (`pinned_reads`).
enum PinnedReading: Equatable {
    /// On the client's own server.
    case atHome
    /// The read at hand waits for a replica that is fresh for the client, so long.
    case waiting(until: Microseconds)
    /// One runs on a replica, and this is the client's own server.
    case away(parked: Handle)

    /// The client's own server, while a read runs elsewhere.
    var parked: Handle {
        switch self {
        case .atHome, .waiting: .none
        case .away(let server): server
        }
    }

    /// No replica is fresh: the read waits for one.
    /// - Parameter limit: how long any read may.
    /// - Returns: until when; nil: it has waited as long as it may, and runs on the client's own server.
    mutating func wait(now: Microseconds, limit: Microseconds) -> Microseconds? {
        switch self {
        case .atHome:
            self = .waiting(until: now + limit)
            return now + limit
        case .waiting(let until):
            if now < until { return until }
            self = .atHome
            return nil
        case .away: return nil
        }
    }
}
