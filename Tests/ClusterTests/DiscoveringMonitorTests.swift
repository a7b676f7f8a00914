import LocalCluster
import ProxyCore
import Testing

@testable import Cluster

/// The monitor that finds nodes, against real servers.
@Suite(.serialized) struct DiscoveringMonitorTests {
    private func options(_ login: MonitoredNode, asksPrimary: Bool) -> MonitorOptions {
        var options = MonitorOptions.quick
        options.discovery = DiscoveryRules(asksPrimary: asksPrimary, forget: .milliseconds(300), login: login)
        return options
    }

    /// Has a replica tell its port when it streams.
    private func announce(_ replica: LocalNode, to primary: LocalNode) throws {
        let stream = "host=127.0.0.1 port=\(primary.port) user=postgres application_name=:\(replica.port)"
        try replica.appendConfiguration(["primary_conninfo = '\(stream)'"])
        try replica.reload()
    }

    private func names(_ view: ClusterView) -> [String] { view.topology.members.map(\.name) }

    @Test func replicasThatStreamAreFoundAndLetGo() throws {
        let cluster = try LocalCluster.start()
        defer { cluster.stop() }
        let (first, second) = (cluster.replicas[0], cluster.replicas[1])
        let recorder = Recorder()
        let node = MonitoredNode(test: 0, name: "primary", port: cluster.primary.port)
        let monitor = ClusterMonitor(
            nodes: [node],
            options: options(node, asksPrimary: true),
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        #expect(monitor.waitUntilKnown(timeout: .seconds(60)))
        try announce(first, to: cluster.primary)
        let one = try recorder.waitForView("the first is found") { $0.topology.replicas == [1] }
        #expect(names(one) == ["primary", "127.0.0.1:\(first.port)"])
        #expect(one.nodes.map(\.name) == names(one) && one.addresses[1] == ["127.0.0.1"])
        try announce(second, to: cluster.primary)
        try recorder.waitForView("the second is found") { $0.topology.replicas == [1, 2] }

        try first.stop(.fast)
        let without = try recorder.waitForView("the first has left") { $0.topology.members.count == 2 }
        #expect(without.topology.nodes.map(\.isMember) == [true, false, true])
        #expect(without.topology.nodes[1].state == .unknown(reason: "it has left") && without.addresses[1] == nil)
        try recorder.waitForEvent("that is told") { $0 == .left(node: "127.0.0.1:\(first.port)") }
        try first.start()
        try recorder.waitForView("it is back in its slot") { $0.topology.replicas == [1, 2] }

        // The primary moves to a node that was found, which lists the rest and not itself.
        try cluster.primary.stop(.fast)
        try second.promote()
        try first.appendConfiguration([
            "primary_conninfo = 'host=127.0.0.1 port=\(second.port) user=postgres application_name=:\(first.port)'"
        ])
        try first.reload()
        let moved = try recorder.waitForView("the second is primary and the first follows") {
            $0.topology.primary == 2 && $0.topology.replicas == [1]
        }
        #expect(moved.topology.nodes[0].isMember)
    }

    @Test func withoutTheRightToSeeThatIsToldOnceWithTheGrant() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let recorder = Recorder()
        let node = MonitoredNode(
            test: 0,
            name: "primary",
            port: cluster.primary.port,
            user: "app",
            password: "app",
            database: "app"
        )
        let monitor = ClusterMonitor(
            nodes: [node],
            options: options(node, asksPrimary: true),
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        let event = try recorder.waitForEvent("it is told") {
            $0 == .sendersDenied(node: "primary", user: "app")
        }
        #expect("\(event)".contains(#"GRANT pg_monitor TO "app""#))
        _ = try cluster.primary.sql("GRANT pg_monitor TO app")
        try recorder.waitForView("the primary is in use") { $0.topology.primary == 0 }
    }

    @Test func nodesThatPatroniListsAreAskedThemselves() throws {
        let cluster = try LocalCluster.start()
        defer { cluster.stop() }
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: [],
            options: options(MonitoredNode(test: 0, name: "", port: 0), asksPrimary: false),
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        func list(_ nodes: [LocalNode], takesNoReads: Bool = false) {
            monitor.listed(
                nodes.map {
                    DiscoveredNode(
                        name: $0.name,
                        address: .tcp(host: "127.0.0.1", port: $0.port),
                        numericHosts: ["127.0.0.1"],
                        takesNoReads: takesNoReads,
                        // Not believed: the first of them is the primary.
                        state: "replica"
                    )
                }
            )
        }
        list(cluster.nodes)
        let view = try recorder.waitForView("all are known") { $0.isComplete && $0.topology.primary != nil }
        #expect(view.topology.primary == 0)
        #expect(names(view) == ["primary", "replica_1", "replica_2"])
        list(cluster.nodes, takesNoReads: true)
        try recorder.waitForView("no reads") { $0.topology.nodes.allSatisfy { $0.weight == 0 } }
    }
}
