/// Why etcd did not do what it was asked.
enum EtcdFailure: Error, Equatable {
    case unreachable(String)
    /// What it answered, in its own words.
    case refused(status: Int, String)
    case malformed(String)

    var reason: String {
        switch self {
        case .unreachable(let words): words
        case .refused(let status, let words): "HTTP status \(status): \(words)"
        case .malformed(let what): "its answer cannot be understood: \(what)"
        }
    }

    var isLeaseGone: Bool {
        if case .refused(_, let words) = self { words.contains("requested lease not found") } else { false }
    }

    /// It wants a log-in, or a new one.
    var isUnauthorized: Bool {
        guard case .refused(let status, let words) = self else { return false }
        return status == 401 || words.contains("invalid auth token") || words.contains("user name is empty")
    }
}
