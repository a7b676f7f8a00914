import MonotonicTime
import ProxyCore

/// Nodes that come and go: those that are found, and those that a reload brings.
extension MonitorLoop {
    /// The primary has said who streams from it.
    func sendersTold(_ list: SenderList, by place: Int) {
        guard let rules = options.discovery, rules.asksPrimary else { return }
        let primary = probes[place].node
        switch list {
        case .denied:
            if deniedSenders != primary.name { log(.sendersDenied(node: primary.name, user: primary.user)) }
            deniedSenders = primary.name
        case .told(let senders):
            deniedSenders = nil
            listed(senders.compactMap { $0.node(primary: primary.address, port: rules.port) })
        }
    }

    /// The nodes that there are, by what the primary or Patroni says.
    func listed(_ found: [DiscoveredNode]) {
        guard options.discovery != nil else { return }
        let changes = members.listed(
            found,
            hosts: probes.indices.map { hosts($0) },
            primary: verdict.primary,
            reserved: fencing.accepted?.place,
            at: MonotonicClock.now
        )
        adopt(changes)
    }

    /// - Parameter areConfigured: the configuration says so, not somebody who lists nodes.
    func adopt(_ changes: [MembershipChange], areConfigured: Bool = false) {
        if changes.isEmpty { return }
        for change in changes {
            switch change {
            case .joined(let slot): admit(slot, isNew: true, isConfigured: areConfigured)
            case .rejoined(let slot): admit(slot, isNew: false, isConfigured: areConfigured)
            case .left(let slot): remove(slot, isConfigured: areConfigured)
            case .changed(let slot): update(slot)
            case .stirred(let slot): tell(slot, .hinted)
            case .refused(let name): log(.notTaken(node: name, maximum: options.discovery?.maximum ?? 0))
            }
        }
        judge()
        mustReport = true
    }

    /// The numeric addresses of a member's host; nil while the first look-up runs.
    private func hosts(_ place: Int) -> [String]? {
        let list = probes[place].addresses.list
        guard list.isEmpty, probes[place].addresses.mustWait, watches[place].health == .unasked else { return list }
        return nil
    }

    private func update(_ slot: Int) {
        let node = members.nodes[slot]
        if !node.hasSameLogin(as: probes[slot].node) { tell(slot, .hinted) }
        probes[slot].set(node)
        fencing.renamed(slot, Fencing.Node(name: node.name, conninfo: node.conninfo))
    }

    private func admit(_ slot: Int, isNew: Bool, isConfigured: Bool) {
        let node = members.nodes[slot]
        let watch = NodeWatch(rules: options.rules, seed: UInt64.random(in: .min ... .max))
        let probe = NodeProbe(
            node: node,
            timeout: options.timeout,
            clock: clock,
            asksForSenders: options.discovery?.asksPrimary ?? false
        )
        let now = MonotonicClock.now
        if slot == probes.count {
            watches.append(watch)
            probes.append(probe)
            versions.append(0)
            readings.append(nil)
            since.append(now)
            verdict.fences.append(nil)
        } else {
            watches[slot] = watch
            probes[slot] = probe
            versions[slot] = 0
            readings[slot] = nil
            since[slot] = now
        }
        // Of a node that is back it is remembered that it was primary once.
        let named = Fencing.Node(name: node.name, conninfo: node.conninfo)
        if isNew {
            fencing.joined(slot, named)
        } else {
            fencing.renamed(slot, named)
            fencing.restored(slot)
        }
        lag.joined(slot)
        promotionDriver?.following.forget(slot)
        let address = node.address.text
        log(isConfigured ? .added(node: node.name, address: address) : .joined(node: node.name, address: address))
    }

    private func remove(_ slot: Int, isConfigured: Bool) {
        let node = probes[slot].node
        probes[slot] = NodeProbe(node: node, timeout: options.timeout, clock: clock)
        watches[slot] = NodeWatch(rules: options.rules, seed: 1)
        readings[slot] = nil
        since[slot] = MonotonicClock.now
        lag.lost(slot)
        if fencing.accepted?.place == slot { promotionDriver?.promotion.lossIsOver() }
        fencing.removed(slot)
        promotionDriver?.leave(slot)
        log(isConfigured ? .removed(node: node.name) : .left(node: node.name))
    }
}
