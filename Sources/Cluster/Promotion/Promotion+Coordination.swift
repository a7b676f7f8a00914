/// What `Coordinator` says.
extension Promotion {
    /// A proxy that objected, or a lease that is missing, is asked about again after this.
    private static let pause: UInt64 = 200_000

    mutating func coordinate(_ event: Event, at now: UInt64) -> [PromotionAction] {
        switch (event, phase) {
        case (.granted, .asking(let attempt, _, let chosen)):
            phase = .fencing(attempt)
            return [.log(chosen), .fence(old: attempt.old, candidate: attempt.candidate)]
        case (.granted, _): return [.intend(.cancel)]
        case (.denied(let obstacle), .asking(_, var loss, _)):
            loss.notBefore = now &+ Self.pause
            return hinder(&loss, obstacle)
        case (.denied(let obstacle), .fencing(let attempt)) where !attempt.isInherited:
            return end(attempt, thenWaiting: nil) + say(obstacle)
        case (.allTold, .fencing(let attempt)):
            phase = .promoting(attempt, told: now)
            return [.promote(attempt.candidate)]
        case (.followed(let old, let candidate), _):
            phase = .following(Attempt(old: old, candidate: candidate, since: now))
            return [.fence(old: old, candidate: candidate)]
        case (.inherited(let old, let candidate), _):
            phase = .fencing(Attempt(old: old, candidate: candidate, since: now, isInherited: true))
            return [.fence(old: old, candidate: candidate)]
        case (.released, .withdrawing(let attempt, let loss)):
            phase = loss.map { .waiting($0) } ?? .idle
            return [.unfence(old: attempt.old)]
        case (.released, .fencing(let attempt)), (.released, .promoting(let attempt, _)),
            (.released, .following(let attempt)):
            phase = .idle
            return [.unfence(old: attempt.old)]
        case (.released, .asking(_, let loss, _)):
            phase = .waiting(loss)
            return []
        default: return []
        }
    }

    /// The old primary, or another, may have come back while the others were asked.
    mutating func askOn(_ attempt: Attempt, _ loss: Loss, _ scene: PromotionScene) -> [PromotionAction] {
        let isLost = scene.primary == nil && scene.nodes[attempt.old].role == .unknown
        let candidate = scene.nodes[attempt.candidate]
        let isFit = candidate.role == .replica && !candidate.isFenced
        if isLost, isFit, !scene.nodes.contains(where: { $0.role == .primary }) { return [] }
        phase = .waiting(loss)
        return [.intend(.cancel)]
    }
}
