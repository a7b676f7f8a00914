import ProxyCore

/// A node as `Promotion` sees it: what it said last, after fencing.
package struct PromotionCandidate: Sendable, Equatable {
    /// False: it has left. Its place stays, and it counts for nothing.
    package var isMember: Bool
    /// What it says that it is; `unknown` while it does not answer, or is lost by the watch's verdict.
    package var role: NodeRole
    package var isFenced: Bool
    package var timeline: UInt32?
    /// How far its log reaches, received or replayed.
    package var position: WALPosition?
    /// `NodeReading.heard`.
    package var heard: String?
    package var isStreaming: Bool
    /// A replica that receives, and from where and how the monitoring user may not know.
    package var isHidden: Bool
    /// When it was asked for all that: microseconds of one monotonic clock.
    package var askedAt: UInt64

    package init(
        role: NodeRole,
        isMember: Bool = true,
        isFenced: Bool = false,
        timeline: UInt32? = nil,
        position: WALPosition? = nil,
        heard: String? = nil,
        isStreaming: Bool = false,
        isHidden: Bool = false,
        askedAt: UInt64 = 0
    ) {
        self.role = role
        self.isMember = isMember
        self.isFenced = isFenced
        self.timeline = timeline
        self.position = position
        self.heard = heard
        self.isStreaming = isStreaming
        self.isHidden = isHidden
        self.askedAt = askedAt
    }
}
