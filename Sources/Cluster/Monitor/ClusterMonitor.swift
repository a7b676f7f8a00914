import ProxyCore

/// Watches the nodes: one monitoring connection each, on one thread of its own.
///
/// `publish` and `log` are called on that thread, one at a time; they must not block for long, and must not call
/// `stop`.
package final class ClusterMonitor: Sendable {
    private let nodes: [MonitoredNode]
    private let options: MonitorOptions
    private let clock: SampleClock
    private let publish: @Sendable (ClusterView) -> Void
    private let report: @Sendable (FreshnessReport) -> Void
    private let log: @Sendable (ClusterEvent) -> Void
    private let mailbox = Mailbox<MonitorMessage>()
    private let phase = ThreadPhase()
    private let known = Latch()
    private let etcd: EtcdLink?

    /// - Parameters:
    ///   - clock: counts the looks at nodes' positions.
    ///   - publish: called at each change of what is known, beginning with the first node's first answer.
    ///   - report: called with the nodes' WAL positions: after each check that changed something, and soon after
    ///     `sampleNow`.
    package init(
        nodes: [MonitoredNode],
        options: MonitorOptions = MonitorOptions(),
        clock: SampleClock = SampleClock(),
        publish: @escaping @Sendable (ClusterView) -> Void,
        report: @escaping @Sendable (FreshnessReport) -> Void = { _ in },
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.nodes = nodes
        self.options = options
        self.clock = clock
        self.publish = publish
        self.report = report
        self.log = log
        etcd = options.coordination.map { [mailbox] in
            EtcdLink(options: $0.etcd) { mailbox.post(.coordination($0)) }
        }
    }

    deinit { stop() }

    /// Begins to watch. Once.
    package func start() {
        etcd?.start()
        phase.start(name: "howdah-monitor") { [nodes, options, clock, mailbox, publish, report, log, known, etcd] in
            let loop = MonitorLoop(
                nodes: nodes,
                options: options,
                clock: clock,
                mailbox: mailbox,
                ask: etcd.map { link in { link.ask($0) } },
                publish: { view in
                    publish(view)
                    if view.isComplete { known.open() }
                },
                report: report,
                log: log
            )
            loop.run()
        }
    }

    /// Closes the monitoring connections and waits for the thread's end; nothing is published or logged afterwards.
    package func stop() {
        phase.stop { mailbox.stop() }
        // Workers have stopped: nobody is to wait for this proxy.
        etcd?.stop()
    }

    /// Somebody met trouble with a node (a refused connect, SQLSTATE 57P01 or 57P03, a reset) or saw its role change
    /// (`in_hot_standby`): it is checked, over a new connection, as soon as the rules' `leastGap` allows. From any
    /// thread; cheap.
    ///
    /// - Parameter node: `MonitoredNode.index`; an unknown one is ignored.
    package func checkNow(node: Int) {
        mailbox.post(.checkNow(node: node))
    }

    /// Somebody waits for a replica to have replayed something, for so long at most: all nodes that are well are asked
    /// for their positions now, and again every few milliseconds. From any thread; cheap.
    package func sampleNow(within limit: Duration) {
        mailbox.post(.sample(within: limit))
    }

    /// The workers go by a view: connections to nodes that it has fenced are cut. From any thread; cheap. A promotion
    /// waits for it.
    ///
    /// - Parameter serial: `ClusterView.serial`.
    package func applied(serial: UInt64) {
        mailbox.post(.applied(serial: serial))
    }

    /// A worker has cut off the primary since `WriteLease.until` had passed: it is told of the nodes again. From any
    /// thread; cheap.
    package func writesLapsed() {
        mailbox.post(.writesLapsed)
    }

    /// Workers have no server of a node that has left: its slot may be given to another. From any thread; cheap.
    ///
    /// - Parameter node: its slot.
    package func slotVacated(node: Int) {
        mailbox.post(.slotVacated(node: node))
    }

    /// Somebody who knows has listed the nodes that there are; with `MonitorOptions.discovery` alone. From any thread;
    /// cheap.
    package func listed(_ nodes: [DiscoveredNode]) {
        mailbox.post(.listed(nodes))
    }

    /// Other options hold from now on, and the configuration has these nodes: their names tell which are the same as
    /// before, their indexes do not count. How proxies agree (`MonitorOptions.coordination`), and whether nodes are
    /// looked for, stays as it was at the start. From any thread; cheap.
    ///
    /// - Parameter done: called on the monitor's thread, behind `publish`.
    package func reconfigure(
        nodes: [MonitoredNode],
        options: MonitorOptions,
        done: @escaping @Sendable (MonitorReloadOutcome) -> Void
    ) {
        mailbox.post(.reconfigured(MonitorReload(nodes: nodes, options: options, done: done)))
    }

    /// A planned change of the primary begins or ends: no nodes of the configuration come or go meanwhile. From any
    /// thread; cheap.
    package func switchover(isUnderWay: Bool) {
        mailbox.post(.switchover(isUnderWay: isUnderWay))
    }

    /// Blocks the calling thread until every node has been asked once, and the view that says so has been published.
    ///
    /// - Returns: false when `timeout` passed before.
    package func waitUntilKnown(timeout: Duration) -> Bool {
        known.wait(timeout: timeout)
    }
}

/// What other threads tell the monitor's thread.
enum MonitorMessage: Sendable {
    /// By node index.
    case checkNow(node: Int)
    /// Somebody waits for positions, so long at most.
    case sample(within: Duration)
    /// The workers go by the view of this serial, or a later one.
    case applied(serial: UInt64)
    /// etcd's, to the question that was asked last.
    case coordination(CoordinationAnswer)
    /// A worker has cut off the primary because the lease had run out when it looked.
    case writesLapsed
    /// Workers have no server of a node that has left; by node index.
    case slotVacated(node: Int)
    /// Somebody has listed the nodes that there are.
    case listed([DiscoveredNode])
    case reconfigured(MonitorReload)
    case switchover(isUnderWay: Bool)
    /// By place among the monitored nodes; another node may have got the place meanwhile.
    case lookedUp(place: Int, host: String, Result<[String], ProbeFailure>)
}
