import Glibc
import ProxyCore

/// The monitor's thread: one poll(2) over the connections of all nodes and the mailbox's bell.
final class MonitorLoop {
    private let mailbox: Mailbox<MonitorMessage>
    private let options: MonitorOptions
    private let publish: (ClusterView) -> Void
    private let log: (ClusterEvent) -> Void
    private var watches: [NodeWatch]
    private let probes: [NodeProbe]
    private var versions: [Int]
    private var published: ClusterView?
    private var rivals: [String] = []

    init(
        nodes: [MonitoredNode],
        options: MonitorOptions,
        mailbox: Mailbox<MonitorMessage>,
        publish: @escaping (ClusterView) -> Void,
        log: @escaping (ClusterEvent) -> Void
    ) {
        self.mailbox = mailbox
        self.options = options
        self.publish = publish
        self.log = log
        watches = nodes.map { _ in NodeWatch(rules: options.rules, seed: UInt64.random(in: .min ... .max)) }
        probes = nodes.map { NodeProbe(node: $0, timeout: options.timeout) }
        versions = nodes.map { _ in 0 }
    }

    /// Until the mailbox is stopped; all connections are closed when the loop goes.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            startDueChecks()
            publishChange()
            sleep()
        }
    }

    private func handle(_ message: MonitorMessage) {
        switch message {
        case .checkNow(let index):
            guard let place = probes.firstIndex(where: { $0.node.index == index }) else { return }
            probes[place].doubt()
            tell(place, .hinted)
        case .lookedUp(let place, let result):
            let (changed, outcome) = probes[place].lookedUp(result, at: MonotonicClock.now)
            if changed { log(.addresses(node: probes[place].node.name, probes[place].addresses.list)) }
            finish(place, outcome)
        }
    }

    private func startDueChecks() {
        let now = MonotonicClock.now
        for place in probes.indices {
            guard case .due(let time) = watches[place].schedule, time <= now else { continue }
            lookUpIfDue(place, at: now)
            tell(place, .probeStarted)
            finish(place, probes[place].begin(at: now))
        }
    }

    private func lookUpIfDue(_ place: Int, at now: UInt64) {
        guard case .tcp(let host, _) = probes[place].node.address,
            probes[place].takeLookUp(at: now, interval: options.resolveInterval)
        else { return }
        NameResolver.resolve(host) { [mailbox] in mailbox.post(.lookedUp(place: place, $0)) }
    }

    /// Waits for a descriptor, the bell, a deadline or the next check, and deals with the first and third.
    private func sleep() {
        var descriptors = [pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)]
        var places: [Int] = []
        var wakeUp = UInt64.max
        for (place, probe) in probes.enumerated() {
            if let interest = probe.interest {
                descriptors.append(interest)
                places.append(place)
            }
            if let deadline = probe.deadline { wakeUp = min(wakeUp, deadline) }
            if case .due(let time) = watches[place].schedule { wakeUp = min(wakeUp, time) }
        }
        let count = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: wakeUp))
        if count > 0 {
            for (descriptor, place) in zip(descriptors.dropFirst(), places) where descriptor.revents != 0 {
                finish(place, probes[place].ready())
            }
        }
        let now = MonotonicClock.now
        for (place, probe) in probes.enumerated() {
            if let deadline = probe.deadline, deadline <= now { finish(place, probe.expire()) }
        }
    }

    private func finish(_ place: Int, _ outcome: ProbeOutcome?) {
        guard let outcome else { return }
        guard case .underWay = watches[place].schedule else {
            // The kept connection ended between two checks: one session's end is no verdict, but worth a look.
            tell(place, .hinted)
            return
        }
        switch outcome {
        case .succeeded(let seen): versions[place] = seen.version
        case .failed: lookUpIfDue(place, at: MonotonicClock.now)
        }
        tell(place, outcome.event)
    }

    private func tell(_ place: Int, _ event: NodeWatch.Event) {
        if let transition = watches[place].handle(event, at: MonotonicClock.now) {
            log(.node(name: probes[place].node.name, transition))
        }
    }

    // MARK: Publishing

    private func publishChange() {
        let view = view
        if view == published { return }
        if published == nil && watches.allSatisfy({ $0.health == .unasked }) { return }
        published = view
        logRivals(view.topology)
        publish(view)
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
                    state: watches[place].state,
                    version: versions[place]
                )
            )
            if case .tcp = node.address { addresses[node.index] = probe.addresses.list }
        }
        return ClusterView(
            topology: Topology(nodes: nodes),
            addresses: addresses,
            isComplete: watches.allSatisfy { $0.health != .unasked }
        )
    }

    private func logRivals(_ topology: Topology) {
        let primaries = topology.nodes.filter { $0.state == .up(.primary) }.map(\.name)
        let now = primaries.count > 1 ? primaries : []
        if now != rivals, !now.isEmpty { log(.severalPrimaries(now)) }
        rivals = now
    }
}
