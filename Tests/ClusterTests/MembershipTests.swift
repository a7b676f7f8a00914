import ProxyCore
import Testing

@testable import Cluster

/// Which nodes there are, by what is listed.
struct MembershipTests {
    private static let second: UInt64 = 1_000_000

    private func membership(_ ports: [UInt16] = [1], maximum: Int = 32, forget: Duration = .seconds(10)) -> Membership {
        let nodes = ports.enumerated().map { MonitoredNode(test: $0.offset, name: "c\($0.element)", port: $0.element) }
        let login = MonitoredNode(test: 0, name: "", port: 0, user: "watcher", password: "secret")
        let rules = DiscoveryRules(asksPrimary: true, forget: forget, maximum: maximum, login: login)
        return Membership(nodes: nodes, rules: rules)
    }

    private func node(
        _ port: UInt16,
        _ name: String? = nil,
        host: String = "127.0.0.1",
        takesNoReads: Bool = false,
        isNeverPromoted: Bool = false,
        zone: String? = nil,
        state: String = ""
    ) -> DiscoveredNode {
        DiscoveredNode(
            name: name ?? "d\(port)",
            address: .tcp(host: host, port: port),
            numericHosts: NameResolver.isNumeric(host) ? [host] : [],
            zone: zone,
            takesNoReads: takesNoReads,
            isNeverPromoted: isNeverPromoted,
            state: state
        )
    }

    private func list(
        _ membership: inout Membership,
        _ found: [DiscoveredNode],
        hosts: [[String]?]? = nil,
        primary: Int? = 0,
        reserved: Int? = nil,
        at time: UInt64
    ) -> [MembershipChange] {
        membership.listed(
            found,
            hosts: hosts ?? membership.nodes.map { _ in ["127.0.0.1"] },
            primary: primary,
            reserved: reserved,
            at: time * Self.second
        )
    }

    @Test func aNodeThatIsListedJoinsWithTheLoginOfTheProxy() {
        var members = membership()
        #expect(list(&members, [node(2, "two")], at: 1) == [.joined(1)])
        let joined = members.nodes[1]
        #expect(joined.index == 1 && joined.name == "two" && joined.address == .tcp(host: "127.0.0.1", port: 2))
        #expect(joined.user == "watcher" && joined.password == "secret" && joined.weight == 100)
        #expect(list(&members, [node(2, "two")], at: 2) == [])
        #expect(members.count == 2)
    }

    @Test func oneThatIsKnownUnderAnotherNameIsNotTakenTwice() {
        var members = membership([1, 2])
        let named = node(2, host: "replica.example.com")
        #expect(list(&members, [node(1), node(2)], at: 1) == [])
        // By the addresses that its name has.
        let resolved = DiscoveredNode(name: "r", address: named.address, numericHosts: ["10.0.0.2"])
        #expect(list(&members, [resolved], hosts: [["10.0.0.1"], ["10.0.0.2", "10.0.1.2"]], at: 1) == [])
        // Before a name has been looked up, it may be that of anybody.
        #expect(list(&members, [node(3)], hosts: [["127.0.0.1"], nil], at: 2) == [])
        #expect(list(&members, [node(3)], hosts: [["127.0.0.1"], []], at: 3) == [.joined(2)])
    }

    @Test func aUnixSocketIsTheSameNodeAsItsLoopbackAddress() {
        let local = MonitoredNode(
            index: 0,
            name: "local",
            address: .unix(directory: "/run", port: 5),
            weight: 1,
            user: "u",
            password: nil,
            database: "d"
        )
        let rules = DiscoveryRules(asksPrimary: true, login: local)
        var members = Membership(nodes: [local], rules: rules)
        #expect(list(&members, [node(5)], hosts: [[]], at: 1) == [])
        #expect(list(&members, [node(6)], hosts: [[]], at: 1) == [.joined(1)])
    }

    @Test func whatIsNotListedForSomeTimeLeaves() {
        var members = membership(forget: .seconds(3))
        #expect(list(&members, [node(2), node(3)], at: 1) == [.joined(1), .joined(2)])
        #expect(list(&members, [node(3)], at: 3) == [])
        #expect(list(&members, [node(3)], at: 4) == [.left(1)])
        #expect(!members.isMember(1) && members.isMember(2))
        // Nodes of the configuration stay, and so does the primary.
        #expect(list(&members, [], primary: 2, at: 100) == [])
        #expect(list(&members, [], primary: nil, at: 101) == [.left(2)])
        #expect(members.isMember(0))
    }

    @Test func whoComesBackHasItsSlotAgain() {
        var members = membership(forget: .seconds(1))
        _ = list(&members, [node(2), node(3)], at: 1)
        #expect(list(&members, [node(3)], at: 3) == [.left(1)])
        members.vacated(1)
        #expect(list(&members, [node(2), node(3)], at: 4) == [.rejoined(1)])
        // Word that comes late does not touch a member.
        members.vacated(1)
        #expect(members.isMember(1))
    }

    @Test func aSlotIsGivenOnOnlyWhenNothingRefersToIt() {
        var members = membership(forget: .seconds(1))
        _ = list(&members, [node(2)], at: 1)
        #expect(list(&members, [], at: 3) == [.left(1)])
        #expect(list(&members, [node(3)], at: 4) == [.joined(2)])
        members.vacated(1)
        #expect(list(&members, [node(3), node(4)], reserved: 1, at: 5) == [.joined(3)])
        #expect(list(&members, [node(3), node(4), node(5)], at: 5) == [.joined(1)])
        #expect(members.nodes[1].name == "d5" && members.nodes[1].index == 1)
        members.vacated(77)
    }

    @Test func maxNodesIsALimitThatIsToldOnce() {
        var members = membership(maximum: 2, forget: .seconds(1))
        #expect(list(&members, [node(2), node(3)], at: 1) == [.joined(1), .refused(name: "d3")])
        #expect(list(&members, [node(2), node(3)], at: 2) == [])
        #expect(list(&members, [node(3)], at: 4) == [.left(1)])
        #expect(list(&members, [node(3)], at: 5) == [.joined(2)])
    }

    @Test func aNameThatIsTakenIsReplacedByTheAddress() {
        var members = membership()
        _ = list(&members, [node(2, "c1"), node(3, "x"), node(4, "x")], at: 1)
        #expect(members.nodes.map(\.name) == ["c1", "127.0.0.1:2", "x", "127.0.0.1:4"])
    }

    @Test func tagsTakeAwayAndAreGivenBack() {
        var members = membership()
        _ = list(&members, [node(2)], at: 1)
        let tagged = [node(1, takesNoReads: true), node(2, isNeverPromoted: true)]
        #expect(list(&members, tagged, at: 2) == [.changed(0), .changed(1)])
        #expect(members.nodes.map(\.weight) == [0, 100])
        #expect(members.nodes.map(\.promotion.isExcluded) == [false, true])
        #expect(list(&members, tagged, at: 3) == [])
        #expect(list(&members, [node(1), node(2)], at: 4) == [.changed(0), .changed(1)])
        #expect(members.nodes.map(\.weight) == [100, 100])
        #expect(list(&members, [node(1, zone: "east"), node(2)], at: 5) == [.changed(0)])
        #expect(members.nodes.map(\.zone) == ["east", ""])
    }

    @Test func anotherStateIsAReasonToAsk() {
        var members = membership()
        #expect(list(&members, [node(1, state: "leader")], at: 1) == [])
        #expect(list(&members, [node(1, state: "leader")], at: 2) == [])
        #expect(list(&members, [node(1, state: "replica")], at: 3) == [.stirred(0)])
    }

    // MARK: The configuration's nodes after a reload

    private func given(
        _ port: UInt16,
        _ name: String,
        weight: Int = 100,
        user: String = "postgres"
    ) -> MonitoredNode {
        MonitoredNode(
            index: 0,
            name: name,
            address: .tcp(host: "127.0.0.1", port: port),
            weight: weight,
            user: user,
            password: nil,
            database: "postgres"
        )
    }

    @Test func nodesOfTheConfigurationComeAndGo() {
        var members = Membership(
            nodes: [given(1, "a"), given(2, "b").at(1, name: "b", address: given(2, "b").address)],
            rules: nil
        )
        #expect(members.configured([given(1, "a"), given(2, "b")], reserved: nil) == [])
        #expect(members.configured([given(2, "b"), given(3, "c")], reserved: nil) == [.left(0), .joined(2)])
        #expect(members.nodes.map(\.name) == ["a", "b", "c"] && members.nodes.map(\.index) == [0, 1, 2])
        #expect(!members.isMember(0) && members.count == 2)
        // Its slot is kept for it, as long as nobody needs it.
        #expect(members.configured([given(1, "a"), given(2, "b")], reserved: nil) == [.left(2), .rejoined(0)])
        members.vacated(2)
        #expect(members.configured([given(1, "a"), given(2, "b"), given(4, "d")], reserved: 2) == [.joined(3)])
        #expect(
            members.configured([given(1, "a"), given(2, "b"), given(5, "e")], reserved: nil) == [.left(3), .joined(2)]
        )
    }

    @Test func aNameIsTheNodeAndAnotherAddressIsAnotherNode() {
        var members = Membership(nodes: [given(1, "a")], rules: nil)
        #expect(members.configured([given(2, "a")], reserved: nil) == [.left(0), .joined(1)])
        #expect(members.configured([given(2, "other")], reserved: nil) == [.left(1), .joined(2)])
    }

    @Test func weightsAndLoginsChangeInPlace() {
        var members = Membership(nodes: [given(1, "a")], rules: nil)
        #expect(members.configured([given(1, "a", weight: 5)], reserved: nil) == [.changed(0)])
        #expect(members.configured([given(1, "a", weight: 5, user: "w")], reserved: nil) == [.changed(0)])
        #expect(members.nodes[0].weight == 5 && members.nodes[0].user == "w" && members.nodes[0].index == 0)
    }

    @Test func tagsOutliveAReload() {
        var members = membership()
        _ = list(&members, [node(1, takesNoReads: true), node(2, takesNoReads: true)], at: 1)
        #expect(members.configured([given(1, "c1")], reserved: nil) == [])
        #expect(members.nodes.map(\.weight) == [0, 0])
        let login = MonitoredNode(test: 0, name: "", port: 0, user: "another")
        #expect(members.setRules(DiscoveryRules(asksPrimary: true, login: login)) == [.changed(1)])
        #expect(members.nodes[1].user == "another" && members.nodes[1].weight == 0)
    }

    @Test func whatWasFoundMayBecomeANodeOfTheConfiguration() {
        var members = membership(forget: .seconds(1))
        _ = list(&members, [node(2), node(3)], at: 1)
        // By its name it is the same, and stays though nobody lists it any more.
        #expect(members.configured([given(1, "c1"), given(2, "d2")], reserved: nil) == [.changed(1)])
        #expect(list(&members, [], at: 9) == [.left(2)])
        _ = list(&members, [node(4)], at: 10)
        let changes = members.configured([given(1, "c1"), given(2, "d2"), given(4, "four")], reserved: nil)
        #expect(changes == [.left(3), .joined(4)])
        // One that is taken out and still listed is found again.
        #expect(members.configured([given(1, "c1"), given(4, "four")], reserved: nil) == [.left(1)])
        #expect(list(&members, [node(2), node(4)], at: 11) == [.rejoined(1)])
        #expect(members.nodes[1].user == "watcher")
    }

    @Test func withoutDiscoveryNothingChanges() {
        var members = Membership(nodes: [MonitoredNode(test: 0, port: 1)], rules: nil)
        #expect(list(&members, [node(2)], at: 1) == [])
        #expect(members.count == 1)
    }
}
