import MonotonicTime
import ProxyCore

/// Nodes that are not in the configuration: found, watched like the others, and let go.
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
        guard let rules = options.discovery else { return }
        let changes = members.listed(
            found,
            hosts: probes.indices.map { hosts($0) },
            primary: verdict.primary,
            reserved: fencing.accepted?.place,
            at: MonotonicClock.now
        )
        if changes.isEmpty { return }
        for change in changes {
            switch change {
            case .joined(let slot): admit(slot, isNew: true)
            case .rejoined(let slot): admit(slot, isNew: false)
            case .left(let slot): remove(slot)
            case .retagged(let slot): probes[slot].node = members.nodes[slot]
            case .stirred(let slot): tell(slot, .hinted)
            case .refused(let name): log(.notTaken(node: name, maximum: rules.maximum))
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

    private func admit(_ slot: Int, isNew: Bool) {
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
        if isNew { fencing.joined(slot, Fencing.Node(name: node.name, conninfo: node.conninfo)) }
        lag.joined(slot)
        log(.joined(node: node.name, address: node.address.text))
    }

    private func remove(_ slot: Int) {
        let node = probes[slot].node
        probes[slot] = NodeProbe(node: node, timeout: options.timeout, clock: clock)
        watches[slot] = NodeWatch(rules: options.rules, seed: 1)
        readings[slot] = nil
        since[slot] = MonotonicClock.now
        lag.lost(slot)
        log(.left(node: node.name))
    }
}
