import ProxyCore

/// A step from one state of a node's watch to another; each is worth one line in the log.
package enum NodeTransition: Sendable, Equatable {
    /// The first answer since the start.
    case discovered(NodeObservation)
    /// The first check since the start failed.
    case notReached(ProbeFailure)
    /// A check failed; the node stays in use until the verdict.
    case suspected(ProbeFailure)
    /// No failure is left among the last checks.
    case cleared(NodeRole)
    /// The verdict: it gets no statements until it answers again.
    case lost(ProbeFailure)
    /// Still lost, for another reason than before.
    case reasonChanged(ProbeFailure)
    /// It answers again.
    case returned(NodeObservation)
    /// A replica says that it is primary now.
    case promoted
    /// A primary says that it is a replica now.
    case demoted
    /// The same role, another `server_version_num`.
    case versionChanged(from: Int, to: Int)
}

extension NodeTransition: CustomStringConvertible {
    package var description: String {
        switch self {
        case .discovered(let seen): "is \(seen.role), version \(seen.version)"
        case .notReached(let failure): "cannot be reached: \(failure.reason)"
        case .suspected(let failure): "failed a check: \(failure.reason)"
        case .cleared(let role): "passes its checks again as \(role)"
        case .lost(let failure): "is lost: \(failure.reason)"
        case .reasonChanged(let failure): "is still lost: \(failure.reason)"
        case .returned(let seen): "is back as \(seen.role), version \(seen.version)"
        case .promoted: "was promoted: a replica became primary"
        case .demoted: "was demoted: the primary became a replica"
        case .versionChanged(let old, let new): "changed its version from \(old) to \(new)"
        }
    }
}
