import ProxyCore
import Testing

@testable import Cluster

/// Nodes that no PostgreSQL answers for.
@Suite struct UnreachableNodeTests {
    private func firstFailure(of node: MonitoredNode, _ options: MonitorOptions) throws -> ProbeFailure {
        let recorder = Recorder()
        let monitor = ClusterMonitor(nodes: [node], options: options, publish: recorder.publish, log: recorder.log)
        monitor.start()
        defer { monitor.stop() }
        let event = try recorder.waitForEvent("the node is not reached") {
            if case .node(_, .notReached) = $0 { true } else { false }
        }
        guard case .node(_, .notReached(let failure)) = event else { throw Recorder.NeverHappened(description: "") }
        let view = try recorder.waitForView("a complete view") { $0.isComplete }
        #expect(view.topology.nodes.map(\.state) == [.unknown(reason: failure.reason)])
        #expect(view.topology.primary == nil)
        #expect(monitor.waitUntilKnown(timeout: .seconds(60)))
        return failure
    }

    @Test func aServerThatNeverAnswersTimesOut() throws {
        let listener = LoopbackListener()
        let options = MonitorOptions(timeout: .milliseconds(100))
        let failure = try firstFailure(of: MonitoredNode(test: 0, port: listener.port), options)
        #expect(failure == .timedOut(.connecting))
        #expect(failure.reason.contains("node_check_timeout"))
    }

    @Test func aPortWithoutAListenerRefuses() throws {
        let listener = LoopbackListener()
        listener.stop()
        let failure = try firstFailure(of: MonitoredNode(test: 0, port: listener.port), .slow)
        guard case .refused(let text) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(text.contains("Connection refused"))
        #expect(text.contains("\(listener.port)"))
    }

    @Test func everyAddressOfANameIsTried() throws {
        let listener = LoopbackListener()
        listener.stop()
        let failure = try firstFailure(of: MonitoredNode(test: 0, host: "localhost", port: listener.port), .slow)
        guard case .refused(let text) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(text.contains("127.0.0.1"))
    }

    @Test func aMissingSocketRefuses() throws {
        let node = MonitoredNode(
            index: 0,
            name: "local",
            address: .unix(directory: "/nonexistent", port: 5432),
            weight: 1,
            user: "u",
            password: nil,
            database: "d"
        )
        let failure = try firstFailure(of: node, .slow)
        guard case .refused(let text) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(text.contains("/nonexistent/.s.PGSQL.5432"))
    }

    @Test func aNameWithoutAddressIsUnresolved() throws {
        let failure = try firstFailure(of: MonitoredNode(test: 0, host: "no..name", port: 1), .slow)
        guard case .unresolved(let host, _) = failure else {
            Issue.record("\(failure)")
            return
        }
        #expect(host == "no..name")
    }

    @Test func aMonitorThatWasNeverStartedStops() {
        let monitor = ClusterMonitor(nodes: [], publish: { _ in }, log: { _ in })
        #expect(!monitor.waitUntilKnown(timeout: .zero))
        monitor.stop()
        monitor.start()
        monitor.stop()
    }

    @Test func stoppingDoesNotWaitForACheck() {
        let listener = LoopbackListener()
        let recorder = Recorder()
        let monitor = ClusterMonitor(
            nodes: [MonitoredNode(test: 0, port: listener.port)],
            options: MonitorOptions(timeout: .seconds(3600)),
            publish: recorder.publish,
            log: recorder.log
        )
        monitor.start()
        monitor.stop()
        #expect(recorder.allEvents.isEmpty)
    }
}
