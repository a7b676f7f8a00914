import SeededRandom
import ProxyCore

@testable import Cluster

/// Two or three proxies, a primary with two replicas, and etcd; networks that lose and delay, processes that stop, die and start again. All that
/// must never happen is looked for in each step.
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
        /// It lives; the first proxy does not see it any more, and the others stand still for longer than a lease lasts.
        case outOfSightOfAllThatRun
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
    }

    private(set) var now: UInt64 = 1_000_000_000
    private var random: SeededGenerator
    private let trouble: Trouble
    let etcd = ModelEtcd()
    private(set) var proxies: [ModelProxy] = []
    private(set) var nodes = [ModelNode(role: .primary), ModelNode(role: .replica), ModelNode(role: .replica)]
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
    private static let tick: UInt64 = 20_000_000

    init(seed: UInt64, proxies count: Int, _ trouble: Trouble) {
        random = SeededGenerator(seed: seed)
        self.trouble = trouble
        for _ in 0..<count { start() }
    }

    private func start() {
        serial += 1
        proxies.append(ModelProxy(id: "p\(serial)"))
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
                proxy.frozenUntil = now + (10_000 + random.next(upTo: 20_000)) * 1_000_000
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
        let limit = now + 300_000_000_000
        while !isWell, now < limit { advance(seconds: 1, troubled: false) }
        advance(seconds: 5, troubled: false)
        return isWell
    }

    /// Every proxy writes to the one primary.
    var isWell: Bool {
        let primaries = nodes.indices.filter { nodes[$0].isAlive && nodes[$0].role == .primary }
        let newest = primaries.max { nodes[$0].timeline < nodes[$1].timeline }
        return newest != nil && proxies.allSatisfy { $0.writes(at: now) == newest }
    }

    /// Whether anybody is left who knows that there was a primary.
    var hasWitness: Bool { proxies.contains { $0.fencing.accepted != nil } }

    private func advance(seconds: UInt64, troubled: Bool) {
        let end = now + seconds * 1_000_000_000
        while now < end {
            if troubled { stir() }
            step()
            now += Self.tick
        }
    }

    /// What seldom meets in time is made to meet: while an attempt is on its way nodes come into sight and out of it, and proxies die and start.
    private func stirAttempt() {
        guard etcd.current?.stage.isActive ?? false, trouble.loss == .outOfSomeSights else { return }
        let place = Int(random.next(upTo: UInt64(proxies.count)))
        switch random.next(upTo: 100) {
        case 0..<5: proxies[place].cut.formSymmetricDifference([0])
        case 5: proxies[place].frozenUntil = now + random.next(upTo: 12_000) * 1_000_000
        case 6:
            note("\(proxies[place].id) dies")
            proxies.remove(at: place)
            start()
        case 7..<12 where proxies.count < 6: start()
        default: break
        }
    }

    private func stir() {
        stirAttempt()
        for (place, proxy) in proxies.enumerated() {
            if trouble.stopsProxies, random.next(upTo: 1_500) == 0, proxy.frozenUntil <= now {
                let length = 100_000_000 + random.next(upTo: random.chance(30) ? 30_000 : 2_000) * 1_000_000
                proxy.frozenUntil = now + length
                note("\(proxy.id) stands still for \(length / 1_000_000) ms")
            }
            if trouble.killsProxies, random.next(upTo: 2_500) == 0 {
                note("\(proxy.id) dies")
                proxies.remove(at: place)
                start()
                return
            }
            if trouble.losesPackets, random.next(upTo: 1_500) == 0 {
                let node = trouble.loss == .outOfSomeSights && random.chance(50) ? 0 : Int(random.next(upTo: 3))
                proxy.cut.formSymmetricDifference([node])
            }
            if trouble.cutsEtcd, random.next(upTo: 1_500) == 0 {
                let length = random.next(upTo: 30_000)
                unreachableUntil[proxy.id] = now + length * 1_000_000
                note("\(proxy.id) does not reach etcd for \(length) ms")
            }
        }
        if trouble.stopsEtcd, random.next(upTo: 1_500) == 0, etcdDownUntil <= now {
            etcdDownUntil = now + random.next(upTo: 15_000) * 1_000_000
            note("etcd is down until \(etcdDownUntil / 1_000_000)")
        }
    }

    private func step() {
        etcd.expire(at: now)
        for place in nodes.indices { promoteIfDue(place) }
        lookForTwoPrimaries()
        deliver()
        for proxy in proxies {
            proxy.step(at: now, nodes, &random)
            runErrand(proxy)
            for request in proxy.requests { send(request, of: proxy) }
            proxy.requests = []
        }
        lookForTwoPrimaries()
    }

    /// Also before a proxy that has stood still has had time to look at anything but its lease.
    private func lookForTwoPrimaries() {
        if told.isEmpty { return }
        for proxy in proxies where proxy.writes(at: now) == 0 {
            violations.append("S2: \(proxy.id) writes to the old primary at \(now / 1_000_000)")
        }
    }

    // MARK: Networks

    private func delay(_ usual: UInt64) -> UInt64 {
        if !isCalm, trouble.losesPackets, random.chance(2) { return random.next(upTo: 20_000) * 1_000_000 }
        return (1 + random.next(upTo: usual)) * 1_000_000
    }

    private func isLost() -> Bool { !isCalm && trouble.losesPackets && random.chance(4) }

    private func send(_ request: CoordinationRequest, of proxy: ModelProxy) {
        serial += 1
        outstanding[proxy.id] = serial
        packets.append(Packet(at: now + 2_000_000_000, proxy: proxy.id, number: serial, content: .timeout))
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

    private func runErrand(_ proxy: ModelProxy) {
        if now < proxy.frozenUntil {
            // What has left the proxy goes on.
            if case .sent(let candidate, let clock, let until) = proxy.errand, until <= now {
                proxy.errand = nil
                tell(candidate, clock: clock, by: proxy)
            }
            return
        }
        switch proxy.errand {
        case nil: break
        case .connecting(let candidate, let until):
            guard until <= now else { return }
            guard nodes[candidate].isAlive, !proxy.cut.contains(candidate) else {
                proxy.errand = nil
                proxy.promotionEnded(.promotionRefused("no connection"), at: now, &random)
                return
            }
            guard proxy.coordinator.hold(at: now) == nil else {
                proxy.errand = nil
                proxy.promotionEnded(.promotionRefused("no lease"), at: now, &random)
                return
            }
            // Between the right to promote and its use a process may stand still.
            if !isCalm, trouble.stopsProxies, random.chance(20) {
                proxy.frozenUntil = now + random.next(upTo: 30_000) * 1_000_000
                proxy.errand = .sent(candidate: candidate, clock: now, until: proxy.frozenUntil + delay(50))
            } else {
                proxy.errand = .sent(candidate: candidate, clock: now, until: now + delay(50))
            }
        case .sent(let candidate, let clock, let until):
            guard until <= now else { return }
            proxy.errand = nil
            let isDone = tell(candidate, clock: clock, by: proxy)
            if isLost() {
                proxy.promotionEnded(.promotionUnanswered, at: now, &random)
            } else {
                proxy.promotionEnded(isDone ? .promotionAnswered(true) : .promotionRefused("late"), at: now, &random)
            }
        }
    }

    @discardableResult
    private func tell(_ candidate: Int, clock: UInt64, by proxy: ModelProxy) -> Bool {
        // The node's own look at the time.
        guard now < clock + 5_000_000_000, nodes[candidate].isAlive, nodes[candidate].role == .replica else {
            return false
        }
        note("\(proxy.id) tells db\(candidate)")
        if let other = told.first(where: { $0 != candidate }) {
            violations.append("S1: db\(candidate) is told after db\(other) at \(now / 1_000_000)")
        }
        for other in proxies where other.writes(at: now) == 0 {
            violations.append("S2: db\(candidate) is told while \(other.id) writes, at \(now / 1_000_000)")
        }
        told.append(candidate)
        if nodes[candidate].promotedAt == nil { nodes[candidate].promotedAt = now + delay(1_000) }
        return true
    }

    private func promoteIfDue(_ place: Int) {
        guard let time = nodes[place].promotedAt, time <= now, nodes[place].role == .replica else { return }
        nodes[place].role = .primary
        nodes[place].timeline = 2
        note("db\(place) is primary")
    }

    private func note(_ text: String) { log.append("\(Double(now / 1_000_000) / 1_000) \(text)") }

    /// Everything that was logged, in order.
    var history: String { (log + proxies.flatMap(\.log)).joined(separator: "\n") }
}
