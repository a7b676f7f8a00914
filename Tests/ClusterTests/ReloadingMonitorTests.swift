import Foundation
import LocalCluster
import ProxyCore
import Testing

@testable import Cluster

/// The monitor that is given other nodes and options while it watches, against real servers.
@Suite(.serialized) struct ReloadingMonitorTests {
    private final class Herd {
        let cluster: LocalCluster
        let recorder = Recorder()
        let monitor: ClusterMonitor

        init(_ options: MonitorOptions = .quick) throws {
            cluster = try LocalCluster.start()
            monitor = ClusterMonitor(
                nodes: MonitoredNode.all(of: cluster),
                options: options,
                publish: recorder.publish,
                log: recorder.log
            )
            monitor.start()
            try recorder.waitForView("all nodes are known") {
                $0.isComplete && $0.topology.primary == 0 && $0.topology.replicas == [1, 2]
            }
        }

        deinit {
            monitor.stop()
            cluster.stop()
        }

        /// Gives the monitor these nodes, and waits until it has said so.
        @discardableResult
        func give(_ nodes: [MonitoredNode], _ options: MonitorOptions = .quick) -> MonitorReloadOutcome {
            let answer = Mailbox<MonitorReloadOutcome>()
            monitor.reconfigure(nodes: nodes, options: options) { answer.post($0) }
            answer.bell.wait()
            return answer.take()?.first ?? .waiting
        }

        var nodes: [MonitoredNode] { MonitoredNode.all(of: cluster) }
    }

    private func names(_ view: ClusterView) -> [String] { view.topology.members.map(\.name) }

    @Test func nodesComeAndGoAndAreSeenWhenThatIsSaid() throws {
        let herd = try Herd()
        #expect(herd.give([herd.nodes[0], herd.nodes[2]]) == .applied)
        // At once: the answer comes behind the view.
        let without = try herd.recorder.waitForView("any") { _ in true }
        #expect(names(without) == ["primary", "replica_2"] && without.topology.primary == 0)
        #expect(herd.recorder.allEvents.contains(.removed(node: "replica_1")))
        #expect(herd.give(herd.nodes) == .applied)
        try herd.recorder.waitForView("it is back in its slot") { $0.topology.replicas == [1, 2] }
        #expect(herd.recorder.allEvents.contains { if case .added("replica_1", _) = $0 { true } else { false } })
    }

    @Test func thePrimaryUnderAnotherNameIsThePrimary() throws {
        let herd = try Herd()
        let renamed = MonitoredNode(test: 0, name: "main", port: herd.cluster.primary.port)
        herd.give([renamed] + herd.nodes.dropFirst())
        let view = try herd.recorder.waitForView("it is the primary") { $0.topology.primary == 3 }
        #expect(names(view) == ["replica_1", "replica_2", "main"])
    }

    @Test func aLoginThatIsWrongIsNoticedAndOneThatIsRightAgainToo() throws {
        let herd = try Herd()
        var nodes = herd.nodes
        nodes[1] = MonitoredNode(test: 1, name: nodes[1].name, port: herd.cluster.replicas[0].port, user: "nobody")
        herd.give(nodes)
        try herd.recorder.waitForView("it cannot be asked") { view in
            guard case .unknown(let reason) = view.topology.nodes[1].state else { return false }
            return reason.contains("\"nobody\"")
        }
        herd.give(herd.nodes)
        try herd.recorder.waitForView("it can") { $0.topology.replicas == [1, 2] }
    }

    @Test func checksFollowTheIntervalOfNow() throws {
        let herd = try Herd(.slow)
        try herd.cluster.replicas[0].stop(.fast)
        herd.give(herd.nodes, .quick)
        try herd.recorder.waitForView("it is missed") { $0.topology.replicas == [2] }
    }

    /// Whoever moves the primary goes by slots: they stay until that is over.
    @Test func nodesWaitForTheEndOfASwitchover() throws {
        let herd = try Herd()
        herd.monitor.switchover(isUnderWay: true)
        #expect(herd.give([herd.nodes[0], herd.nodes[2]]) == .waiting)
        #expect(herd.recorder.allEvents.contains(.nodesWait))
        let during = try herd.recorder.waitForView("any") { _ in true }
        #expect(names(during) == ["primary", "replica_1", "replica_2"])
        herd.monitor.switchover(isUnderWay: false)
        try herd.recorder.waitForView("it has left") { $0.topology.members.count == 2 }
    }

    /// Nothing is promoted in place of a primary that somebody has taken out: it may well be running.
    @Test func aPrimaryThatIsTakenOutIsNotReplaced() throws {
        var options = MonitorOptions.quick
        options.promotion = PromotionRules(delay: .milliseconds(200))
        let herd = try Herd(options)
        herd.give([herd.nodes[1], herd.nodes[2]], options)
        // Replicas hear no more of it, so that nothing but the configuration speaks against a promotion.
        try herd.cluster.primary.stop(.immediate)
        // Long after it would have been chosen.
        Thread.sleep(forTimeInterval: 1)
        let promotions = herd.recorder.allEvents.filter {
            if case .promotion(.chosen, _) = $0 { true } else { false }
        }
        #expect(promotions.isEmpty, "\(promotions)")
    }
}
