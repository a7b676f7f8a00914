import MonotonicTime
import ProxyCore

/// Which nodes may be used, from what all of them say.
extension MonitorLoop {
    /// To be called when what a node says, or whether it answers, has changed.
    func judge() {
        let before = verdict
        let states = probes.indices.map { state($0).word }
        let claims = probes.indices.map { place -> NodeClaim? in
            guard let seen = watches[place].health.observation, let reading = readings[place] else { return nil }
            return NodeClaim(role: seen.role, reading)
        }
        verdict = fencing.judge(claims, isComplete: isComplete)
        let now = MonotonicClock.now
        for place in probes.indices {
            let (old, new) = (before.fences[place], verdict.fences[place])
            if old != new, members.isMember(place) { logFence(place, new) }
            let hasMoved = before.primary != verdict.primary && isPrimary(place, before)
            if hasMoved || states[place] != state(place).word { since[place] = now }
            watches[place].setUrgent(verdict.primary == nil, at: now)
        }
        promotionDriver?.mustLook = true
    }

    /// Whether a node became, or ceased to be, the one to write to.
    private func isPrimary(_ place: Int, _ before: FencingVerdict) -> Bool {
        before.primary == place || verdict.primary == place
    }

    private func logFence(_ place: Int, _ reason: FenceReason?) {
        let name = probes[place].node.name
        if let reason {
            log(.fenced(node: name, reason))
        } else {
            log(.unfenced(node: name, watches[place].state.role))
        }
    }

    /// What workers are told of a node.
    func state(_ place: Int) -> NodeState {
        if !members.isMember(place) { return .unknown(reason: "it has left") }
        if let fence = verdict.fences[place] { return .fenced(reason: fence.description) }
        if verdict.primary == place, let hold = coordinationDriver?.hold { return .fenced(reason: hold.description) }
        let state = watches[place].state
        if state == .up(.primary), verdict.primary != place {
            return .unknown(reason: "it says that it is primary, and not every node has been asked yet")
        }
        return state
    }

    /// What a node may be used as.
    func role(_ place: Int) -> NodeRole {
        if !members.isMember(place) || verdict.fences[place] != nil { return .unknown }
        let role = watches[place].state.role
        return role == .primary && verdict.primary != place ? .unknown : role
    }
}
