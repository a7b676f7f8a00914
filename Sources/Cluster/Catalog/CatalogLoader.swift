/// Loads the catalog facts of databases and keeps them fresh, on a thread of its own.
///
/// What it tells is told on that thread, one at a time; the closures must not call `stop`. From any thread: all
/// methods.
package final class CatalogLoader: Sendable {
    private let nodes: [MonitoredNode]
    private let options: CatalogOptions
    private let publish: @Sendable (String, CatalogRows) -> Void
    private let settled: @Sendable (String, CatalogChange) -> Void
    private let vacated: @Sendable (String) -> Void
    private let log: @Sendable (ClusterEvent) -> Void
    private let mailbox = Mailbox<CatalogMessage>()
    private let phase = ThreadPhase()

    /// - Parameters:
    ///   - nodes: the monitored ones; their user must have CONNECT on each database, and needs no other right.
    ///   - publish: called with a database's name and rows when they were loaded first, and whenever they have changed.
    ///   - settled: called at the end of each look, behind `publish`, with the newest change that it has seen.
    ///   - vacated: the answer to `vacate`.
    package init(
        nodes: [MonitoredNode],
        options: CatalogOptions = CatalogOptions(),
        publish: @escaping @Sendable (String, CatalogRows) -> Void,
        settled: @escaping @Sendable (String, CatalogChange) -> Void = { _, _ in },
        vacated: @escaping @Sendable (String) -> Void = { _ in },
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        self.nodes = nodes
        self.options = options
        self.publish = publish
        self.settled = settled
        self.vacated = vacated
        self.log = log
    }

    deinit { stop() }

    /// Once.
    package func start() {
        phase.start(name: "howdah-catalog") { [nodes, options, mailbox, publish, settled, vacated, log] in
            let news = CatalogNews(publish: publish, settled: settled, vacated: vacated, log: log)
            CatalogLoop(nodes: nodes, options: options, mailbox: mailbox, news: news).run()
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
    package func unwatch(database: String) {
        mailbox.post(.unwatch(database: database))
    }

    /// Something may have changed them: DDL passed through the proxy and was committed. Looks soon; what is told of
    /// within `CatalogOptions.quiet` of each other costs one look.
    package func refresh(database: String, change: CatalogChange = 0) {
        mailbox.post(.refresh(database: database, change))
    }

    /// Somebody wants the database for himself: `vacated` is called when no connection to it is left, and none is made
    /// until `release`.
    package func vacate(database: String) {
        mailbox.post(.vacate(database: database))
    }

    package func release(database: String) {
        mailbox.post(.release(database: database))
    }
}

/// How many changes of a database's catalog its workers have told of: what a look that began later has seen.
package typealias CatalogChange = UInt64

/// What other threads tell the catalog loader's thread.
enum CatalogMessage: Sendable {
    case view(ClusterView)
    case watch(database: String)
    case unwatch(database: String)
    case refresh(database: String, CatalogChange)
    case vacate(database: String)
    case release(database: String)
}

/// What the catalog loader tells others, on its thread.
struct CatalogNews {
    /// A database's rows, when they were loaded first and whenever they have changed.
    let publish: (String, CatalogRows) -> Void
    /// A look has ended that saw all changes up to this one: what is published is right for them.
    let settled: (String, CatalogChange) -> Void
    /// No connection of the loader's is left to this database, nor will one be made until it is released.
    let vacated: (String) -> Void
    let log: (ClusterEvent) -> Void
}
