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
        if promoter?.takeLook(at: now) == true {
            let scene = scene
            decide(.looked(scene))
            seeToFollowing(scene)
        }
    }

    private func seeToFollowing(_ scene: PromotionScene) {
        let now = MonotonicClock.now
        let right = conductor.map { $0.coordinator.rightToPoint(at: now) } ?? Following.Right()
        let former = conductor?.coordinator.formerPrimary
        point(promoter?.following.look(scene, former: former, right, at: now) ?? [])
    }

    private func point(_ actions: [Following.Action]) {
        for action in actions {
            switch action {
            case .point(let replica, let primary, let sources):
                let places = sources.map { $0.sorted().map { probes[$0].node.address } }
                start(.follow(probes[primary].node.address, onlyFrom: places), at: replica)
            case .log(let news): log(.following(news, nodes: probes.map(\.node.name)))
            }
        }
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
                isHidden: readings[place]?.hidesReceiver ?? false,
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
        case .owe(let replicas): promoter?.following.owe(replicas)
        case .intend(let intent):
            if intent == .cancel { promoter?.errands.removeAll { $0.errand.isPromotion } }
            conduct(.intends(intent))
        case .cutOff: conduct(.cutOff)
        case .log(let news): log(.promotion(news, nodes: probes.map(\.node.name)))
        }
    }

    // MARK: Errands

    /// A candidate that hears of it later than this many seconds after it was connected to does nothing. Less than
    /// `PromotionRules.retry`, so that nobody has chosen another one by then.
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
        let isFree = conductor.map { $0.coordinator.hold(at: MonotonicClock.now) == nil } ?? true
        guard let run = promoter?.errands.first(where: { $0.interest?.fd == descriptor }) else { return }
        let isStillPrimary = run.errand.target.map { target in
            verdict.primary.map { probes[$0].node.address == target } ?? false
        }
        guard let outcome = run.ready(mayChange: isFree && isStillPrimary ?? true) else { return }
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
        if case .follow(let address, _) = run.errand { return pointed(run.place, at: address, outcome) }
        if outcome != .slotThere { log(.errand(node: probes[run.place].node.name, run.errand, outcome)) }
        switch (run.errand, outcome) {
        case (.promote, .promoted(let isDone)):
            decide(.promotionAnswered(isDone))
            tell(run.place, .hinted)
        case (.promote, .refused(let reason)): decide(.promotionRefused(reason))
        case (.promote, _): decide(.promotionUnanswered)
        case (.follow, _), (.provideSlot, _): break
        }
    }

    private func pointed(_ place: Int, at address: NodeAddress, _ outcome: ErrandOutcome) {
        guard let primary = probes.indices.first(where: { probes[$0].node.address == address }) else { return }
        let now = MonotonicClock.now
        point(promoter?.following.ended(place, outcome, primary: primary, at: now) ?? [])
        switch outcome {
        case .follows(let slot, _), .followsAlready(let slot, _):
            tell(place, .hinted)
            if let slot, verdict.primary == primary { start(.provideSlot(slot), at: primary) }
        default: break
        }
    }
}
