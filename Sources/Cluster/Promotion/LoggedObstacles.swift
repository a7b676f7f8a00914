/// What the log has been told of one outage, so that what comes and goes with every look is told once.
struct LoggedObstacles: Sendable {
    /// Who exactly hears from the primary, and how many answer, changes from one look to the next.
    private enum Kind: Hashable {
        case noMajority(seen: Int)
        case primaryIsHeard
        case noCandidate
        case refused(candidate: Int, reason: String)
        case candidateSilent(Int)
        case objected(proxy: String)
        case standsStill(proxy: String)
        case noLease
        case proxiesAwaited

        init(_ obstacle: PromotionObstacle) {
            self =
                switch obstacle {
                case .noMajority(let seen, _): .noMajority(seen: seen)
                case .primaryIsHeard: .primaryIsHeard
                case .noCandidate: .noCandidate
                case .refused(let candidate, let reason): .refused(candidate: candidate, reason: reason)
                case .candidateSilent(let candidate): .candidateSilent(candidate)
                case .objected(let proxy, _): .objected(proxy: proxy)
                case .standsStill(let proxy): .standsStill(proxy: proxy)
                case .noLease: .noLease
                case .proxiesAwaited: .proxiesAwaited
                }
        }
    }

    /// More than this is not told apart: a node's own words may differ each time.
    private static let limit = 64
    private var kinds: Set<Kind> = []

    /// Whether the log has not been told of this; counts as told.
    mutating func isNews(_ obstacle: PromotionObstacle) -> Bool {
        kinds.count < Self.limit && kinds.insert(Kind(obstacle)).inserted
    }

    /// There is a primary again.
    mutating func outageEnded() {
        if !kinds.isEmpty { kinds = [] }
    }
}
