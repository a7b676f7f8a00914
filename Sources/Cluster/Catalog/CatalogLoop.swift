import Glibc
import ProxyCore

/// The catalog loader's thread: looks at one database after the other, each over a connection of its own that is closed
/// afterwards, since one that stayed would keep DROP DATABASE and CREATE DATABASE … TEMPLATE from working.
final class CatalogLoop {
    private var nodes: [Int: MonitoredNode]
    private let options: CatalogOptions
    private let mailbox: Mailbox<CatalogMessage>
    private let publish: (String, CatalogRows) -> Void
    private let log: (ClusterEvent) -> Void
    private var view: ClusterView?
    private var databases: [String: WatchedDatabase] = [:]

    init(
        nodes: [MonitoredNode],
        options: CatalogOptions,
        mailbox: Mailbox<CatalogMessage>,
        publish: @escaping (String, CatalogRows) -> Void,
        log: @escaping (ClusterEvent) -> Void
    ) {
        self.nodes = Dictionary(nodes.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        self.options = options
        self.mailbox = mailbox
        self.publish = publish
        self.log = log
    }

    /// Until the mailbox is stopped.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            if !lookAtNextDue() { sleep() }
        }
    }

    private func handle(_ message: CatalogMessage) {
        switch message {
        case .view(let new):
            let hadNode = !candidates.isEmpty
            view = new
            for node in new.nodes { nodes[node.index] = node }
            if hadNode || candidates.isEmpty { return }
            let now = MonotonicClock.now
            for database in databases.keys { databases[database]?.due = now }
        case .watch(let database):
            if databases[database] == nil { databases[database] = WatchedDatabase(due: MonotonicClock.now) }
        case .forget(let database):
            databases[database] = nil
        case .refresh(let database):
            databases[database]?.due = MonotonicClock.now
        }
    }

    /// The nodes that may be asked, by place in `nodes`: the primary first, since a replica's catalog may be behind.
    private var candidates: [Int] {
        guard let topology = view?.topology else { return [] }
        return (topology.primary.map { [$0] } ?? []) + topology.replicas
    }

    /// - Returns: whether there was one; then other messages come first before the next.
    private func lookAtNextDue() -> Bool {
        guard !candidates.isEmpty, let (database, watched) = databases.min(by: { $0.value.due < $1.value.due }),
            watched.due <= MonotonicClock.now
        else { return false }
        look(at: database, watched)
        return true
    }

    private func look(at database: String, _ watched: WatchedDatabase) {
        var watched = watched
        var failure = SessionFailure.timedOut
        for index in candidates {
            guard let node = nodes[index] else { continue }
            let began = MonotonicClock.now
            do throws(SessionFailure) {
                let found = try look(at: database, on: node, known: watched.loaded?.fingerprint)
                watched.failure = nil
                take(found, of: database, from: node, into: &watched, began: began)
                finish(database, watched)
                return
            } catch .stopped {
                return
            } catch {
                failure = error
            }
        }
        if watched.failure != failure.reason { log(.catalogFailed(database: database, reason: failure.reason)) }
        watched.failure = failure.reason
        finish(database, watched)
    }

    private func look(
        at database: String,
        on node: MonitoredNode,
        known: String?
    ) throws(SessionFailure) -> CatalogLook {
        let parameters = ConnectionParameters(
            node: node,
            addresses: view?.addresses[node.index] ?? [],
            database: database,
            purpose: "catalog"
        )
        let deadline = MonotonicClock.now &+ options.timeout.nanoseconds
        let session = try BlockingSession.connect(parameters, deadline: deadline, stopper: mailbox)
        let reader = try CatalogReader.open(session)
        let fingerprint = try reader.fingerprint()
        if fingerprint == known { return .unchanged }
        return .changed(fingerprint: fingerprint, try reader.rows())
    }

    /// Publishes only rows that differ: TRUNCATE, say, changes the catalog but nothing that matters here, and each
    /// publication makes every worker classify anew.
    private func take(
        _ found: CatalogLook,
        of database: String,
        from node: MonitoredNode,
        into watched: inout WatchedDatabase,
        began: UInt64
    ) {
        guard case .changed(let fingerprint, let rows) = found else { return }
        let isNew = watched.loaded?.rows != rows
        watched.loaded = (fingerprint, rows)
        if !isNew { return }
        log(
            .catalogLoaded(
                database: database,
                node: node.name,
                functions: rows.functions.count,
                relations: rows.relations.count,
                took: .nanoseconds(Int64(MonotonicClock.now - began))
            )
        )
        publish(database, rows)
    }

    private func finish(_ database: String, _ watched: WatchedDatabase) {
        var watched = watched
        watched.due = MonotonicClock.now &+ options.interval.nanoseconds
        databases[database] = watched
    }

    private func sleep() {
        var wakeUp = UInt64.max
        if !candidates.isEmpty, let next = databases.values.map(\.due).min() { wakeUp = next }
        var descriptor = pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, MonotonicClock.pollTimeout(until: wakeUp))
    }
}
