import Glibc
import MonotonicTime
import ProxyCore

/// The monitor's thread: one poll(2) over the connections of all nodes and the mailbox's bell.
final class MonitorLoop {
    private let mailbox: Mailbox<MonitorMessage>
    var options: MonitorOptions
    /// Nodes of the configuration that wait to come and go; nil: it is as it says.
    var pending: [MonitoredNode]?
    /// SWITCHOVER of the console's is under way.
    var isSwitchingOver = false
    /// Who waits for a reload to be seen.
    var answers: [(done: @Sendable (MonitorReloadOutcome) -> Void, outcome: MonitorReloadOutcome)] = []
    private let publish: (ClusterView) -> Void
    private let report: (FreshnessReport) -> Void
    let log: (ClusterEvent) -> Void
    var watches: [NodeWatch]
    var probes: [NodeProbe]
    /// A node's place among all of these is its slot.
    var members: Membership
    /// Whose senders are denied has been told of.
    var deniedSenders: String?
    /// What each node said last, while it counts.
    var readings: [NodeReading?]
    var fencing: Fencing
    var verdict: FencingVerdict
    /// When each node's state became what it is: microseconds of `MonotonicClock`.
    var since: [UInt64]
    var promotionDriver: PromotionDriver?
    /// Nil: there are no other proxies to agree with.
    var coordinationDriver: CoordinationDriver?
    var versions: [Int]
    var published: ClusterView?
    /// Workers have cut off the primary by themselves, and wait for the next view.
    var mustRepublish = false
    var lag: LagWatch
    private var commits = CommitWatch()
    private var demand = SampleDemand()
    private var reported: FreshnessReport?
    var mustReport = false
    let clock: SampleClock
    /// Somebody waits for a look with this number, or a later one, to be covered.
    private var wanted: SampleNumber = 0
    /// Somebody has asked and not been told anything since.
    private var isOwed = false

    init(
        nodes: [MonitoredNode],
        options: MonitorOptions,
        clock: SampleClock,
        mailbox: Mailbox<MonitorMessage>,
        ask: ((CoordinationRequest) -> Void)? = nil,
        publish: @escaping (ClusterView) -> Void,
        report: @escaping (FreshnessReport) -> Void,
        log: @escaping (ClusterEvent) -> Void
    ) {
        self.mailbox = mailbox
        self.options = options
        self.clock = clock
        self.publish = publish
        self.report = report
        lag = LagWatch(nodes: nodes.count, limits: options.lagLimits)
        self.log = log
        watches = nodes.map { _ in NodeWatch(rules: options.rules, seed: UInt64.random(in: .min ... .max)) }
        let asksForSenders = options.discovery?.asksPrimary ?? false
        probes = nodes.map {
            NodeProbe(node: $0, timeout: options.timeout, clock: clock, asksForSenders: asksForSenders)
        }
        members = Membership(nodes: nodes, rules: options.discovery)
        versions = nodes.map { _ in 0 }
        readings = nodes.map { _ in nil }
        fencing = Fencing(nodes: nodes.map { Fencing.Node(name: $0.name, conninfo: $0.conninfo) })
        verdict = FencingVerdict(fences: nodes.map { _ in nil }, primary: nil)
        since = nodes.map { _ in MonotonicClock.now }
        promotionDriver = options.promotion.map { PromotionDriver(rules: $0, nodes: nodes) }
        if let coordination = options.coordination, let ask {
            coordinationDriver = CoordinationDriver(coordination, ask: ask)
        }
    }

    /// Until the mailbox is stopped; all connections are closed when the loop goes.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            startDueChecks()
            startDueSamples()
            if coordinationDriver != nil { coordinate() }
            if pending != nil { settleNodes() }
            publishChange()
            if !answers.isEmpty { answerReloads() }
            promote()
            reportLag()
            sleep()
        }
    }

    private func handle(_ message: MonitorMessage) {
        switch message {
        case .checkNow(let index):
            guard let place = probes.firstIndex(where: { $0.node.index == index }), members.isMember(place) else {
                return
            }
            probes[place].doubt()
            tell(place, .hinted)
        case .sample(let limit):
            demand.ask(for: limit, at: MonotonicClock.now)
            wanted = clock.reading.next
            isOwed = true
        case .applied(let serial): promotionDriver?.applied(serial)
        case .coordination(let answer): conduct(.answered(answer))
        case .writesLapsed: mustRepublish = true
        case .slotVacated(let index): members.vacated(index)
        case .listed(let nodes): listed(nodes)
        case .reconfigured(let reload): reconfigure(reload)
        case .switchover(let isUnderWay): isSwitchingOver = isUnderWay
        case .lookedUp(let place, let host, let result):
            guard members.isMember(place), case .tcp(host, _) = probes[place].node.address else { return }
            let (changed, outcome) = probes[place].lookedUp(result, at: MonotonicClock.now)
            if changed { log(.addresses(node: probes[place].node.name, probes[place].addresses.list)) }
            finish(place, outcome)
        }
    }

    private func startDueChecks() {
        let now = MonotonicClock.now
        for place in probes.indices where members.isMember(place) {
            guard case .due(let time) = watches[place].schedule, time <= now else { continue }
            if probes[place].isSampling {
                // Its answer is the check's, unless somebody got no new connection: then it is waited for.
                if !probes[place].isDoubted { tell(place, .probeStarted) }
                continue
            }
            lookUpIfDue(place, at: now)
            tell(place, .probeStarted)
            finish(place, probes[place].begin(at: now))
        }
    }

    /// When a node's positions are to be looked at next, between two checks; nil where they are not.
    private func nextSample(_ place: Int, at now: UInt64) -> UInt64? {
        guard case .due = watches[place].schedule, watches[place].health.observation != nil, probes[place].isIdle
        else { return nil }
        return demand.next(after: probes[place].lastAsked, isNeeded: isNeeded(place), at: now)
    }

    /// Whether a look at this node may end somebody's wait.
    private func isNeeded(_ place: Int) -> Bool {
        switch role(place) {
        case .primary: lag.newestNumber < wanted
        case .replica: lag.covered(place) < wanted
        case .unknown: false
        }
    }

    private func startDueSamples() {
        let now = MonotonicClock.now
        for place in probes.indices {
            guard let time = nextSample(place, at: now), time <= now else { continue }
            finish(place, probes[place].beginSample(at: now))
        }
    }

    private func lookUpIfDue(_ place: Int, at now: UInt64) {
        guard case .tcp(let host, _) = probes[place].node.address,
            probes[place].takeLookUp(at: now, interval: options.resolveInterval)
        else { return }
        NameResolver.resolve(host) { [mailbox] in mailbox.post(.lookedUp(place: place, host: host, $0)) }
    }

    /// Waits for a descriptor, the bell, a deadline or the next check, and deals with the first and third.
    private func sleep() {
        var descriptors = [pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)]
        var places: [Int] = []
        var wakeUp = UInt64.max
        let now = MonotonicClock.now
        for (place, probe) in probes.enumerated() where members.isMember(place) {
            if let interest = probe.interest {
                descriptors.append(interest)
                places.append(place)
            }
            if let deadline = probe.deadline { wakeUp = min(wakeUp, deadline) }
            // One that is being asked for its positions answers first.
            if case .due(let time) = watches[place].schedule, !probe.isSampling { wakeUp = min(wakeUp, time) }
            if let time = nextSample(place, at: now) { wakeUp = min(wakeUp, time) }
        }
        let commands = promotionDriver?.interests ?? []
        descriptors += commands
        if let time = promotionDriver?.deadline(after: now) { wakeUp = min(wakeUp, time) }
        if let time = coordinationDriver?.coordinator.deadline(after: now) { wakeUp = min(wakeUp, time) }
        let count = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: wakeUp))
        if count > 0 {
            for (descriptor, place) in zip(descriptors.dropFirst(), places) where descriptor.revents != 0 {
                finish(place, probes[place].ready())
            }
            for descriptor in descriptors.suffix(commands.count) where descriptor.revents != 0 {
                commandReady(descriptor.fd)
            }
        }
        let after = MonotonicClock.now
        for (place, probe) in probes.enumerated() {
            if let deadline = probe.deadline, deadline <= after { finish(place, probe.expire()) }
        }
    }

    private func finish(_ place: Int, _ outcome: ProbeOutcome?) {
        guard let outcome else { return }
        guard case .underWay = watches[place].schedule else {
            if case .succeeded(let seen, let reading) = outcome, seen.role == watches[place].state.role {
                readings[place] = reading
                lag.observed(place, reading, primary: verdict.primary)
                return
            }
            // The kept connection ended between two checks: one session's end is no verdict, but worth a look.
            tell(place, .hinted)
            return
        }
        switch outcome {
        case .succeeded(let seen, let reading):
            versions[place] = seen.version
            readings[place] = reading
        case .failed: lookUpIfDue(place, at: MonotonicClock.now)
        }
        tell(place, outcome.event)
        if watches[place].health.observation == nil {
            readings[place] = nil
            lag.lost(place)
        }
        judge()
        if case .succeeded(_, let reading) = outcome, readings[place] != nil {
            lag.observed(place, reading, primary: verdict.primary)
        }
        watchCommits()
        mustReport = true
        if case .succeeded(_, let reading) = outcome, verdict.primary == place, let senders = reading.senders {
            sendersTold(senders, by: place)
        }
    }

    private func watchCommits() {
        let wait = verdict.primary.flatMap { readings[$0]?.commitWait }
        switch commits.look(primary: verdict.primary, wait, at: MonotonicClock.now) {
        case .waiting(let place, let wait)?: log(.commitsWait(node: probes[place].node.name, wait))
        case .goingOn(let place)?: log(.commitsGoOn(node: probes[place].node.name))
        case nil: break
        }
    }

    func tell(_ place: Int, _ event: NodeWatch.Event) {
        if let transition = watches[place].handle(event, at: MonotonicClock.now) {
            log(.node(name: probes[place].node.name, transition))
        }
    }

    // MARK: Publishing

    /// Tells how far the nodes have come: after each check, and while somebody waits at each change that may end a
    /// wait.
    private func reportLag() {
        let now = MonotonicClock.now
        guard mustReport || isOwed || demand.isUrgent(at: now) else { return }
        guard published != nil else { return }
        let found = lag.report(at: now)
        let hasMoved =
            found.newest?.number != reported?.newest?.number
            || zip(found.nodes, reported?.nodes ?? []).contains { $0.covered != $1.covered }
        guard mustReport || hasMoved else { return }
        mustReport = false
        isOwed = false
        logVerdicts(found)
        reported = found
        report(byNode(found))
    }

    private func logVerdicts(_ found: FreshnessReport) {
        for (place, node) in found.nodes.enumerated() {
            let known = reported?.nodes ?? []
            let before = known.indices.contains(place) ? known[place].verdict : .notJudged
            switch (before, node.verdict) {
            case (.behind, .behind), (.notJudged, .near), (.near, .notJudged), (.notJudged, .notJudged): break
            case (let old, let new) where old == new: break
            case (_, .near): log(.lag(node: probes[place].node.name, LagVerdict.near))
            case (_, let new): log(.lag(node: probes[place].node.name, new))
            }
        }
    }

    /// From places to node indexes.
    private func byNode(_ found: FreshnessReport) -> FreshnessReport {
        let count = (probes.map(\.node.index).max() ?? -1) + 1
        var nodes = Array(repeating: NodeFreshness(), count: count)
        for (place, probe) in probes.enumerated() { nodes[probe.node.index] = found.nodes[place] }
        return FreshnessReport(nodes: nodes, newest: found.newest)
    }

    func publishChange() {
        var view = view
        view.serial = published?.serial ?? 0
        if view == published, !mustRepublish { return }
        mustRepublish = false
        if published == nil && watches.allSatisfy({ $0.health == .unasked }) { return }
        view.serial += 1
        published = view
        publish(view)
    }

    /// Whether every node has been asked at least once.
    var isComplete: Bool {
        watches.indices.allSatisfy { !members.isMember($0) || watches[$0].health != .unasked }
    }

    private var view: ClusterView {
        var nodes: [Node] = []
        var addresses: [Int: [String]] = [:]
        for (place, probe) in probes.enumerated() {
            let node = probe.node
            nodes.append(
                Node(
                    index: node.index,
                    name: node.name,
                    address: node.address,
                    weight: node.weight,
                    zone: node.zone,
                    state: state(place),
                    version: versions[place],
                    saidRole: watches[place].health.observation?.role ?? .unknown,
                    timeline: readings[place]?.timeline ?? 0,
                    since: Microseconds(since[place]),
                    isMember: members.isMember(place),
                    note: verdict.primary == place ? readings[place]?.commitWait?.text : nil
                )
            )
            if members.isMember(place), case .tcp = node.address { addresses[node.index] = probe.addresses.list }
        }
        return ClusterView(
            topology: Topology(nodes: nodes),
            addresses: addresses,
            isComplete: isComplete,
            nodes: probes.indices.filter { members.isMember($0) }.map { probes[$0].node }
        )
    }
}
