import Bytes

/// What is known of the nodes, and what follows from it: who takes writes, who takes reads, who is told to take none.
///
/// The one owner of all that. It is told of news and orders, changes itself, and answers with what has come of them
/// (`RosterChange`), which the engine carries out; it knows no pool, no server and no client.
struct Roster: ~Copyable {
    private(set) var topology: Topology
    /// The node that takes writes, -1 where there is none.
    private(set) var primary = -1
    /// While there is no primary.
    private(set) var outage: PrimaryOutage?
    /// Nodes that take reads.
    private(set) var replicas: [Int] = []
    /// The replicas, and with them the primary, as nodes to read on.
    private(set) var replicaReaders: ReadNodes
    private(set) var readersWithPrimary: ReadNodes
    private(set) var balance: ReadBalance
    /// Replicas are there that take no reads because of their lag.
    private(set) var hasLaggards = false
    /// Nodes that the console has taken out of use.
    private(set) var drained: Set<Int> = []
    /// Slots of nodes that have left, until no server of theirs is left.
    private(set) var departed: Set<Int> = []
    /// From its first step until the next primary is known: the old one counts as none.
    private(set) var switchover: Switchover?
    /// By node: how far it is known to have come.
    private(set) var freshness: [NodeFreshness]
    private(set) var newestSample: PrimarySample?
    /// By node: how often it has ceased to be a replica, or may have been restarted.
    private(set) var incarnations: [UInt16]
    /// Changes with whatever may decide which node serves which of the waiting reads.
    private(set) var epoch: UInt64 = 1
    /// The proxy's own zone; empty: none.
    private var zone: String
    private var random: RandomSource

    /// - Parameter slowStart: microseconds in which a node that joins the readers comes to its full weight.
    init(_ topology: Topology, zone: String, slowStart: Microseconds, seed: UInt64, now: Microseconds) {
        self.topology = topology
        self.zone = zone
        random = RandomSource(seed: seed)
        let count = topology.nodes.count
        replicaReaders = ReadNodes(capacity: count)
        readersWithPrimary = ReadNodes(capacity: count)
        balance = ReadBalance(count: count, slowStart: slowStart)
        freshness = topology.nodes.map { _ in NodeFreshness() }
        incarnations = topology.nodes.map { _ in 0 }
        readRoles()
        readReaders(now: now)
        noteOutage(primaryBefore: -1, now: now)
    }

    /// A random number, by which one of several nodes is chosen.
    @inline(__always)
    mutating func draw() -> UInt64 { random.next() }

    // MARK: News

    /// The control plane has looked at the nodes.
    mutating func apply(_ next: Topology, now: Microseconds) -> RosterChange {
        let before = topology
        topology = next
        var change = RosterChange(primaryBefore: primary)
        if next.nodes.count > before.nodes.count { grow(from: before.nodes.count, to: next.nodes.count, &change) }
        for old in before.nodes {
            let node = next.nodes[old.index]
            if node.isMember {
                departed.remove(node.index)
                if !node.isSame(as: old) {
                    resetSlot(of: old)
                    change.handedOver.append(old)
                }
            } else if old.isMember {
                departed.insert(node.index)
            }
            // Nodes that are no replicas any more begin another incarnation should they come back.
            if old.state.role == .replica, node.state.role != .replica { endIncarnation(of: old.index) }
        }
        readRoles()
        readReaders(now: now)
        noteOutage(primaryBefore: change.primaryBefore, now: now)
        change.readersHaveChanged = true
        return change
    }

    /// The control plane has looked at the nodes' positions.
    mutating func apply(_ report: FreshnessReport, now: Microseconds) -> RosterChange {
        precondition(report.nodes.count == topology.nodes.count, "a report of other nodes than those of the topology")
        var change = RosterChange(primaryBefore: primary)
        freshness = report.nodes
        newestSample = report.newest
        let before = replicas
        readRoles()
        change.readersHaveChanged = replicas != before
        if change.readersHaveChanged { readReaders(now: now) }
        return change
    }

    /// A replica may have been restarted: it may come back with less than it has shown.
    mutating func endIncarnation(of node: Int) {
        incarnations[node] &+= 1
        freshness[node].covered = 0
    }

    /// No server is left on the slot of a node that has left.
    mutating func isVacated(_ slot: Int) { departed.remove(slot) }

    /// About ten times a second.
    mutating func look(now: Microseconds) {
        epoch &+= 1
        balance.look(now: now)
    }

    /// A read's reply has begun.
    /// - Parameter time: microseconds since it was sent.
    @inline(__always)
    mutating func noteRead(on node: Int, time: Microseconds) { balance.note(node, time: time) }

    // MARK: Orders

    mutating func drain(_ node: Int, now: Microseconds) -> RosterChange {
        drained.insert(node)
        return rolesAreOverridden(now: now)
    }

    mutating func undrain(_ node: Int, now: Microseconds) -> RosterChange {
        drained.remove(node)
        return rolesAreOverridden(now: now)
    }

    /// The primary is to be left for another node: until that has come about there is none.
    mutating func begin(_ switchover: Switchover, now: Microseconds) -> RosterChange {
        self.switchover = switchover
        return rolesAreOverridden(now: now)
    }

    /// Settings have changed.
    mutating func reconfigure(zone: String, slowStart: Microseconds, now: Microseconds) -> RosterChange {
        self.zone = zone
        balance.slowStart = slowStart
        return rolesAreOverridden(now: now)
    }

    mutating func enter(_ stage: Switchover.Stage) { switchover?.stage = stage }

    /// - Parameter failed: the old primary is the primary again, where it says so.
    mutating func endSwitchover(failed: Bool, now: Microseconds) -> RosterChange? {
        switchover = nil
        return failed ? rolesAreOverridden(now: now) : nil
    }

    /// Orders or settings have changed which nodes are used.
    private mutating func rolesAreOverridden(now: Microseconds) -> RosterChange {
        var change = RosterChange(primaryBefore: primary)
        readRoles()
        readReaders(now: now)
        noteOutage(primaryBefore: change.primaryBefore, now: now)
        change.readersHaveChanged = true
        return change
    }

    // MARK: What follows

    private mutating func readRoles() {
        epoch &+= 1
        primary = topology.primary ?? -1
        if primary >= 0, primary == switchover?.from || drained.contains(primary) { primary = -1 }
        let known = topology.replicas.filter { topology.nodes[$0].weight > 0 && !drained.contains($0) }
        replicas = known.filter { freshness[$0].verdict.takesReads }
        hasLaggards = replicas.count < known.count
    }

    /// Sets what reads are shared among, after a role, a lag or a weight has changed.
    private mutating func readReaders(now: Microseconds) {
        let isNear = { [zone, topology] (node: Int) in zone.isEmpty || topology.nodes[node].zone == zone }
        let mayShare = primary >= 0 && (topology.nodes[primary].weight > 0 || replicas.isEmpty)
        let withPrimary = mayShare ? replicas + [primary] : replicas
        replicaReaders.assign(replicas, isNear: isNear)
        readersWithPrimary.assign(withPrimary, isNear: isNear)
        balance.setReaders(withPrimary, now: now) { [topology] in topology.nodes[$0].weight }
    }

    private mutating func noteOutage(primaryBefore: Int, now: Microseconds) {
        if primary >= 0 {
            outage = nil
        } else if outage == nil {
            // What it was before the first topology counts as much as what it has never been.
            outage = PrimaryOutage(node: primaryBefore, since: now)
        }
    }

    /// Nodes have joined.
    private mutating func grow(from before: Int, to count: Int, _ change: inout RosterChange) {
        for _ in before..<count {
            freshness.append(NodeFreshness())
            incarnations.append(0)
        }
        balance.grow(to: count)
        // Filled when the roles have been read.
        replicaReaders = ReadNodes(capacity: count)
        readersWithPrimary = ReadNodes(capacity: count)
        change.slots = count
    }

    /// A slot is another node's from now on.
    private mutating func resetSlot(of old: Node) {
        drained.remove(old.index)
        freshness[old.index] = NodeFreshness()
        balance.leave(old.index)
        endIncarnation(of: old.index)
    }

    // MARK: Names

    func node(named name: String) -> Int? {
        topology.members.first { $0.name == name }?.index
            ?? topology.members.first { $0.name.lowercased() == name.lowercased() }?.index
    }

    /// Whether statements may go to the node at all.
    func isUsable(_ node: Int) -> Bool {
        topology.nodes[node].state.role != .unknown && (drained.isEmpty || !drained.contains(node))
    }

    /// Of the replicas that take reads, that which lacks the fewest bytes.
    var nearestReplica: Int? {
        replicas.min { freshness[$0].lagBytes ?? .max < freshness[$1].lagBytes ?? .max }
    }
}

/// What has come of news or an order about the nodes: what the engine has to carry out.
struct RosterChange: Equatable {
    /// -1 where there was none.
    let primaryBefore: Int
    /// So many slots there are from now on, where nodes have joined.
    var slots: Int?
    /// Nodes whose slots are others' from now on.
    var handedOver: [Node] = []
    /// Who may read, and by which weights, is to be looked at anew.
    var readersHaveChanged = false

    init(primaryBefore: Int) { self.primaryBefore = primaryBefore }
}

/// There is no primary that statements could be sent to.
struct PrimaryOutage {
    /// The node that was the primary before; -1 where none has been seen.
    let node: Int
    let since: Microseconds
}
