import MonotonicTime
import ProxyCore

/// Which nodes there are, and which slot each has: the nodes of the configuration for as long as they stand there,
/// others for as long as they are listed. Pure; times are microseconds of one monotonic clock.
package struct Membership: Sendable {
    private struct Member {
        var origin: Origin
        /// What was said of it last, where anybody lists nodes.
        var seen: DiscoveredNode?
    }

    private enum Origin {
        /// With what the configuration grants it.
        case configuration(MonitoredNode)
        case listed(at: UInt64)
    }

    private enum Slot {
        case member(Member)
        /// It has left; workers may have servers of its.
        case departed
        /// Nothing refers to it any more: another node may have it.
        case vacant
    }

    /// By slot; a departed node's is kept, in case it comes back.
    package private(set) var nodes: [MonitoredNode]
    private var slots: [Slot]
    private var rules: DiscoveryRules?
    private var refused: Set<String> = []

    /// - Parameters:
    ///   - nodes: of the configuration.
    ///   - rules: nil: no others are ever listed.
    package init(nodes: [MonitoredNode], rules: DiscoveryRules?) {
        self.nodes = nodes
        self.rules = rules
        slots = nodes.map { .member(Member(origin: .configuration($0))) }
    }

    package func isMember(_ slot: Int) -> Bool {
        if case .member = slots[slot] { true } else { false }
    }

    package var count: Int { slots.indices.count { isMember($0) } }

    private func isConfigured(_ slot: Int) -> Bool {
        if case .member(let member) = slots[slot], case .configuration = member.origin { true } else { false }
    }

    /// Other rules for nodes that are found, and how to log in to them: also to those that have been.
    package mutating func setRules(_ new: DiscoveryRules?) -> [MembershipChange] {
        rules = new
        return slots.indices.flatMap { refresh($0) }
    }

    /// The configuration has these nodes from now on; their own indexes do not count. Names tell which is which: one
    /// with another address than before has left, and a node has joined.
    ///
    /// - Parameter reserved: a slot that must not be given to another node.
    package mutating func configured(_ wanted: [MonitoredNode], reserved: Int?) -> [MembershipChange] {
        var changes: [MembershipChange] = []
        for slot in slots.indices where isMember(slot) && leaves(slot, wanted) {
            slots[slot] = .departed
            changes.append(.left(slot))
        }
        for node in wanted {
            let here = slots.indices.first {
                isMember($0) && nodes[$0].name == node.name && nodes[$0].address == node.address
            }
            if let slot = here {
                if case .member(var member) = slots[slot] {
                    member.origin = .configuration(node)
                    slots[slot] = .member(member)
                }
                changes += refresh(slot)
            } else {
                changes.append(join(node, Member(origin: .configuration(node)), reserved: reserved))
            }
        }
        return changes
    }

    /// Whether a member is none of the configuration's nodes any more, or was found and is one of them under another
    /// name.
    private func leaves(_ slot: Int, _ wanted: [MonitoredNode]) -> Bool {
        let same = wanted.filter { $0.address == nodes[slot].address }
        if same.contains(where: { $0.name == nodes[slot].name }) { return false }
        return isConfigured(slot) || !same.isEmpty
    }

    /// Gives a member what it is granted, less what its tags take away.
    private mutating func refresh(_ slot: Int) -> [MembershipChange] {
        guard case .member(let member) = slots[slot] else { return [] }
        let granted: MonitoredNode
        switch member.origin {
        case .configuration(let own): granted = own
        case .listed: granted = rules?.login ?? nodes[slot]
        }
        let tagged = member.seen.map { granted.tagged(by: $0) } ?? granted
        let node = tagged.at(slot, name: nodes[slot].name, address: nodes[slot].address)
        if node == nodes[slot] { return [] }
        nodes[slot] = node
        return [.changed(slot)]
    }

    /// Gives a node that is no member a slot: the one that it had, one that nobody refers to, or a new one.
    private mutating func join(
        _ node: MonitoredNode,
        _ member: Member,
        reserved: Int?
    ) -> MembershipChange {
        let own = slots.indices.first { slot in
            !isMember(slot) && nodes[slot].address == node.address && nodes[slot].name == node.name
        }
        let free = slots.indices.first { slot in
            if case .vacant = slots[slot] { slot != reserved } else { false }
        }
        let slot = own ?? free ?? slots.count
        let placed = node.at(slot, name: node.name, address: node.address)
        if slot == slots.count {
            nodes.append(placed)
            slots.append(.member(member))
        } else {
            nodes[slot] = placed
            slots[slot] = .member(member)
        }
        return own == nil ? .joined(slot) : .rejoined(slot)
    }

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
            let matching = slots.indices.filter { isMember($0) && matches($0, node, hosts) }
            // One that was found may have been added to the configuration since, under another name: it is let go.
            guard let slot = matching.first(where: isConfigured) ?? matching.first else {
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
            guard case .member(let member) = slots[slot], case .listed(let listedAt) = member.origin,
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
        if case .listed = member.origin { member.origin = .listed(at: now) }
        if let seen = member.seen, seen.state != node.state, !seen.state.isEmpty { changes.append(.stirred(slot)) }
        member.seen = node
        slots[slot] = .member(member)
        return changes + refresh(slot)
    }

    private mutating func admit(
        _ node: DiscoveredNode,
        _ rules: DiscoveryRules,
        reserved: Int?,
        at now: UInt64
    ) -> MembershipChange {
        guard count < rules.maximum else { return .refused(name: node.name) }
        let taken = slots.indices.contains { isMember($0) && nodes[$0].name == node.name }
        // Whoever is back has the name that it had.
        let before = slots.indices.first { !isMember($0) && nodes[$0].address == node.address }.map { nodes[$0].name }
        let isFree = before.map { name in !slots.indices.contains { isMember($0) && nodes[$0].name == name } } ?? false
        let name = isFree ? before : nil
        let new = rules.login.tagged(by: node).at(
            0,
            name: name ?? (taken ? node.address.text : node.name),
            address: node.address
        )
        return join(new, Member(origin: .listed(at: now), seen: node), reserved: reserved)
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
    /// Its weight, its promotion or its login is another than before: by tags, or by the configuration.
    case changed(Int)
    /// Something else is said of its state than before.
    case stirred(Int)
    /// `max_nodes` is reached; told once a name.
    case refused(name: String)
}
