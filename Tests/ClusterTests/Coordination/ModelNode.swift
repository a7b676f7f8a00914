import ProxyCore

@testable import Cluster

/// A PostgreSQL node: what it is, and what it is told.
struct ModelNode {
    var isAlive = true
    var role: NodeRole
    var timeline: UInt32 = 1
    /// Told to become primary: when it is.
    var promotedAt: UInt64?

    var claim: NodeClaim {
        let history: [TimelineSwitch] = timeline == 1 ? [] : [.init(timeline: 1, end: WALPosition(rawValue: 1_000))]
        return NodeClaim(
            role: role,
            timeline: Timeline(number: timeline, history: history),
            systemIdentifier: "7",
            position: WALPosition(rawValue: 1_000)
        )
    }
}
