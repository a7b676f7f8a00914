/// All that `Promotion` decides by, at one moment.
package struct PromotionScene: Sendable, Equatable {
    /// By place.
    package var nodes: [PromotionCandidate]
    /// The node that may be written to, by `FencingVerdict`.
    package var primary: Int?
    /// The primary that was right last, `Fencing.accepted`, and its timeline.
    package var accepted: Int?
    package var timeline: UInt32?

    package init(nodes: [PromotionCandidate], primary: Int?, accepted: Int?, timeline: UInt32?) {
        self.nodes = nodes
        self.primary = primary
        self.accepted = accepted
        self.timeline = timeline
    }
}
