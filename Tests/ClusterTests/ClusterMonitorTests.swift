import Glibc
import LocalCluster
import ProxyCore
import Testing

@testable import Cluster

/// The monitor against real servers.
@Suite(.serialized) struct ClusterMonitorTests {
    private func states(_ view: ClusterView) -> [NodeRole] { view.topology.nodes.map(\.state.role) }

    private static func isLost(_ event: ClusterEvent, _ node: LocalNode) -> Bool {
        if case .node(node.name, .lost) = event { true } else { false }
    }

    @Test func aHerdIsWatchedThroughLossReturnAndPromotion() throws {
        let cluster = try LocalCluster.start()
        defer { cluster.stop() }
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: MonitoredNode.all(of: cluster),
            options: .quick,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        #expect(monitor.waitUntilKnown(timeout: .seconds(60)))
        let first = try recorder.waitForView("all nodes are known") { $0.isComplete }
        #expect(states(first) == [.primary, .replica, .replica])
        #expect(first.topology.primary == 0)
        #expect(first.topology.replicas == [1, 2])
        #expect(first.topology.nodes.allSatisfy { $0.version >= 120_000 })
        #expect(first.addresses == [0: ["127.0.0.1"], 1: ["127.0.0.1"], 2: ["127.0.0.1"]])

        // One session's end is not the node's death.
        let terminated = try cluster.primary.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'howdah monitor'"
        )
        #expect(terminated == "1")
        try cluster.primary.wait(
            for: "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'howdah monitor')",
            subject: "the monitor to come back"
        )
        #expect(!recorder.allEvents.contains { Self.isLost($0, cluster.primary) })

        let replica = cluster.replicas[0]
        try replica.stop(.fast)
        let lost = try recorder.waitForView("the stopped replica is lost") {
            states($0) == [.primary, .unknown, .replica]
        }
        guard case .unknown(let reason) = lost.topology.nodes[1].state else { throw Unexpected() }
        #expect(reason.contains("Connection refused") || reason.contains("shutting down"), "\(reason)")
        #expect(recorder.allEvents.contains { Self.isLost($0, replica) })
        try replica.start()
        try recorder.waitForView("it is back") { states($0) == [.primary, .replica, .replica] }

        try cluster.replicas[1].promote()
        let split = try recorder.waitForView("the new primary is taken for right") { $0.topology.primary == 2 }
        #expect(states(split) == [.unknown, .replica, .primary])
        #expect(split.topology.nodes[0].saidRole == .primary)
        #expect(split.topology.nodes.map(\.timeline) == [1, 1, 2])
        guard case .fenced(let why) = split.topology.nodes[0].state else { throw Unexpected() }
        #expect(why.contains("timeline 1, which ended at ") && why.contains("pg_rewind"), "\(why)")
        try recorder.waitForEvent("promotion is told") { $0 == .node(name: "replica_2", .promoted) }
        try recorder.waitForEvent("the fence is told") { if case .fenced("primary", _) = $0 { true } else { false } }
        try cluster.primary.kill()
        let after = try recorder.waitForView("the old one is gone, and fenced still") {
            $0.topology.nodes[0].saidRole == .unknown
        }
        #expect(after.topology.primary == 2 && after.topology.nodes[0].state.isFenced)
        try cluster.primary.start()
        try recorder.waitForView("it is back, and fenced still") { $0.topology.nodes[0].saidRole == .primary }
        #expect(try recorder.waitForView("the primary") { $0.isComplete }.topology.primary == 2)
    }

    @Test func twoThatWerePromotedApartAreNone() throws {
        let cluster = try LocalCluster.start()
        defer { cluster.stop() }
        try cluster.replicas[0].promote()
        _ = try cluster.primary.sql("CREATE TABLE more (a int)")
        try cluster.replicas[1].wait(for: "to_regclass('more') IS NOT NULL", subject: "more WAL")
        try cluster.replicas[1].promote()
        try cluster.primary.kill()
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: MonitoredNode.all(of: cluster),
            options: .quick,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        let view = try recorder.waitForView("all were asked") { $0.isComplete }
        #expect(view.topology.primary == nil)
        #expect(view.topology.nodes.map(\.state.isFenced) == [false, true, true])
        #expect(view.topology.nodes.map(\.timeline) == [0, 2, 2])
        try recorder.waitForEvent("it is told") {
            $0 == .fenced(node: "replica_1", .undecided(["replica_1", "replica_2"], isHistoryKnown: true))
        }
        try cluster.replicas[0].stop(.immediate)
        let decided = try recorder.waitForView("one is left") { $0.topology.primary == 2 }
        #expect(!decided.topology.nodes[2].state.isFenced)
    }

    /// A user with no right but to log in: what it may not know is left out, and the rest serves.
    @Test func aUserWhoMayOnlyLogInSeesRoles() throws {
        var options = LocalClusterOptions()
        options.replicas = 1
        options.users = [.init(name: "watcher", password: "w")]
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        let recorder = Recorder()
        let nodes = cluster.nodes.enumerated().map {
            MonitoredNode(test: $0.offset, name: $0.element.name, port: $0.element.port, user: "watcher")
        }
        let monitor = ClusterMonitor(
            nodes: nodes,
            options: .quick,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        try recorder.waitForView("roles are known") { states($0) == [.primary, .replica] }
        // Without the history of timelines, a newer number beside the primary in use is not believed …
        try cluster.replicas[0].promote()
        let split = try recorder.waitForView("two primaries") { $0.topology.nodes[1].saidRole == .primary }
        #expect(split.topology.primary == nil)
        try recorder.waitForEvent("what is missing is told") {
            if case .fenced(_, let reason) = $0 { reason.description.contains(FenceReason.historyGrant) } else { false }
        }
        // … until it is known.
        _ = try cluster.primary.sql(
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text, bigint, bigint, boolean) TO watcher",
            database: "postgres"
        )
        _ = try cluster.replicas[0].sql(
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text, bigint, bigint, boolean) TO watcher",
            database: "postgres"
        )
        let known = try recorder.waitForView("the newer one is right") { $0.topology.primary == 1 }
        #expect(known.topology.nodes[0].state.isFenced)
    }

    @Test func aHintBringsTheCheckForward() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let node = cluster.primary
        try node.stop(.fast)
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: MonitoredNode.all(of: cluster),
            options: .slow,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        try recorder.waitForView("it is not there") { $0.isComplete && states($0) == [.unknown] }
        try node.start()
        monitor.checkNow(node: 7)
        monitor.checkNow(node: 0)
        try recorder.waitForView("it is there") { states($0) == [.primary] }
        // The end of the kept connection is a hint too.
        try node.kill()
        try recorder.waitForView("it is gone") { states($0) == [.unknown] }
    }

    @Test func aPostmasterThatStandsStillTimesOutWhenDoubted() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: MonitoredNode.all(of: cluster),
            options: MonitorOptions(rules: WatchRules(interval: .milliseconds(100)), timeout: .milliseconds(500)),
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        try recorder.waitForView("it is there") { states($0) == [.primary] }
        try cluster.primary.signal(SIGSTOP)
        defer { try? cluster.primary.signal(SIGCONT) }
        monitor.checkNow(node: 0)
        let view = try recorder.waitForView("no new connection gets in") { states($0) == [.unknown] }
        #expect(view.topology.nodes[0].state == .unknown(reason: ProbeFailure.timedOut(.connecting).reason))
        try cluster.primary.signal(SIGCONT)
        try recorder.waitForView("it goes on") { states($0) == [.primary] }
    }

    @Test func whoCannotLogInIsToldWhichSettingsMendIt() throws {
        var options = LocalClusterOptions.single
        options.authentication = .scramSHA256
        options.users = [.init(name: "watcher", password: "right")]
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        _ = try cluster.primary.sql("CREATE DATABASE closed; REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        func node(_ index: Int, _ password: String?, _ database: String) -> MonitoredNode {
            MonitoredNode(
                test: index,
                port: cluster.primary.port,
                user: "watcher",
                password: password,
                database: database
            )
        }
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: [node(0, "right", "postgres"), node(1, "wrong", "postgres"), node(2, "right", "closed")],
            options: .slow,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        defer { monitor.stop() }
        let nodes = try recorder.waitForView("all were asked") { $0.isComplete }.topology.nodes
        #expect(nodes[0].state == .up(.primary))
        guard case .unknown(let wrong) = nodes[1].state, case .unknown(let closed) = nodes[2].state else {
            throw Unexpected()
        }
        for part in [#"user "watcher""#, "password authentication failed", "monitor_user", "monitor_password"] {
            #expect(wrong.contains(part), "\(wrong)")
        }
        #expect(!wrong.contains("LOCATION") && !wrong.contains("28P01"))
        #expect(closed.contains(#"GRANT CONNECT ON DATABASE "closed" TO "watcher""#), "\(closed)")
    }

    @Test func aHostNameIsResolvedAndTheAddressThatAnsweredComesFirst() throws {
        let cluster = try LocalCluster.start(.single)
        defer { cluster.stop() }
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: [MonitoredNode(test: 0, host: "localhost", port: cluster.primary.port)],
            options: .quick,
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        let view = try recorder.waitForView("it is there") { states($0) == [.primary] }
        #expect(view.addresses[0]?.first == "127.0.0.1")
        monitor.stop()
        try cluster.primary.wait(
            for: "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'howdah monitor')",
            subject: "the monitor's connection to end"
        )
    }

    private struct Unexpected: Error {}
}
