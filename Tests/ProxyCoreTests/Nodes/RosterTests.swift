@testable import ProxyCore
import SeededRandom
import Testing

/// The roster alone: what follows from news and orders about the nodes.
struct RosterTests {
    private func node(_ index: Int, _ state: NodeState, weight: Int = 1, zone: String = "", name: String? = nil) -> Node
    {
        Node(
            index: index,
            name: name ?? "n\(index)",
            address: .tcp(host: name ?? "n\(index)", port: 5432),
            weight: weight,
            zone: zone,
            state: state
        )
    }

    private func topology(_ states: NodeState...) -> Topology {
        Topology(nodes: states.enumerated().map { node($0, $1) })
    }

    private func roster(_ states: NodeState..., zone: String = "") -> Roster {
        Roster(Topology(nodes: states.enumerated().map { node($0, $1) }), zone: zone, slowStart: 0, seed: 1, now: 0)
    }

    private func near(_ count: Int) -> [NodeFreshness] {
        [NodeFreshness()] + (1..<count).map { NodeFreshness(covered: UInt64($0), lag: 0, lagBytes: 0, verdict: .near) }
    }

    private static let down = NodeState.unknown(reason: "down")

    // MARK: The primary

    @Test("Two that say so are no primary; the outage names the one before and keeps its beginning")
    func rivals() {
        var roster = roster(.up(.primary), .up(.replica))
        #expect(roster.primary == 0 && roster.outage == nil)
        let change = roster.apply(topology(.up(.primary), .up(.primary)), now: 5)
        #expect(change.primaryBefore == 0)
        #expect(roster.primary == -1 && roster.outage?.node == 0 && roster.outage?.since == 5)
        _ = roster.apply(topology(Self.down, Self.down), now: 9)
        #expect(roster.outage?.node == 0 && roster.outage?.since == 5)
        _ = roster.apply(topology(Self.down, .up(.primary)), now: 12)
        #expect(roster.primary == 1 && roster.outage == nil)
    }

    @Test("DRAIN takes a node out, the primary too, and UNDRAIN brings it back")
    func drains() {
        var roster = roster(.up(.primary), .up(.replica), .up(.replica))
        #expect(roster.drain(1, now: 1).primaryBefore == 0)
        #expect(roster.replicas == [2] && !roster.isUsable(1) && roster.isUsable(2))
        #expect(roster.drain(0, now: 2).primaryBefore == 0)
        #expect(roster.primary == -1 && roster.outage?.since == 2)
        #expect(roster.undrain(0, now: 3).primaryBefore == -1)
        #expect(roster.primary == 0 && roster.outage == nil)
        _ = roster.undrain(1, now: 4)
        #expect(roster.replicas == [1, 2])
    }

    @Test("While a switchover runs there is no primary; should it fail, the old one is it again")
    func switchover() {
        for failed in [true, false] {
            var roster = roster(.up(.primary), .up(.replica))
            #expect(roster.begin(Switchover(from: 0, to: 1, began: 7), now: 7).primaryBefore == 0)
            #expect(roster.primary == -1 && roster.outage?.since == 7)
            roster.enter(.draining(nextCheck: 20))
            #expect(roster.switchover?.nextCheck == 20)
            roster.enter(.promoting)
            #expect(roster.switchover?.nextCheck == nil)
            if failed {
                #expect(roster.endSwitchover(failed: true, now: 30)?.primaryBefore == -1)
                #expect(roster.primary == 0)
            } else {
                roster.enter(.following)
                // The old one as it goes down, and the new one.
                _ = roster.apply(topology(Self.down, .up(.primary)), now: 29)
                #expect(roster.primary == 1)
                #expect(roster.endSwitchover(failed: false, now: 30) == nil)
                #expect(roster.primary == 1)
            }
            #expect(roster.switchover == nil)
        }
    }

    // MARK: Readers

    @Test("Who lags takes no reads, and no weight is no reads")
    func readers() {
        var roster = Roster(
            Topology(nodes: [node(0, .up(.primary)), node(1, .up(.replica)), node(2, .up(.replica), weight: 0)]),
            zone: "",
            slowStart: 0,
            seed: 1,
            now: 0
        )
        #expect(roster.replicas == [1] && !roster.hasLaggards)
        var nodes = near(3)
        nodes[1].verdict = .behind(reason: "far")
        let change = roster.apply(FreshnessReport(nodes: nodes, newest: nil), now: 1)
        #expect(change.readersHaveChanged && roster.replicas.isEmpty && roster.hasLaggards)
        // With no replica left the primary is all that there is to read on.
        #expect(roster.readersWithPrimary.all.indexes == [0] && roster.replicaReaders.all.isEmpty)
        #expect(!roster.apply(FreshnessReport(nodes: nodes, newest: nil), now: 2).readersHaveChanged)
        #expect(roster.apply(FreshnessReport(nodes: near(3), newest: nil), now: 3).readersHaveChanged)
        #expect(roster.replicas == [1])
    }

    @Test("The own zone's come first, others where none is there")
    func zones() {
        let nodes = [
            node(0, .up(.primary), zone: "a"), node(1, .up(.replica), zone: "a"), node(2, .up(.replica), zone: "b"),
        ]
        var roster = Roster(Topology(nodes: nodes), zone: "b", slowStart: 0, seed: 1, now: 0)
        #expect(roster.replicaReaders.all.indexes == [1, 2] && roster.replicaReaders.near.indexes == [2])
        _ = roster.drain(2, now: 1)
        #expect(roster.replicaReaders.near.indexes == [1])
    }

    @Test("The nearest replica is the one that lacks the fewest bytes, of those that take reads")
    func nearest() {
        var roster = roster(.up(.primary), .up(.replica), .up(.replica), .up(.replica))
        var nodes = near(4)
        (nodes[1].lagBytes, nodes[2].lagBytes, nodes[3].lagBytes) = (9, 4, nil)
        _ = roster.apply(FreshnessReport(nodes: nodes, newest: nil), now: 1)
        #expect(roster.nearestReplica == 2)
        _ = roster.drain(2, now: 2)
        #expect(roster.nearestReplica == 1)
    }

    // MARK: Slots

    @Test("A slot that is another node's forgets what its former node was, and names it")
    func handedOver() {
        var roster = roster(.up(.primary), .up(.replica))
        _ = roster.apply(FreshnessReport(nodes: near(2), newest: nil), now: 1)
        _ = roster.drain(1, now: 1)
        let incarnation = roster.incarnations[1]
        let other = node(1, .up(.replica), name: "other")
        let change = roster.apply(Topology(nodes: [node(0, .up(.primary)), other]), now: 2)
        #expect(change.handedOver.map(\.name) == ["n1"])
        #expect(roster.incarnations[1] != incarnation && roster.freshness[1].covered == 0 && roster.replicas == [1])
        #expect(roster.node(named: "other") == 1 && roster.node(named: "OTHER") == 1 && roster.node(named: "n1") == nil)
    }

    @Test("A node that has left keeps its slot until that is empty; one that joins finds room")
    func members() {
        var roster = roster(.up(.primary), .up(.replica))
        var left = node(1, .unknown(reason: "it has left"))
        left.isMember = false
        let change = roster.apply(Topology(nodes: [node(0, .up(.primary)), left, node(2, .up(.replica))]), now: 2)
        #expect(change.slots == 3 && change.handedOver.isEmpty)
        #expect(roster.departed == [1] && roster.replicas == [2] && roster.freshness.count == 3)
        roster.isVacated(1)
        #expect(roster.departed.isEmpty)
    }

    @Test("Who is no replica any more, or may have been restarted, begins another incarnation")
    func incarnations() {
        var roster = roster(.up(.primary), .up(.replica))
        _ = roster.apply(FreshnessReport(nodes: near(2), newest: nil), now: 1)
        #expect(roster.freshness[1].covered == 1)
        _ = roster.apply(topology(.up(.primary), Self.down), now: 2)
        #expect(roster.incarnations == [0, 1] && roster.freshness[1].covered == 0)
        _ = roster.apply(topology(.up(.primary), .up(.replica)), now: 3)
        #expect(roster.incarnations == [0, 1])
        roster.endIncarnation(of: 1)
        #expect(roster.incarnations == [0, 2])
    }

    // MARK: Any order

    @Test("Whatever comes in whatever order, the roster is what the last of it says", arguments: 1...40)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let states: [NodeState] = [.up(.primary), .up(.replica), .up(.replica), Self.down, .fenced(reason: "old")]
        var now: Microseconds = 0
        var count = 3
        var nodes = (0..<count).map { node($0, $0 == 0 ? .up(.primary) : .up(.replica)) }
        var roster = Roster(Topology(nodes: nodes), zone: "", slowStart: 0, seed: 1, now: 0)
        for _ in 0..<300 {
            now += 1
            let before = roster.primary
            let incarnations = roster.incarnations
            var change: RosterChange?
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2:
                if count < 6, Bool.random(using: &random) {
                    nodes.append(node(count, .up(.replica)))
                    count += 1
                }
                let place = Int.random(in: 0..<count, using: &random)
                nodes[place].state = states.randomElement(using: &random) ?? Self.down
                change = roster.apply(Topology(nodes: nodes), now: now)
            case 3, 4:
                var looks = near(count)
                let place = Int.random(in: 1..<count, using: &random)
                looks[place].verdict = .behind(reason: "far")
                _ = roster.apply(FreshnessReport(nodes: looks, newest: nil), now: now)
            case 5: change = roster.drain(Int.random(in: 0..<count, using: &random), now: now)
            case 6: change = roster.undrain(Int.random(in: 0..<count, using: &random), now: now)
            default:
                if roster.switchover == nil, roster.primary >= 0 {
                    change = roster.begin(Switchover(from: roster.primary, to: 1, began: now), now: now)
                } else {
                    // It has come about only where another is the primary.
                    let failed = roster.topology.primary == roster.switchover?.from
                    change = roster.endSwitchover(failed: failed, now: now)
                }
            }
            if let change { #expect(change.primaryBefore == before) }
            expectSound(roster)
            for (old, new) in zip(incarnations, roster.incarnations) { #expect(new >= old) }
        }
    }

    private func expectSound(_ roster: borrowing Roster) {
        let (primary, replicas, drained) = (roster.primary, roster.replicas, roster.drained)
        let nodes = roster.topology.nodes
        if primary >= 0 {
            #expect(nodes.filter { $0.state == .up(.primary) }.map(\.index) == [primary])
            #expect(!drained.contains(primary) && roster.switchover?.from != primary)
        } else {
            let isAlone = nodes.count { $0.state == .up(.primary) } == 1
            let only = nodes.first { $0.state == .up(.primary) }?.index ?? -1
            let isTakenOut = drained.contains(only) || roster.switchover?.from == only
            #expect(!isAlone || isTakenOut)
        }
        #expect((roster.outage == nil) == (primary >= 0))
        let verdicts = roster.freshness.map(\.verdict.takesReads)
        let expected = nodes.filter { $0.state == .up(.replica) && !drained.contains($0.index) && verdicts[$0.index] }
        #expect(replicas == expected.map(\.index))
        #expect(roster.replicaReaders.all.indexes == replicas)
        #expect(roster.readersWithPrimary.all.indexes == replicas + (primary >= 0 ? [primary] : []))
        #expect(roster.incarnations.count == nodes.count && roster.freshness.count == nodes.count)
    }
}
