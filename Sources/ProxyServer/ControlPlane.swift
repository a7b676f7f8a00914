import Cluster
import Configuration
import EventIO
import ProxyCore

/// What watches nodes, log-ins and catalogs for a worker, each on a thread of its own, and can be given other settings
/// while it does.
final class ControlPlane: Sendable {
    /// Whom it tells.
    struct Surroundings {
        let worker: EventIO.Mailbox<WorkerMessage>
        let control: ProxyControl
        let log: Log
        let clock: SampleClock
    }

    let monitor: ClusterMonitor
    let catalogs: CatalogLoader
    let logins: LoginWatch
    let director: SwitchoverDirector
    private let events: EventCommand
    private let patroni: PatroniWatch?
    private let coordination: CoordinationOptions?

    /// - Parameter coordination: nil: there are no other proxies.
    init(_ configuration: Configuration, coordination: CoordinationOptions?, in surroundings: Surroundings) {
        self.coordination = coordination
        let (proxy, nodes) = (configuration.proxy, MonitoredNode.all(of: configuration))
        let (mailbox, log) = (surroundings.worker, surroundings.log)
        catalogs = Self.catalogs(nodes, mailbox, log)
        logins = LoginWatch(
            nodes: nodes,
            interval: proxy.nodeCheckInterval,
            timeout: proxy.nodeCheckTimeout,
            changed: { mailbox.post(.loginsChanged($0)) },
            log: { log.write(.warning, $0) }
        )
        events = EventCommand(EventCommand.Rule(proxy)) { log.write(.info, $0) }
        director = SwitchoverDirector(nodes: nodes, log: { log.write(.info, $0) })
        patroni = PatroniOptions(proxy).map { options in
            PatroniWatch(
                options: options,
                found: { [control = surroundings.control] in control.listed($0) },
                log: { log.write($0.isTrouble ? .warning : .info, $0.description) }
            )
        }
        monitor = ClusterMonitor(
            nodes: nodes,
            options: MonitorOptions(proxy, coordination: coordination),
            clock: surroundings.clock,
            publish: { [catalogs, logins, director, patroni] view in
                mailbox.post(.cluster(view))
                catalogs.update(view)
                logins.update(view)
                director.update(view.nodes)
                patroni?.update(view)
            },
            report: { mailbox.post(.freshness($0)) },
            log: { [events, director] event in
                log.write(event.isTrouble ? .warning : .info, event.description)
                if let facts = event.facts { events.run(facts, of: director.nodes) }
            }
        )
    }

    private static func catalogs(
        _ nodes: [MonitoredNode],
        _ mailbox: EventIO.Mailbox<WorkerMessage>,
        _ log: Log
    ) -> CatalogLoader {
        CatalogLoader(
            nodes: nodes,
            publish: { database, rows in mailbox.post(.catalog(database: database, DatabaseCatalog(rows))) },
            settled: { mailbox.post(.catalogSettled(database: $0, change: $1)) },
            vacated: { mailbox.post(.catalogVacated(database: $0)) },
            log: { log.write(.info, $0.description) }
        )
    }

    func start() {
        catalogs.start()
        logins.start()
        monitor.start()
        patroni?.start()
    }

    /// Puts other settings into effect.
    ///
    /// - Parameter done: called on the monitor's thread, behind the view that shows the nodes.
    func reconfigure(_ configuration: Configuration, done: @escaping @Sendable (MonitorReloadOutcome) -> Void) {
        let proxy = configuration.proxy
        events.reconfigure(EventCommand.Rule(proxy))
        logins.reconfigure(interval: proxy.nodeCheckInterval, timeout: proxy.nodeCheckTimeout)
        if let options = PatroniOptions(proxy) { patroni?.reconfigure(options) }
        monitor.reconfigure(
            nodes: MonitoredNode.all(of: configuration),
            options: MonitorOptions(proxy, coordination: coordination),
            done: done
        )
    }

    func stop() {
        patroni?.stop()
        monitor.stop()
        catalogs.stop()
        logins.stop()
        events.stop()
    }
}
