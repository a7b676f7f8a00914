import Glibc
import LocalCluster
import ProxyCore
import Synchronization
import Testing

@testable import Cluster

/// The monitor promotes, with real servers, and with workers who say at once that they have let go.
@Suite(.serialized) struct PromotingMonitorTests {
    private final class Herd {
        let cluster: LocalCluster
        let recorder = Recorder()
        let monitor: ClusterMonitor
        private let link = Link()

        /// Workers that answer each view, as long as they do.
        final class Link: Sendable {
            let monitor = Mutex<ClusterMonitor?>(nil)
        }

        init(_ options: LocalClusterOptions = .init(), delay: Duration = .milliseconds(300)) throws {
            cluster = try LocalCluster.start(options)
            let (recorder, link) = (recorder, link)
            monitor = ClusterMonitor(
                nodes: MonitoredNode.all(of: cluster),
                options: MonitorOptions(
                    rules: WatchRules(interval: .milliseconds(100)),
                    timeout: .seconds(20),
                    promotion: PromotionRules(delay: delay)
                ),
                publish: { view in
                    recorder.publish(view)
                    link.monitor.withLock { $0 }?.applied(serial: view.serial)
                },
                log: recorder.log
            )
            link.monitor.withLock { $0 = monitor }
            monitor.start()
            try recorder.waitForView("a primary and replicas") {
                $0.isComplete && $0.topology.primary == 0 && $0.topology.replicas.count == options.replicas
            }
        }

        deinit {
            monitor.stop()
            link.monitor.withLock { $0 = nil }
            cluster.stop()
        }
    }

    private func isPromotion(_ event: ClusterEvent, _ test: (PromotionNews) -> Bool) -> Bool {
        if case .promotion(let news, _) = event { test(news) } else { false }
    }

    @Test func theReplicaWithTheMostIsPromotedAndTheOtherFollows() throws {
        var options = LocalClusterOptions()
        options.usesReplicationSlots = true
        let herd = try Herd(options)
        let cluster = herd.cluster
        _ = try cluster.primary.sql("CREATE TABLE kept (a int)")
        try cluster.waitForReplication()
        try cluster.primary.kill()
        let view = try herd.recorder.waitForView("another primary") { $0.topology.primary.map { $0 > 0 } ?? false }
        let promoted = try #require(view.topology.primary)
        #expect(view.topology.nodes[promoted].timeline == 2)
        #expect(view.topology.nodes[0].state.isFenced)
        try herd.recorder.waitForEvent("it is told") {
            isPromotion($0) { if case .done(promoted, _) = $0 { true } else { false } }
        }
        // By a slot that the new primary had not.
        let other = cluster.replicas[promoted == 1 ? 1 : 0]
        try other.wait(
            for: "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming' AND received_tli = 2)",
            subject: "the other to follow"
        )
        _ = try cluster.nodes[promoted].sql("INSERT INTO kept VALUES (1)")
        try other.wait(for: "EXISTS (SELECT FROM kept)", subject: "the row")
        // The old one comes back on its timeline.
        try cluster.primary.start()
        try herd.recorder.waitForView("it is fenced") { $0.topology.nodes[0].saidRole == .primary }
        let last = try herd.recorder.waitForView("the new one is right") { $0.topology.primary == promoted }
        #expect(last.topology.nodes[0].state.isFenced)
    }

    @Test func withoutAMajorityNothingIsPromoted() throws {
        let herd = try Herd()
        try herd.cluster.replicas[1].stop(.immediate)
        try herd.recorder.waitForView("two are left") { $0.topology.replicas == [1] }
        try herd.cluster.primary.kill()
        try herd.recorder.waitForEvent("why not is told") {
            isPromotion($0) { $0 == .hindered(.noMajority(seen: 1, of: 3)) }
        }
        #expect(try herd.cluster.replicas[0].sql("SELECT pg_is_in_recovery()") == "t")
        // With the third there is one.
        try herd.cluster.replicas[1].start()
        try herd.recorder.waitForView("another primary") { $0.topology.primary.map { $0 > 0 } ?? false }
    }

    @Test func aPrimaryThatIsBackInTimeStays() throws {
        let herd = try Herd(delay: .seconds(3600))
        try herd.cluster.primary.restart(.immediate)
        try herd.recorder.waitForEvent("it was lost") { if case .node("primary", .lost) = $0 { true } else { false } }
        try herd.recorder.waitForView("it is back") { $0.topology.primary == 0 }
        #expect(!herd.recorder.allEvents.contains { isPromotion($0) { _ in true } })
    }
}
