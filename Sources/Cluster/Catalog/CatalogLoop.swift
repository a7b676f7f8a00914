import Glibc
import MonotonicTime
import ProxyCore

/// The catalog loader's thread: one poll(2) over a few looks at once, each over a connection of its own that is closed
/// afterwards, since one that stayed would keep DROP DATABASE and CREATE DATABASE … TEMPLATE from working. A database
/// that is slow, or lets nobody in, takes one of the places at most, and keeps no other waiting.
final class CatalogLoop {
    private var nodes: [Int: MonitoredNode]
    private let options: CatalogOptions
    private let mailbox: Mailbox<CatalogMessage>
    private let news: CatalogNews
    private var view: ClusterView?
    private var databases: [String: WatchedDatabase] = [:]
    private var runs: [CatalogRun] = []
    /// Databases that somebody wants for himself: none is looked at.
    private var vacated: Set<String> = []

    init(nodes: [MonitoredNode], options: CatalogOptions, mailbox: Mailbox<CatalogMessage>, news: CatalogNews) {
        self.nodes = Dictionary(nodes.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        self.options = options
        self.mailbox = mailbox
        self.news = news
    }

    /// Until the mailbox is stopped.
    func run() {
        while let messages = mailbox.take() {
            for message in messages { handle(message) }
            startDue()
            sleep()
        }
    }

    private func handle(_ message: CatalogMessage) {
        let now = MonotonicClock.now
        switch message {
        case .view(let new):
            let hadNode = !candidates.isEmpty
            view = new
            for node in new.nodes { nodes[node.index] = node }
            if hadNode || candidates.isEmpty { return }
            for database in databases.keys { databases[database]?.due = now }
        case .watch(let database):
            if databases[database] == nil { databases[database] = WatchedDatabase(due: now) }
        case .unwatch(let database):
            databases[database] = nil
            runs.first { $0.database == database }?.isUnwanted = true
        case .refresh(let database, let change):
            databases[database]?.noteChange(change, at: now, options)
        case .vacate(let database):
            vacated.insert(database)
            if let run = runs.first(where: { $0.database == database }) {
                run.isUnwanted = true
            } else {
                news.vacated(database)
            }
        case .release(let database):
            if vacated.remove(database) != nil { databases[database]?.due = now }
        }
    }

    /// The nodes that may be asked, by index: the primary first, since a replica's catalog may be behind.
    private var candidates: [Int] {
        guard let topology = view?.topology else { return [] }
        return (topology.primary.map { [$0] } ?? []) + topology.replicas
    }

    // MARK: Looks

    /// Of those that may be looked at now: who has waited longest.
    private func next() -> (database: String, due: UInt64)? {
        guard runs.count < CatalogOptions.connections, !candidates.isEmpty else { return nil }
        let failing = runs.count { databases[$0.database]?.failures ?? 0 > 0 }
        let mayFail = failing < CatalogOptions.connectionsOfFailing
        var first: (database: String, due: UInt64)?
        for (database, watched) in databases where mayFail || watched.failures == 0 {
            if let first, first.due <= watched.due { continue }
            if vacated.contains(database) || runs.contains(where: { $0.database == database }) { continue }
            first = (database, watched.due)
        }
        return first
    }

    private func startDue() {
        while let next = next(), next.due <= MonotonicClock.now {
            guard let change = databases[next.database]?.change else { return }
            databases[next.database]?.beginLook()
            look(at: next.database, on: candidates[...], change, after: .timedOut)
        }
    }

    /// - Parameter failure: why nodes before these could not be asked.
    private func look(
        at database: String,
        on places: ArraySlice<Int>,
        _ change: CatalogChange,
        after failure: SessionFailure
    ) {
        guard let place = places.first else { return failed(database, failure) }
        guard let node = nodes[place] else {
            return look(at: database, on: places.dropFirst(), change, after: failure)
        }
        do throws(SessionFailure) {
            runs.append(
                try CatalogRun(
                    database: database,
                    node: node,
                    addresses: view?.addresses[place] ?? [],
                    others: places.dropFirst(),
                    change: change,
                    known: databases[database],
                    timeout: options.timeout
                )
            )
        } catch {
            look(at: database, on: places.dropFirst(), change, after: error)
        }
    }

    private func failed(_ database: String, _ failure: SessionFailure) {
        guard databases[database]?.failed(failure.reason, at: MonotonicClock.now, options) == true else { return }
        news.log(.catalogFailed(database: database, reason: failure.reason))
    }

    private func advance(_ run: CatalogRun) {
        do throws(SessionFailure) {
            guard let look = try run.ready() else { return }
            end(run)
            accept(look, run)
        } catch {
            end(run)
            fail(run, error)
        }
    }

    /// Closes its connection: nothing else holds it.
    private func end(_ run: CatalogRun) {
        runs.removeAll { $0 === run }
    }

    private func fail(_ run: CatalogRun, _ error: SessionFailure) {
        if run.isUnwanted {
            databases[run.database]?.due = MonotonicClock.now
        } else if error.mayBeTheNodes {
            look(at: run.database, on: run.others, run.change, after: error)
        } else {
            // What one node refuses, all refuse.
            failed(run.database, error)
        }
        tellIfVacated(run)
    }

    private func tellIfVacated(_ run: CatalogRun) {
        if vacated.contains(run.database) { news.vacated(run.database) }
    }

    /// Publishes only rows that differ: TRUNCATE, say, changes the catalog but nothing that matters here, and each
    /// publication makes every worker classify anew.
    private func accept(_ look: CatalogLook, _ run: CatalogRun) {
        defer { tellIfVacated(run) }
        let now = MonotonicClock.now
        guard var watched = databases[run.database] else { return }
        watched.succeeded(at: now, options)
        if case .changed(let fingerprint, let rows) = look {
            let isNew = watched.loaded?.rows != rows
            watched.loaded = (fingerprint, rows)
            if fingerprint == nil { watched.noteChange(watched.change, at: now, options) }
            if isNew {
                news.log(
                    .catalogLoaded(
                        database: run.database,
                        node: run.node.name,
                        functions: rows.functions.count,
                        relations: rows.relations.count,
                        took: .microseconds(Int64(now - run.began))
                    )
                )
                news.publish(run.database, rows)
            }
            if fingerprint == nil {
                databases[run.database] = watched
                return
            }
        }
        databases[run.database] = watched
        news.settled(run.database, run.change)
    }

    // MARK: Waiting

    private func sleep() {
        var descriptors = [pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0)]
        descriptors += runs.map(\.interest)
        var wakeUp = next()?.due ?? .max
        for run in runs { wakeUp = min(wakeUp, run.deadline) }
        let count = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: wakeUp))
        let asked = runs
        if count > 0 {
            for (descriptor, run) in zip(descriptors.dropFirst(), asked) where descriptor.revents != 0 { advance(run) }
        }
        let now = MonotonicClock.now
        for run in runs where run.deadline <= now {
            end(run)
            fail(run, .timedOut)
        }
    }
}

extension SessionFailure {
    /// Whether another node may answer where this one did not.
    fileprivate var mayBeTheNodes: Bool {
        switch self {
        case .stopped, .refused: false
        case .timedOut: true
        case .connection(let failure):
            switch failure {
            case .unresolved, .refused, .timedOut, .notAccepting, .tooManyConnections, .connectionLost,
                .malformedAnswer:
                true
            case .notAdmitted, .notGranted, .unexpectedAnswer: false
            }
        }
    }
}
