/// Loads the catalog facts of databases and keeps them fresh, on a thread of its own.
///
/// `publish` and `log` are called on that thread, one at a time; they must not call `stop`. From any thread: all
/// methods.
package final class CatalogLoader: Sendable {
    private let nodes: [MonitoredNode]
    private let options: CatalogOptions
    private let publish: @Sendable (String, CatalogRows) -> Void
    private let log: @Sendable (ClusterEvent) -> Void
    private let mailbox = Mailbox<CatalogMessage>()
    private let phase = ThreadPhase()

    /// - Parameters:
    ///   - nodes: the monitored ones; their user must have CONNECT on each database, and needs no other right.
    ///   - publish: called with a database's name and rows when they were loaded first, and whenever they have changed.
    package init(
        nodes: [MonitoredNode],
        options: CatalogOptions = CatalogOptions(),
        publish: @escaping @Sendable (String, CatalogRows) -> Void,
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.nodes = nodes
        self.options = options
        self.publish = publish
        self.log = log
    }

    deinit { stop() }

    /// Once.
    package func start() {
        phase.start(name: "howdah-catalog") { [nodes, options, mailbox, publish, log] in
            CatalogLoop(nodes: nodes, options: options, mailbox: mailbox, publish: publish, log: log).run()
        }
    }

    /// Breaks off what is under way and waits for the thread's end; nothing is published or logged afterwards.
    package func stop() {
        phase.stop { mailbox.stop() }
    }

    /// Which nodes may be asked: what `ClusterMonitor` publishes. Nothing is loaded before the first node is up.
    package func update(_ view: ClusterView) {
        mailbox.post(.view(view))
    }

    /// Loads the facts of a database, by its name on the servers, and keeps them fresh from now on. Again: nothing
    /// happens.
    package func watch(database: String) {
        mailbox.post(.watch(database: database))
    }

    /// Its facts are wanted no more.
    package func forget(database: String) {
        mailbox.post(.forget(database: database))
    }

    /// Something may have changed them: DDL passed through the proxy and was committed, or a replica refused a read.
    /// Looks at once; looks asked for while one runs are one look.
    package func refresh(database: String) {
        mailbox.post(.refresh(database: database))
    }
}
