import ProxyCore

/// Watches the nodes: one monitoring connection each, on one thread of its own.
///
/// `publish` and `log` are called on that thread, one at a time; they must not block for long, and must not call
/// `stop`.
package final class ClusterMonitor: Sendable {
    private let nodes: [MonitoredNode]
    private let options: MonitorOptions
    private let publish: @Sendable (ClusterView) -> Void
    private let log: @Sendable (ClusterEvent) -> Void
    private let mailbox = Mailbox<MonitorMessage>()
    private let phase = ThreadPhase()
    private let known = Latch()

    /// - Parameter publish: called at each change of what is known, beginning with the first node's first answer.
    package init(
        nodes: [MonitoredNode],
        options: MonitorOptions = MonitorOptions(),
        publish: @escaping @Sendable (ClusterView) -> Void,
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.nodes = nodes
        self.options = options
        self.publish = publish
        self.log = log
    }

    deinit { stop() }

    /// Begins to watch. Once.
    package func start() {
        phase.start(name: "howdah-monitor") { [nodes, options, mailbox, publish, log, known] in
            let loop = MonitorLoop(
                nodes: nodes,
                options: options,
                mailbox: mailbox,
                publish: { view in
                    publish(view)
                    if view.isComplete { known.open() }
                },
                log: log
            )
            loop.run()
        }
    }

    /// Closes the monitoring connections and waits for the thread's end; nothing is published or logged afterwards.
    package func stop() {
        phase.stop { mailbox.stop() }
    }

    /// Somebody met trouble with a node (a refused connect, SQLSTATE 57P01 or 57P03, a reset) or saw its role change
    /// (`in_hot_standby`): it is checked, over a new connection, as soon as the rules' `leastGap` allows. From any
    /// thread; cheap.
    ///
    /// - Parameter node: `MonitoredNode.index`; an unknown one is ignored.
    package func checkNow(node: Int) {
        mailbox.post(.checkNow(node: node))
    }

    /// Blocks the calling thread until every node has been asked once, and the view that says so has been published.
    ///
    /// - Returns: false when `timeout` passed before.
    package func waitUntilKnown(timeout: Duration) -> Bool {
        known.wait(timeout: timeout)
    }
}
