import MonotonicTime
import ProxyCore

/// Which nodes there are, and which slot each has: the nodes of the configuration for ever, others for as long as they
/// are listed. Pure; times are microseconds of one monotonic clock.
package struct Membership: Sendable {
    private struct Discovered {
        /// Nil: a node of the configuration.
        var listedAt: UInt64?
        var state = ""
    }

    private enum Slot {
        case member(Discovered)
        /// It has left; workers may have servers of its.
        case departed
        /// Nothing refers to it any more: another node may have it.
        case vacant
    }

    /// By slot; a departed node's is kept, in case it comes back.
    package private(set) var nodes: [MonitoredNode]
    private let configured: [MonitoredNode]
    private var slots: [Slot]
    private let rules: DiscoveryRules?
    private var refused: Set<String> = []

    /// - Parameters:
    ///   - nodes: of the configuration.
    ///   - rules: nil: no others are ever listed.
    package init(nodes: [MonitoredNode], rules: DiscoveryRules?) {
        self.nodes = nodes
        configured = nodes
        self.rules = rules
        slots = nodes.map { _ in .member(Discovered()) }
    }

    package func isMember(_ slot: Int) -> Bool {
        if case .member = slots[slot] { true } else { false }
    }

    package var count: Int { slots.indices.count { isMember($0) } }

    /// Workers have no server of a departed node any more.
    package mutating func vacated(_ slot: Int) {
        guard slots.indices.contains(slot), case .departed = slots[slot] else { return }
        slots[slot] = .vacant
    }

    /// Somebody has listed the nodes that there are.
    ///
    /// - Parameters:
    ///   - hosts: by slot, the numeric addresses of each member's host; nil while they are being looked up, and then no
    ///     node is taken for a new
    ///     one, since it may be that.
    ///   - primary: the slot of the node that writes go to: it stays, listed or not.
    ///   - reserved: a slot that must not be given to another node.
    package mutating func listed(
        _ found: [DiscoveredNode],
        hosts: [[String]?],
        primary: Int?,
        reserved: Int?,
        at now: UInt64
    ) -> [MembershipChange] {
        guard let rules else { return [] }
        var changes: [MembershipChange] = []
        var seen: Set<Int> = []
        var strangers: [DiscoveredNode] = []
        for node in found {
            guard let slot = slots.indices.first(where: { isMember($0) && matches($0, node, hosts) }) else {
                strangers.append(node)
                continue
            }
            seen.insert(slot)
            changes += update(slot, node, at: now)
        }
        let mayBeKnown = slots.indices.contains { isMember($0) && hosts[$0] == nil }
        for node in strangers where !mayBeKnown {
            changes.append(admit(node, rules, reserved: reserved, at: now))
        }
        for slot in slots.indices where slot != primary && !seen.contains(slot) {
            guard case .member(let member) = slots[slot], let listedAt = member.listedAt,
                now >= listedAt &+ rules.forget.microseconds
            else { continue }
            slots[slot] = .departed
            changes.append(.left(slot))
        }
        if !refused.isEmpty { refused.formIntersection(found.map(\.name)) }
        return changes.filter { if case .refused(let name) = $0 { refused.insert(name).inserted } else { true } }
    }

    private mutating func update(_ slot: Int, _ node: DiscoveredNode, at now: UInt64) -> [MembershipChange] {
        guard case .member(var member) = slots[slot] else { return [] }
        var changes: [MembershipChange] = []
        if member.listedAt != nil { member.listedAt = now }
        if member.state != node.state {
            if !member.state.isEmpty { changes.append(.stirred(slot)) }
            member.state = node.state
        }
        slots[slot] = .member(member)
        let granted = member.listedAt == nil ? configured[slot] : rules?.login ?? nodes[slot]
        let tagged = nodes[slot].sharing(granted.tagged(by: node))
        if tagged != nodes[slot] {
            nodes[slot] = tagged
            changes.append(.retagged(slot))
        }
        return changes
    }

    private mutating func admit(
        _ node: DiscoveredNode,
        _ rules: DiscoveryRules,
        reserved: Int?,
        at now: UInt64
    ) -> MembershipChange {
        guard count < rules.maximum else { return .refused(name: node.name) }
        let member = Slot.member(Discovered(listedAt: now, state: node.state))
        if let slot = slots.indices.first(where: { !isMember($0) && nodes[$0].address == node.address }) {
            nodes[slot] = nodes[slot].sharing(rules.login.tagged(by: node))
            slots[slot] = member
            return .rejoined(slot)
        }
        let free = slots.indices.first { slot in
            if case .vacant = slots[slot] { slot != reserved } else { false }
        }
        let slot = free ?? slots.count
        let taken = slots.indices.contains { isMember($0) && nodes[$0].name == node.name }
        let new = rules.login.tagged(by: node).at(
            slot,
            name: taken ? node.address.text : node.name,
            address: node.address
        )
        if slot == slots.count {
            nodes.append(new)
            slots.append(member)
        } else {
            nodes[slot] = new
            slots[slot] = member
        }
        return .joined(slot)
    }

    /// Whether a member is that node, by whatever name its host goes.
    private func matches(_ slot: Int, _ node: DiscoveredNode, _ hosts: [[String]?]) -> Bool {
        let own = nodes[slot].address
        if own == node.address { return true }
        switch (own, node.address) {
        case (.tcp(_, let left), .tcp(_, let right)):
            return left == right && !Set(hosts[slot] ?? []).isDisjoint(with: node.numericHosts)
        case (.unix(_, let left), .tcp(_, let right)): return left == right && Self.hasLoopback(node.numericHosts)
        case (.tcp(_, let left), .unix(_, let right)): return left == right && Self.hasLoopback(hosts[slot] ?? [])
        case (.unix, .unix): return false
        }
    }

    private static func hasLoopback(_ hosts: [String]) -> Bool { hosts.contains { NameResolver.isLoopback($0) } }
}

/// What a list of nodes has changed; by slot.
package enum MembershipChange: Sendable, Equatable {
    case joined(Int)
    /// The node that the slot was of is back.
    case rejoined(Int)
    case left(Int)
    /// Other tags than before.
    case retagged(Int)
    /// Something else is said of its state than before.
    case stirred(Int)
    /// `max_nodes` is reached; told once a name.
    case refused(name: String)
}
