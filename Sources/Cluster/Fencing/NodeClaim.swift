import ProxyCore

/// What a node says of itself that shows whether it may be used.
package struct NodeClaim: Sendable, Equatable {
    /// `primary` or `replica`.
    package let role: NodeRole
    /// Nil: not known.
    package let timeline: Timeline?
    /// Nil: the monitoring user may not know.
    package let systemIdentifier: String?
    /// How far its log reaches, received or replayed.
    package let position: WALPosition?
    /// A replica whose WAL receiver streams, as far as the monitoring user may know.
    package let isStreaming: Bool

    package init(
        role: NodeRole,
        timeline: Timeline?,
        systemIdentifier: String? = nil,
        position: WALPosition? = nil,
        isStreaming: Bool = false
    ) {
        self.role = role
        self.timeline = timeline
        self.systemIdentifier = systemIdentifier
        self.position = position
        self.isStreaming = isStreaming
    }

    package init(role: NodeRole, _ reading: NodeReading) {
        self.init(
            role: role,
            timeline: reading.timeline.map { Timeline(number: $0, history: reading.history) },
            systemIdentifier: reading.systemIdentifier,
            position: [reading.reached, reading.flushed].compactMap { $0 }.max(),
            isStreaming: role == .replica && reading.receiver == "streaming"
        )
    }
}
