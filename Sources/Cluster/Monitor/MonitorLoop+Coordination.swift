import MonotonicTime
import ProxyCore

/// Agreeing with other proxies: what `Coordinator` decides is done here.
extension MonitorLoop {
    /// Once a round, before anything is published.
    func coordinate() {
        let now = MonotonicClock.now
        guard let event = coordinationDriver?.event(look, at: now) else { return }
        conduct(event)
    }

    func conduct(_ event: Coordinator.Event) {
        let now = MonotonicClock.now
        for action in coordinationDriver?.coordinator.handle(event, at: now) ?? [] {
            switch action {
            case .ask(let request): coordinationDriver?.ask(request)
            case .promotion(let event): decide(event)
            case .log(let news): log(.coordination(news))
            }
        }
        followHold(at: MonotonicClock.now)
    }

    /// Workers are told of what must not be written to before they may write for longer.
    private func followHold(at now: UInt64) {
        guard let current = coordinationDriver else { return }
        let hold = current.coordinator.hold(at: now)
        if hold != current.hold {
            coordinationDriver?.hold = hold
            judge()
            publishChange()
        }
        current.lease.extend(to: current.coordinator.writesUntil)
    }

    private var look: CoordinationLook {
        let sees = probes.indices.first { place in
            guard members.isMember(place), watches[place].health.observation?.role == .primary else { return false }
            if verdict.primary == place { return true }
            if case .beingReplaced? = verdict.fences[place] { return true }
            return false
        }
        let claim = verdict.primary.flatMap { place in readings[place].map { NodeClaim(role: $0.role, $0) } }
        return CoordinationLook(
            names: probes.indices.map { members.isMember($0) ? probes[$0].node.name : "" },
            sees: sees,
            timeline: claim?.timeline?.number ?? 0,
            lastTimeline: fencing.accepted?.timeline?.number ?? 0,
            followers: promotionDriver?.following.followers ?? []
        )
    }
}
