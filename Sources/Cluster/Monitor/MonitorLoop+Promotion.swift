import Glibc
import ProxyCore

/// Promotions: what `Promotion` decides is done here, over connections of their own.
extension MonitorLoop {
    /// Once a round.
    func promote() {
        guard promoter != nil else { return }
        let now = MonotonicClock.now
        expireErrands(at: now)
        if promoter?.mustAwait == true, let serial = published?.serial {
            promoter?.awaited = serial
            promoter?.mustAwait = false
        }
        if promoter?.takeApplied() == true { decide(.workersTold) }
        if promoter?.takeLook(at: now) == true { decide(.looked(scene)) }
    }

    func decide(_ event: Promotion.Event) {
        let actions = promoter?.promotion.handle(event, at: MonotonicClock.now) ?? []
        for action in actions { perform(action) }
    }

    private var scene: PromotionScene {
        let nodes = probes.indices.map { place -> PromotionCandidate in
            let claim = readings[place].map { NodeClaim(role: $0.role, $0) }
            return PromotionCandidate(
                role: watches[place].health.observation?.role ?? .unknown,
                isFenced: verdict.fences[place] != nil,
                timeline: claim?.timeline?.number,
                position: claim?.position,
                heard: readings[place]?.heard,
                isStreaming: claim?.isStreaming ?? false,
                askedAt: readings[place]?.sentAt ?? 0
            )
        }
        return PromotionScene(
            nodes: nodes,
            primary: verdict.primary,
            accepted: fencing.accepted?.place,
            timeline: fencing.accepted?.timeline?.number
        )
    }

    private func perform(_ action: PromotionAction) {
        switch action {
        case .fence(let old, let candidate):
            fencing.replace(old, by: candidate)
            judge()
            publishChange()
            promoter?.awaited = nil
            promoter?.mustAwait = true
        case .unfence:
            fencing.keep()
            promoter?.awaited = nil
            promoter?.mustAwait = false
            judge()
        case .promote(let place):
            let seconds = max(1, Int((promoter?.rules.patience ?? .seconds(60)).components.seconds))
            let limit = conductor == nil ? nil : Self.promotionWindow
            start(.promote(seconds: seconds, within: limit), at: place, limit: .seconds(seconds + 10))
        case .follow(let replica, let primary): start(.follow(probes[primary].node.address), at: replica)
        case .intend(let intent):
            if intent == .cancel { promoter?.errands.removeAll { $0.errand.isPromotion } }
            conduct(.intends(intent))
        case .cutOff: conduct(.cutOff)
        case .log(let news): log(.promotion(news, nodes: probes.map(\.node.name)))
        }
    }

    // MARK: Errands

    /// A candidate that hears of it later than this many seconds after it was connected to does nothing. Less than `PromotionRules.retry`, so that nobody has
    /// chosen another one by then.
    private static let promotionWindow = 5

    private func start(_ errand: Errand, at place: Int, limit: Duration = .seconds(30)) {
        let run = ErrandRun(errand, place: place, deadline: MonotonicClock.now &+ limit.nanoseconds)
        let parameters = ConnectionParameters(
            node: probes[place].node,
            addresses: probes[place].addresses.list,
            purpose: "failover"
        )
        if let outcome = run.begin(parameters) {
            ended(run, outcome)
        } else {
            promoter?.errands.append(run)
        }
    }

    func errandReady(_ descriptor: Int32) {
        let mayPromote = conductor.map { $0.coordinator.hold(at: MonotonicClock.now) == nil } ?? true
        guard let run = promoter?.errands.first(where: { $0.interest?.fd == descriptor }),
            let outcome = run.ready(mayPromote: mayPromote)
        else { return }
        promoter?.errands.removeAll { $0 === run }
        ended(run, outcome)
    }

    private func expireErrands(at now: UInt64) {
        for run in promoter?.errands ?? [] where run.deadline <= now {
            promoter?.errands.removeAll { $0 === run }
            ended(run, run.expire())
        }
    }

    private func ended(_ run: ErrandRun, _ outcome: ErrandOutcome) {
        log(.errand(node: probes[run.place].node.name, run.errand, outcome))
        switch (run.errand, outcome) {
        case (.promote, .promoted(let isDone)):
            decide(.promotionAnswered(isDone))
            tell(run.place, .hinted)
        case (.promote, .refused(let reason)): decide(.promotionRefused(reason))
        case (.promote, _): decide(.promotionUnanswered)
        case (.follow, .follows(let slot)):
            tell(run.place, .hinted)
            if let slot, let primary = verdict.primary { start(.provideSlot(slot), at: primary) }
        case (.follow, _), (.provideSlot, _): break
        }
    }
}
