import MonotonicTime
import ProxyCore

/// Settings and nodes that change while the nodes are watched.
extension MonitorLoop {
    /// Options hold at once; which nodes there are changes when nothing is under way that goes by them.
    func reconfigure(_ reload: MonitorReload) {
        options = reload.options
        lag.limits = options.lagLimits
        let now = MonotonicClock.now
        for place in probes.indices {
            probes[place].timeout = options.timeout
            if watches[place].rules != options.rules { watches[place].setRules(options.rules, at: now) }
        }
        adopt(members.setRules(options.discovery))
        pending = reload.nodes
        settleNodes()
        if pending != nil { log(.nodesWait) }
        answers.append((reload.done, pending == nil ? .applied : .waiting))
        mustReport = true
    }

    /// Once a round: what waits for the end of a failover or a switchover.
    func settleNodes() {
        guard let nodes = pending, !isSwitchingOver, promotionDriver?.promotion.isUnderWay != true else { return }
        pending = nil
        let before = Set(members.nodes.indices.filter { members.isMember($0) })
        let changes = members.configured(nodes, reserved: fencing.accepted?.place)
        // What is known of a herd says nothing of another that has taken its place.
        let stays = before.contains { members.isMember($0) && !changes.contains(.left($0)) }
        if !before.isEmpty, !stays { fencing.forget() }
        adopt(changes, areConfigured: true)
        reconfigurePromotion()
    }

    private func reconfigurePromotion() {
        let policies = members.nodes.map(\.promotion)
        switch (options.promotion, promotionDriver) {
        case (let rules?, nil): promotionDriver = PromotionDriver(rules: rules, nodes: members.nodes)
        case (let rules?, _): promotionDriver?.promotion.reconfigure(rules, policies)
        case (nil, _): promotionDriver = nil
        }
        promotionDriver?.mustLook = true
    }

    /// Behind the view that shows it.
    func answerReloads() {
        let told = answers
        answers = []
        for (done, outcome) in told { done(outcome) }
    }
}

/// What `ClusterMonitor.reconfigure` hands to the monitor's thread.
struct MonitorReload: Sendable {
    /// Of the configuration; their indexes do not count.
    let nodes: [MonitoredNode]
    /// Its `coordination` does not count.
    let options: MonitorOptions
    let done: @Sendable (MonitorReloadOutcome) -> Void
}

/// What has come of other nodes.
package enum MonitorReloadOutcome: Sendable, Equatable {
    /// Workers have been told of them.
    case applied
    /// They come and go once the failover or switchover that is under way is over.
    case waiting
}
