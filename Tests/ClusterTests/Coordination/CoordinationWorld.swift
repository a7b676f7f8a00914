import SeededRandom
import ProxyCore

@testable import Cluster

/// Two or three proxies, a primary with two replicas, and etcd; networks that lose and delay, processes that stop, die
/// and start again. All that must never happen is looked for in each step.
final class CoordinationWorld {
    private struct Packet {
        let at: UInt64
        let proxy: String
        /// Of the question that it belongs to.
        let number: Int
        let content: Content
    }

    private enum Content {
        case request(CoordinationRequest)
        case answer(CoordinationAnswer)
        /// The proxy waits no longer.
        case timeout
    }

    /// How the primary is lost.
    enum Loss {
        case dies
        /// The first proxy does not see it any more.
        case outOfOneSight
        /// It lives, and who sees it changes.
        case outOfSomeSights
        /// It lives; the first proxy does not see it any more, and the others stand still for longer than a lease
        /// lasts.
        case outOfSightOfAllThatRun
    }

    /// How far a promotion has come when the proxy that carries it out dies.
    enum Step: CaseIterable {
        case claimed
        /// Written, and the candidate has not heard of it.
        case told
        /// The candidate has heard of it.
        case heard
        /// It is the primary, and that is not written.
        case promoted
        /// That is written, and the other replica has not been pointed.
        case written
        /// It has been, and that is not written.
        case pointed
    }

    /// What can go wrong.
    struct Trouble {
        var loss = Loss.dies
        var losesPackets = true
        var stopsProxies = true
        var killsProxies = true
        var stopsEtcd = true
        /// The way from one proxy to etcd alone.
        var cutsEtcd = true
        var promoterDiesAt: Step?
        /// And with it all the others; new ones start.
        var allDie = false
        /// The other replica is away while the candidate is promoted, and comes back much later.
        var otherIsAway = false
        /// Monitoring users without pg_monitor.
        var hidesReceivers = false

        static let none = Trouble(
            losesPackets: false,
            stopsProxies: false,
            killsProxies: false,
            stopsEtcd: false,
            cutsEtcd: false
        )
    }

    private(set) var now: UInt64 = 1_000_000
    private var random: SeededGenerator
    private let trouble: Trouble
    let etcd = ModelEtcd()
    private(set) var proxies: [ModelProxy] = []
    private(set) var nodes = [
        ModelNode(role: .primary), ModelNode(role: .replica, upstream: 0), ModelNode(role: .replica, upstream: 0),
    ]
    /// A promoter has died as it was to.
    private(set) var hasDied = false
    private var packets: [Packet] = []
    private var outstanding: [String: Int] = [:]
    private var serial = 0
    private var etcdDownUntil: UInt64 = 0
    /// The way from one proxy to etcd is cut.
    private var unreachableUntil: [String: UInt64] = [:]
    private var isCalm = false
    /// Each candidate that has been told, in order.
    private(set) var told: [Int] = []
    private(set) var violations: [String] = []
    private(set) var log: [String] = []
    private static let tick: UInt64 = 20_000

    init(seed: UInt64, proxies count: Int, _ trouble: Trouble) {
        random = SeededGenerator(seed: seed)
        self.trouble = trouble
        for _ in 0..<count { start() }
    }

    private func start() {
        serial += 1
        proxies.append(ModelProxy(id: "p\(serial)", hidesReceivers: trouble.hidesReceivers))
    }

    // MARK: The course of things

    /// Ten quiet seconds, a loss, a time of troubles, and a calm that lasts until all is well.
    ///
    /// - Returns: whether all was well in the end.
    func run() -> Bool {
        advance(seconds: 10, troubled: false)
        switch trouble.loss {
        case .dies: nodes[0].isAlive = false
        case .outOfOneSight: proxies[0].cut = [0]
        case .outOfSomeSights: for proxy in proxies where random.chance(60) { proxy.cut = [0] }
        case .outOfSightOfAllThatRun:
            proxies[0].cut = [0]
            for proxy in proxies.dropFirst() {
                proxy.frozenUntil = now + (10_000 + random.next(upTo: 20_000)) * 1_000
            }
        }
        note("the primary: \(trouble.loss)")
        advance(seconds: 40, troubled: true)
        isCalm = true
        etcdDownUntil = 0
        unreachableUntil = [:]
        for proxy in proxies {
            proxy.frozenUntil = min(proxy.frozenUntil, now)
            proxy.cut = []
        }
        note("calm")
        for place in nodes.indices.dropFirst() { nodes[place].isAlive = true }
        let limit = now + 300_000_000
        while !isWell, now < limit { advance(seconds: 1, troubled: false) }
        advance(seconds: 5, troubled: false)
        return isWell
    }

    /// A replica that was the primary, after pg_rewind by somebody who has left it what it copied: it names itself. All
    /// that is to come of it is that it follows.
    ///
    /// - Returns: whether it does.
    func bringBackTheOldPrimary() -> Bool {
        nodes[0] = ModelNode(role: .replica, timeline: nodes.map(\.timeline).max() ?? 1, upstream: 0)
        note("db0 is back")
        let limit = now + 120_000_000
        while now < limit, !isWell { advance(seconds: 1, troubled: false) }
        return isWell
    }

    /// Every proxy writes to the one primary, whose commits need a replica, and every replica follows it.
    var isWell: Bool {
        guard let primary = newestPrimary else { return false }
        return proxies.allSatisfy { $0.writes(at: now) == primary } && doAllFollow(primary)
            && etcd.current?.stage != .following
    }

    private var newestPrimary: Int? {
        let primaries = nodes.indices.filter { nodes[$0].isAlive && nodes[$0].role == .primary }
        return primaries.max { nodes[$0].timeline < nodes[$1].timeline }
    }

    private func doAllFollow(_ primary: Int) -> Bool {
        let replicas = nodes.filter { $0.isAlive && $0.role == .replica }
        return !replicas.isEmpty
            && replicas.allSatisfy { $0.isStreaming && $0.timeline == nodes[primary].timeline }
    }

    /// Whether anybody is left who knows that there was a primary.
    var hasWitness: Bool { proxies.contains { $0.fencing.accepted != nil } }

    private func advance(seconds: UInt64, troubled: Bool) {
        let end = now + seconds * 1_000_000
        while now < end {
            if troubled { stir() }
            step()
            now += Self.tick
        }
    }

    /// What seldom meets in time is made to meet: while an attempt is on its way nodes come into sight and out of it,
    /// and proxies die and start.
    private func stirAttempt() {
        guard etcd.current?.stage.isActive ?? false, trouble.loss == .outOfSomeSights else { return }
        let place = Int(random.next(upTo: UInt64(proxies.count)))
        switch random.next(upTo: 100) {
        case 0..<5: proxies[place].cut.formSymmetricDifference([0])
        case 5: proxies[place].frozenUntil = now + random.next(upTo: 12_000) * 1_000
        case 6:
            die(place)
            start()
        case 7..<12 where proxies.count < 6: start()
        default: break
        }
    }

    private func stir() {
        stirAttempt()
        for (place, proxy) in proxies.enumerated() {
            if trouble.stopsProxies, random.next(upTo: 1_500) == 0, proxy.frozenUntil <= now {
                let length = 100_000 + random.next(upTo: random.chance(30) ? 30_000 : 2_000) * 1_000
                proxy.frozenUntil = now + length
                note("\(proxy.id) stands still for \(length / 1_000) ms")
            }
            if trouble.killsProxies, random.next(upTo: 2_500) == 0 {
                die(place)
                start()
                return
            }
            if trouble.losesPackets, random.next(upTo: 1_500) == 0 {
                let node = trouble.loss == .outOfSomeSights && random.chance(50) ? 0 : Int(random.next(upTo: 3))
                proxy.cut.formSymmetricDifference([node])
            }
            if trouble.cutsEtcd, random.next(upTo: 1_500) == 0 {
                let length = random.next(upTo: 30_000)
                unreachableUntil[proxy.id] = now + length * 1_000
                note("\(proxy.id) does not reach etcd for \(length) ms")
            }
        }
        if trouble.stopsEtcd, random.next(upTo: 1_500) == 0, etcdDownUntil <= now {
            etcdDownUntil = now + random.next(upTo: 15_000) * 1_000
            note("etcd is down until \(etcdDownUntil / 1_000)")
        }
    }

    /// What has left it goes on.
    private func die(_ place: Int) {
        let proxy = proxies.remove(at: place)
        note("\(proxy.id) dies")
        if case .sent(let candidate, let clock, _) = proxy.command { tell(candidate, clock: clock, by: proxy) }
    }

    private func killPromoterIfDue() {
        guard let step = trouble.promoterDiesAt, !hasDied, let attempt = etcd.current, hasCome(to: step, attempt),
            let place = proxies.firstIndex(where: { $0.id == attempt.by })
        else { return }
        hasDied = true
        note("at \(step)")
        die(place)
        if trouble.allDie { while !proxies.isEmpty { die(0) } }
        while proxies.count < 2 { start() }
    }

    private func hasCome(to step: Step, _ attempt: PromotionAttempt) -> Bool {
        let candidate = nodes[Int(attempt.candidate.suffix(1)) ?? 0]
        let others = nodes.indices.dropFirst().filter { "db\($0)" != attempt.candidate }
        let isPointed = others.allSatisfy { nodes[$0].upstream != 0 }
        return switch step {
        case .claimed: attempt.stage == .fencing
        case .told: attempt.stage == .told && candidate.promotedAt == nil
        case .heard: attempt.stage == .told && candidate.promotedAt != nil
        case .promoted: attempt.stage == .told && candidate.role == .primary
        case .written: attempt.stage == .following && !isPointed
        case .pointed: attempt.stage == .following && isPointed
        }
    }

    private func step() {
        etcd.expire(at: now)
        for place in nodes.indices { promoteIfDue(place) }
        for place in nodes.indices { nodes[place].receive(from: nodes) }
        lookForTwoPrimaries()
        deliver()
        killPromoterIfDue()
        for proxy in proxies {
            proxy.step(at: now, nodes, &random)
            runCommand(proxy)
            runPointings(proxy)
            for request in proxy.requests { send(request, of: proxy) }
            proxy.requests = []
        }
        lookForTwoPrimaries()
    }

    /// Also before a proxy that has stood still has had time to look at anything but its lease.
    private func lookForTwoPrimaries() {
        if told.isEmpty { return }
        for proxy in proxies where proxy.writes(at: now) == 0 {
            violations.append("S2: \(proxy.id) writes to the old primary at \(now / 1_000)")
        }
    }

    // MARK: Networks

    private func delay(_ usual: UInt64) -> UInt64 {
        if !isCalm, trouble.losesPackets, random.chance(2) { return random.next(upTo: 20_000) * 1_000 }
        return (1 + random.next(upTo: usual)) * 1_000
    }

    private func isLost() -> Bool { !isCalm && trouble.losesPackets && random.chance(4) }

    private func send(_ request: CoordinationRequest, of proxy: ModelProxy) {
        serial += 1
        outstanding[proxy.id] = serial
        packets.append(Packet(at: now + 2_000_000, proxy: proxy.id, number: serial, content: .timeout))
        if isLost() { return }
        packets.append(Packet(at: now + delay(60), proxy: proxy.id, number: serial, content: .request(request)))
    }

    private func deliver() {
        let due = packets.filter { $0.at <= now }
        packets.removeAll { $0.at <= now }
        for packet in due {
            switch packet.content {
            case .request(let request):
                if now < etcdDownUntil || now < unreachableUntil[packet.proxy] ?? 0 { continue }
                let answer = etcd.answer(request, at: now)
                if isLost() { continue }
                packets.append(
                    Packet(at: now + delay(60), proxy: packet.proxy, number: packet.number, content: .answer(answer))
                )
            case .answer(let answer): hand(answer, packet)
            case .timeout: hand(.failed("timeout"), packet)
            }
        }
    }

    private func hand(_ answer: CoordinationAnswer, _ packet: Packet) {
        guard outstanding[packet.proxy] == packet.number,
            let proxy = proxies.first(where: { $0.id == packet.proxy })
        else { return }
        if now < proxy.frozenUntil {
            packets.append(
                Packet(at: now + Self.tick, proxy: packet.proxy, number: packet.number, content: packet.content)
            )
            return
        }
        outstanding[packet.proxy] = nil
        proxy.answered(answer, at: now, &random)
    }

    // MARK: Promotions

    private func runCommand(_ proxy: ModelProxy) {
        if now < proxy.frozenUntil {
            // What has left the proxy goes on.
            if case .sent(let candidate, let clock, let until) = proxy.command, until <= now {
                proxy.command = nil
                tell(candidate, clock: clock, by: proxy)
            }
            return
        }
        switch proxy.command {
        case nil: break
        case .connecting(let candidate, let until):
            guard until <= now else { return }
            guard nodes[candidate].isAlive, !proxy.cut.contains(candidate) else {
                proxy.command = nil
                proxy.promotionEnded(.promotionRefused("no connection"), at: now, &random)
                return
            }
            guard proxy.coordinator.hold(at: now) == nil else {
                proxy.command = nil
                proxy.promotionEnded(.promotionRefused("no lease"), at: now, &random)
                return
            }
            // Between the right to promote and its use a process may stand still.
            if !isCalm, trouble.stopsProxies, random.chance(20) {
                proxy.frozenUntil = now + random.next(upTo: 30_000) * 1_000
                proxy.command = .sent(candidate: candidate, clock: now, until: proxy.frozenUntil + delay(50))
            } else {
                proxy.command = .sent(candidate: candidate, clock: now, until: now + delay(50))
            }
        case .sent(let candidate, let clock, let until):
            guard until <= now else { return }
            proxy.command = nil
            let isDone = tell(candidate, clock: clock, by: proxy)
            if isLost() {
                proxy.promotionEnded(.promotionUnanswered, at: now, &random)
            } else {
                proxy.promotionEnded(isDone ? .promotionAnswered(true) : .promotionRefused("late"), at: now, &random)
            }
        }
    }

    private func runPointings(_ proxy: ModelProxy) {
        if now < proxy.frozenUntil { return }
        for pointing in proxy.pointings where pointing.until <= now {
            proxy.pointings.removeAll { $0.replica == pointing.replica }
            let outcome = point(pointing, by: proxy)
            if let outcome { proxy.pointed(pointing, isLost() ? .unanswered("lost") : outcome, at: now, &random) }
        }
    }

    /// - Returns: nil where it goes on.
    private func point(_ pointing: ModelProxy.Pointing, by proxy: ModelProxy) -> NodeCommandOutcome? {
        let node = nodes[pointing.replica]
        guard node.isAlive, !proxy.cut.contains(pointing.replica), node.role == .replica else {
            return .refused("no connection")
        }
        if !pointing.isRead {
            if node.upstream == pointing.primary { return .followsAlready(slot: nil, isHidden: trouble.hidesReceivers) }
            if let sources = pointing.onlyFrom, !(node.upstream.map { sources.contains($0) } ?? false) {
                return .leftAlone
            }
            guard proxy.mayPoint(at: pointing.primary, at: now) else { return .refused("no right") }
            // Between the right and its use a process may stand still.
            if !isCalm, trouble.stopsProxies, random.chance(20) {
                proxy.frozenUntil = now + random.next(upTo: 30_000) * 1_000
            }
            var next = pointing
            next.isRead = true
            next.until = now + delay(50)
            proxy.pointings.append(next)
            return nil
        }
        note("\(proxy.id) points db\(pointing.replica) at db\(pointing.primary)")
        nodes[pointing.replica].upstream = pointing.primary
        return .follows(slot: nil, isHidden: trouble.hidesReceivers)
    }

    @discardableResult
    private func tell(_ candidate: Int, clock: UInt64, by proxy: ModelProxy) -> Bool {
        // The node's own look at the time.
        guard now < clock + 5_000_000, nodes[candidate].isAlive, nodes[candidate].role == .replica else {
            return false
        }
        note("\(proxy.id) tells db\(candidate)")
        if let other = told.first(where: { $0 != candidate }) {
            violations.append("S1: db\(candidate) is told after db\(other) at \(now / 1_000)")
        }
        for other in proxies where other.writes(at: now) == 0 {
            violations.append("S2: db\(candidate) is told while \(other.id) writes, at \(now / 1_000)")
        }
        told.append(candidate)
        if nodes[candidate].promotedAt == nil { nodes[candidate].promotedAt = now + delay(1_000) }
        return true
    }

    private func promoteIfDue(_ place: Int) {
        guard let time = nodes[place].promotedAt, time <= now, nodes[place].role == .replica else { return }
        nodes[place].becomePrimary(timeline: 2)
        note("db\(place) is primary")
        if trouble.otherIsAway, !isCalm {
            for other in nodes.indices.dropFirst() where other != place { nodes[other].isAlive = false }
        }
    }

    private func note(_ text: String) { log.append("\(Double(now / 1_000) / 1_000) \(text)") }

    /// Everything that was logged, in order.
    var history: String { (log + proxies.flatMap(\.log)).joined(separator: "\n") }
}
