import ProxyCore

@testable import Cluster

/// A PostgreSQL node: what it is, and what it is told.
struct ModelNode {
    var isAlive = true
    var role: NodeRole
    var timeline: UInt32 = 1
    /// Told to become primary: when it is.
    var promotedAt: UInt64?
    /// The node that its primary_conninfo names.
    var upstream: Int?
    /// A replica's WAL receiver streams.
    private(set) var isStreaming = false

    /// What a WAL receiver gets at this moment.
    mutating func receive(from nodes: [ModelNode]) {
        guard isAlive, role == .replica, let upstream, nodes[upstream].isAlive,
            nodes[upstream].role == .primary, nodes[upstream].timeline >= timeline
        else {
            isStreaming = false
            return
        }
        isStreaming = true
        timeline = nodes[upstream].timeline
    }

    mutating func becomePrimary(timeline: UInt32) {
        role = .primary
        self.timeline = timeline
        upstream = nil
        isStreaming = false
    }

    /// What a monitoring user without pg_monitor knows of it.
    var hiddenClaim: NodeClaim {
        let claim = claim
        return NodeClaim(
            role: claim.role,
            timeline: claim.timeline,
            systemIdentifier: claim.systemIdentifier,
            position: claim.position
        )
    }

    var claim: NodeClaim {
        let history: [TimelineSwitch] = timeline == 1 ? [] : [.init(timeline: 1, end: WALPosition(rawValue: 1_000))]
        return NodeClaim(
            role: role,
            timeline: Timeline(number: timeline, history: history),
            systemIdentifier: "7",
            position: WALPosition(rawValue: 1_000),
            isStreaming: isStreaming
        )
    }
}
