import SeededRandom
import ProxyCore

@testable import Cluster

/// A proxy around the real `Coordinator`, `Promotion` and `Fencing`: the monitor's loop without its threads, and a
/// worker that looks at the lease.
final class ModelProxy {
    static let names = ["db0", "db1", "db2"]
    static let rules = PromotionRules(delay: .seconds(1), isCoordinated: true)

    enum Command {
        /// Connecting; then its clock is read.
        case connecting(candidate: Int, until: UInt64)
        /// The statement is on its way.
        case sent(candidate: Int, clock: UInt64, until: UInt64)
    }

    /// Pointing a replica at the primary.
    struct Pointing {
        let replica: Int
        let primary: Int
        let onlyFrom: Set<Int>?
        /// It is read first, and then written if there is the right to it.
        var isRead = false
        var until: UInt64
    }

    let id: String
    /// Its monitoring user may not know what WAL receivers do.
    let hidesReceivers: Bool
    var coordinator: Coordinator
    var promotion: Promotion
    private var following = Following()
    var pointings: [Pointing] = []
    var fencing: Fencing
    /// Nothing of it runs before this.
    var frozenUntil: UInt64 = 0
    /// Nodes that it cannot reach.
    var cut: Set<Int> = []
    /// What its checks have found, and since when a node has not answered.
    private var seen: [NodeClaim?] = [nil, nil, nil]
    private var isAsked = false
    private var silentSince: [UInt64?] = [nil, nil, nil]
    private var nextCheck: UInt64 = 0
    private(set) var verdict = FencingVerdict(fences: [nil, nil, nil], primary: nil)
    private var hold: WriteHold?
    private var looked: CoordinationLook?
    private var lastLook: UInt64 = 0
    var command: Command?
    /// Requests that the world is to carry.
    var requests: [CoordinationRequest] = []
    private(set) var asked = 0
    var log: [String] = []

    // The worker.
    private var mail: [(primary: Int?, serial: Int, at: UInt64)] = []
    private var published: (primary: Int?, serial: Int)?
    private var applied = 0
    private var awaited: Int?
    private var workerPrimary: Int?
    private var hasLapsed = false
    private var leaseUntil: UInt64 = 0

    init(id: String, hidesReceivers: Bool = false) {
        self.id = id
        self.hidesReceivers = hidesReceivers
        coordinator = Coordinator(id: id, name: id)
        promotion = Promotion(rules: Self.rules, policies: [.init(), .init(), .init()])
        fencing = Fencing(nodes: Self.names.map { .init(name: $0, conninfo: $0) })
        hold = coordinator.hold(at: 0)
    }

    // MARK: The worker

    /// The node that its clients' writes go to at this moment.
    func writes(at now: UInt64) -> Int? {
        if now < frozenUntil { return nil }
        takeMail(all: now >= leaseUntil, at: now)
        if now >= leaseUntil {
            hasLapsed = true
            return nil
        }
        return hasLapsed ? nil : workerPrimary
    }

    private func takeMail(all: Bool, at now: UInt64) {
        while let first = mail.first, all || first.at <= now {
            mail.removeFirst()
            workerPrimary = first.primary
            hasLapsed = false
            applied = first.serial
        }
    }

    private func publish(at now: UInt64, _ random: inout SeededGenerator, force: Bool = false) {
        let primary = hold == nil ? verdict.primary : nil
        if let published, published.primary == primary, !force { return }
        published = (primary, (published?.serial ?? 0) + 1)
        mail.append((primary, published!.serial, now + random.next(upTo: 50) * 1_000))
    }

    // MARK: The monitor

    func step(at now: UInt64, _ nodes: [ModelNode], _ random: inout SeededGenerator) {
        if now < frozenUntil { return }
        _ = writes(at: now)
        if hasLapsed, hold == nil, coordinator.hold(at: now) == nil { publish(at: now, &random, force: true) }
        check(at: now, nodes, &random)
        coordinate(at: now, &random)
        publish(at: now, &random)
        if let serial = awaited, applied >= serial {
            awaited = nil
            decide(.workersTold, at: now, &random)
        }
        let isDue = promotion.deadline.map { lastLook < $0 && $0 <= now } ?? false
        if isDue || now >= lastLook + 100_000 {
            lastLook = now
            let scene = scene(at: now)
            decide(.looked(scene), at: now, &random)
            let right = coordinator.rightToPoint(at: now)
            point(following.look(scene, former: coordinator.formerPrimary, right, at: now), at: now, &random)
        }
    }

    private func point(_ actions: [Following.Action], at now: UInt64, _ random: inout SeededGenerator) {
        for action in actions {
            switch action {
            case .point(let replica, let primary, let sources):
                let until = now + random.next(upTo: 300) * 1_000
                pointings.append(
                    Pointing(replica: replica, primary: primary, onlyFrom: sources, until: until)
                )
            case .log(let news): note(now, news.text(Self.names))
            }
        }
    }

    func mayPoint(at primary: Int, at now: UInt64) -> Bool {
        coordinator.hold(at: now) == nil && verdict.primary == primary
    }

    func pointed(_ pointing: Pointing, _ outcome: NodeCommandOutcome, at now: UInt64, _ random: inout SeededGenerator) {
        point(
            following.ended(pointing.replica, outcome, primary: pointing.primary, at: now),
            at: now,
            &random
        )
    }

    /// Every 200 ms; three failures are a verdict.
    private func check(at now: UInt64, _ nodes: [ModelNode], _ random: inout SeededGenerator) {
        guard now >= nextCheck else { return }
        nextCheck = now + 150_000 + random.next(upTo: 100) * 1_000
        isAsked = true
        for place in nodes.indices {
            if nodes[place].isAlive, !cut.contains(place) {
                seen[place] = hidesReceivers ? nodes[place].hiddenClaim : nodes[place].claim
                silentSince[place] = nil
            } else {
                let since = silentSince[place] ?? now
                silentSince[place] = since
                if now >= since + 600_000 { seen[place] = nil }
            }
        }
        judge()
    }

    private func judge() { verdict = fencing.judge(seen, isComplete: isAsked) }

    private var look: CoordinationLook {
        let sees = seen.indices.first { place in
            guard seen[place]?.role == .primary else { return false }
            if case .beingReplaced? = verdict.fences[place] { return true }
            return verdict.primary == place
        }
        return CoordinationLook(
            names: Self.names,
            sees: sees,
            timeline: verdict.primary.flatMap { seen[$0]?.timeline?.number } ?? 0,
            lastTimeline: fencing.accepted?.timeline?.number ?? 0,
            followers: following.followers
        )
    }

    private func coordinate(at now: UInt64, _ random: inout SeededGenerator) {
        let look = look
        let isDue = coordinator.deadline(after: now).map { $0 <= now } ?? false
        if look != looked {
            looked = look
            conduct(.looked(look), at: now, &random)
        } else if isDue || hold != coordinator.hold(at: now) {
            conduct(.due, at: now, &random)
        }
    }

    func answered(_ answer: CoordinationAnswer, at now: UInt64, _ random: inout SeededGenerator) {
        conduct(.answered(answer), at: now, &random)
    }

    private func conduct(_ event: Coordinator.Event, at now: UInt64, _ random: inout SeededGenerator) {
        for action in coordinator.handle(event, at: now) {
            switch action {
            case .ask(let request):
                asked += 1
                requests.append(request)
            case .promotion(let event): decide(event, at: now, &random)
            case .log(let news): note(now, news.description)
            }
        }
        hold = coordinator.hold(at: now)
        publish(at: now, &random)
        leaseUntil = coordinator.writesUntil
    }

    private func decide(_ event: Promotion.Event, at now: UInt64, _ random: inout SeededGenerator) {
        for action in promotion.handle(event, at: now) {
            switch action {
            case .fence(let old, let candidate):
                fencing.replace(old, by: candidate)
                judge()
                publish(at: now, &random)
                awaited = published?.serial
            case .unfence:
                fencing.keep()
                awaited = nil
                judge()
            case .promote(let candidate):
                let delay = random.chance(10) ? random.next(upTo: 10_000) : random.next(upTo: 300)
                command = .connecting(candidate: candidate, until: now + delay * 1_000)
            case .intend(let intent):
                if intent == .cancel { command = nil }
                conduct(.intends(intent), at: now, &random)
            case .cutOff: conduct(.cutOff, at: now, &random)
            case .owe(let replicas): following.owe(replicas)
            case .log(let news): note(now, news.text(Self.names))
            }
        }
    }

    func promotionEnded(_ event: Promotion.Event, at now: UInt64, _ random: inout SeededGenerator) {
        decide(event, at: now, &random)
    }

    private func scene(at now: UInt64) -> PromotionScene {
        let nodes = seen.indices.map { place in
            PromotionCandidate(
                role: seen[place]?.role ?? .unknown,
                isFenced: verdict.fences[place] != nil,
                timeline: seen[place]?.timeline?.number,
                // They differ, so that proxies choose differently if they see different nodes.
                position: WALPosition(rawValue: UInt64(1_000 + place)),
                isStreaming: seen[place]?.isStreaming ?? false,
                isHidden: hidesReceivers && seen[place]?.role == .replica,
                askedAt: now
            )
        }
        return PromotionScene(
            nodes: nodes,
            primary: verdict.primary,
            accepted: fencing.accepted?.place,
            timeline: fencing.accepted?.timeline?.number
        )
    }

    func note(_ now: UInt64, _ text: String) { log.append("\(Double(now / 1_000) / 1_000) \(id): \(text)") }
}
