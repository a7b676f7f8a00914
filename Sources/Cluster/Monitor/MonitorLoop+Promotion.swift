import Glibc
import MonotonicTime
import ProxyCore

/// Promotions: what `Promotion` decides is done here, over connections of their own.
extension MonitorLoop {
    /// Once a round.
    func promote() {
        guard promotionDriver != nil else { return }
        let now = MonotonicClock.now
        expireCommands(at: now)
        if promotionDriver?.mustAwait == true, let serial = published?.serial {
            promotionDriver?.awaited = serial
            promotionDriver?.mustAwait = false
        }
        if promotionDriver?.takeApplied() == true { decide(.workersTold) }
        if promotionDriver?.takeLook(at: now) == true {
            let scene = scene
            decide(.looked(scene))
            seeToFollowing(scene)
        }
    }

    private func seeToFollowing(_ scene: PromotionScene) {
        let now = MonotonicClock.now
        let right = coordinationDriver.map { $0.coordinator.rightToPoint(at: now) } ?? Following.Right()
        let former = coordinationDriver?.coordinator.formerPrimary
        point(promotionDriver?.following.look(scene, former: former, right, at: now) ?? [])
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
        let actions = promotionDriver?.promotion.handle(event, at: MonotonicClock.now) ?? []
        for action in actions { perform(action) }
    }

    private var scene: PromotionScene {
        let nodes = probes.indices.map { place -> PromotionCandidate in
            let claim = readings[place].map { NodeClaim(role: $0.role, $0) }
            return PromotionCandidate(
                role: watches[place].health.observation?.role ?? .unknown,
                isMember: members.isMember(place),
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
            // Nothing is promoted in place of a primary that has been taken out of the configuration.
            accepted: fencing.accepted.flatMap { $0.isMember ? $0.place : nil },
            timeline: fencing.accepted?.timeline?.number
        )
    }

    private func perform(_ action: PromotionAction) {
        switch action {
        case .fence(let old, let candidate):
            fencing.replace(old, by: candidate)
            judge()
            publishChange()
            promotionDriver?.awaited = nil
            promotionDriver?.mustAwait = true
        case .unfence:
            fencing.keep()
            promotionDriver?.awaited = nil
            promotionDriver?.mustAwait = false
            judge()
        case .promote(let place):
            let seconds = max(1, Int((promotionDriver?.rules.patience ?? .seconds(60)).components.seconds))
            let limit = coordinationDriver == nil ? nil : Self.promotionWindow
            start(.promote(seconds: seconds, within: limit), at: place, limit: .seconds(seconds + 10))
        case .owe(let replicas): promotionDriver?.following.owe(replicas)
        case .intend(let intent):
            if intent == .cancel { promotionDriver?.commands.removeAll { $0.command.isPromotion } }
            conduct(.intends(intent))
        case .cutOff: conduct(.cutOff)
        case .log(let news): log(.promotion(news, nodes: probes.map(\.node.name)))
        }
    }

    // MARK: Commands

    /// A candidate that hears of it later than this many seconds after it was connected to does nothing. Less than
    /// `PromotionRules.retry`, so that nobody has chosen another one by then.
    private static let promotionWindow = 5

    private func start(_ command: NodeCommand, at place: Int, limit: Duration = .seconds(30)) {
        let run = NodeCommandRun(command, place: place, deadline: MonotonicClock.now &+ limit.microseconds)
        let parameters = ConnectionParameters(
            node: probes[place].node,
            addresses: probes[place].addresses.list,
            purpose: "failover"
        )
        if let outcome = run.begin(parameters) {
            ended(run, outcome)
        } else {
            promotionDriver?.commands.append(run)
        }
    }

    func commandReady(_ descriptor: Int32) {
        let isFree = coordinationDriver.map { $0.coordinator.hold(at: MonotonicClock.now) == nil } ?? true
        guard let run = promotionDriver?.commands.first(where: { $0.interest?.fd == descriptor }) else { return }
        let isStillPrimary = run.command.target.map { target in
            verdict.primary.map { probes[$0].node.address == target } ?? false
        }
        guard let outcome = run.ready(mayChange: isFree && isStillPrimary ?? true) else { return }
        promotionDriver?.commands.removeAll { $0 === run }
        ended(run, outcome)
    }

    private func expireCommands(at now: UInt64) {
        for run in promotionDriver?.commands ?? [] where run.deadline <= now {
            promotionDriver?.commands.removeAll { $0 === run }
            ended(run, run.expire())
        }
    }

    private func ended(_ run: NodeCommandRun, _ outcome: NodeCommandOutcome) {
        if case .follow(let address, _) = run.command { return pointed(run.place, at: address, outcome) }
        if outcome != .slotThere { log(.command(node: probes[run.place].node.name, run.command, outcome)) }
        switch (run.command, outcome) {
        case (.promote, .promoted(let isDone)):
            decide(.promotionAnswered(isDone))
            tell(run.place, .hinted)
        case (.promote, .refused(let reason)): decide(.promotionRefused(reason))
        case (.promote, _): decide(.promotionUnanswered)
        case (.follow, _), (.provideSlot, _): break
        }
    }

    private func pointed(_ place: Int, at address: NodeAddress, _ outcome: NodeCommandOutcome) {
        guard let primary = probes.indices.first(where: { probes[$0].node.address == address }) else { return }
        let now = MonotonicClock.now
        point(promotionDriver?.following.ended(place, outcome, primary: primary, at: now) ?? [])
        switch outcome {
        case .follows(let slot, _), .followsAlready(let slot, _):
            tell(place, .hinted)
            if let slot, verdict.primary == primary { start(.provideSlot(slot), at: primary) }
        default: break
        }
    }
}
