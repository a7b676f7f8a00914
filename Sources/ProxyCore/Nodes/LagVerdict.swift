/// Whether a replica is near enough to the primary to take reads.
package enum LagVerdict: Sendable, Equatable {
    /// No replica, or nothing is asked of it.
    case notJudged
    case near
    /// Nobody can tell: no reads.
    case unknown(reason: String)
    /// Over a limit: no reads until it has caught up.
    case behind(reason: String)

    package var takesReads: Bool {
        switch self {
        case .notJudged, .near: true
        case .unknown, .behind: false
        }
    }

    /// Why it takes no reads.
    package var reason: String? {
        switch self {
        case .notJudged, .near: nil
        case .unknown(let reason), .behind(let reason): reason
        }
    }
}
