import Authentication
import Cluster
import Configuration
import EventIO
import Glibc
import ProxyCore
import StatementRouting
import Synchronization

/// A running proxy: its worker, the watch on the nodes, and the catalog's facts.
package final class ProxyServer: Sendable {
    private let log: Log
    private let control: ProxyControl
    // Set once in `init`; the worker's own state belongs to its thread.
    private nonisolated(unsafe) let worker: Worker
    private let monitor: ClusterMonitor
    private let catalogs: CatalogLoader
    private let logins: LoginWatch
    private let events: EventCommand?
    private let patroni: PatroniWatch?
    /// Where it listens, with the ports that were chosen.
    package let addresses: [String]
    /// The first TCP port that it listens on.
    package let port: UInt16

    /// Starts a proxy; clients are taken when this returns.
    /// - Throws: `ProxyStartError` with a message fit for the user.
    package init(_ configuration: Configuration) throws(ProxyStartError) {
        let proxy = configuration.proxy
        let log = Log(level: proxy.logLevel, memory: proxy.logMemory, interval: proxy.logRepeatInterval ?? .zero)
        self.log = log
        let isCoordinated = proxy.coordination.mode == .etcd
        let control = ProxyControl(
            log: log,
            whyNoSwitchover: isCoordinated
                ? "coordination = etcd: other proxies do not know of a planned one; to move the primary, stop it"
                : "Patroni decides: use patronictl switchover"
        )
        self.control = control
        let nodes = configuration.nodes.enumerated().map { MonitoredNode(index: $0.offset, $0.element) }
        let topology = Topology(
            nodes: nodes.map {
                Node(
                    index: $0.index,
                    name: $0.name,
                    address: $0.address,
                    weight: $0.weight,
                    zone: $0.zone,
                    state: .unknown(reason: "not asked yet")
                )
            }
        )
        let clock = SampleClock()
        let credentials = try Self.credentials(proxy)
        let lease = isCoordinated ? WriteLease() : nil
        let engine = Engine(
            EngineSettings.engineConfiguration(configuration),
            environment: Engine.Environment(
                seed: Self.randomSeed(),
                version: Version.text,
                clockOffset: EngineSettings.clockOffset(),
                randomBytes: Self.randomBytes
            ),
            topology: topology
        )
        do {
            worker = try Worker(
                engine: engine,
                clock: clock,
                credentials: credentials,
                loopOptions: EngineSettings.loopOptions(proxy),
                control: control,
                logConnections: proxy.logConnections,
                lease: lease
            )
        } catch {
            throw ProxyStartError("could not start the event loop: \(error)")
        }
        let bound = try Self.listen(worker, proxy.listen)
        addresses = bound.map(\.description)
        port = bound.first { !$0.isUnix }?.port ?? 0
        let mailbox = worker.mailbox
        let coordination = Self.coordination(proxy, lease, port)
        catalogs = CatalogLoader(
            nodes: nodes,
            publish: { database, rows in mailbox.post(.catalog(database: database, DatabaseCatalog(rows))) },
            settled: { mailbox.post(.catalogSettled(database: $0, change: $1)) },
            vacated: { mailbox.post(.catalogVacated(database: $0)) },
            log: { log.write(.info, $0.description) }
        )
        let catalogs = catalogs
        logins = LoginWatch(
            nodes: nodes,
            interval: proxy.nodeCheckInterval,
            timeout: proxy.nodeCheckTimeout,
            changed: { mailbox.post(.loginsChanged($0)) },
            log: { log.write(.warning, $0) }
        )
        let logins = logins
        let events = proxy.onEvent.map { command in
            EventCommand(command: command, timeout: proxy.onEventTimeout) { log.write(.info, $0) }
        }
        self.events = events
        let director = SwitchoverDirector(nodes: nodes, log: { log.write(.info, $0) })
        patroni = PatroniWatch(
            proxy,
            found: { [control] in control.listed($0) },
            log: { log.write($0.isTrouble ? .warning : .info, $0.description) }
        )
        let patroni = patroni
        monitor = ClusterMonitor(
            nodes: nodes,
            options: MonitorOptions(proxy, coordination: coordination),
            clock: clock,
            publish: { view in
                mailbox.post(.cluster(view))
                catalogs.update(view)
                logins.update(view)
                director.update(view.nodes)
                patroni?.update(view)
            },
            report: { mailbox.post(.freshness($0)) },
            log: { event in
                log.write(event.isTrouble ? .warning : .info, event.description)
                if let facts = event.facts { events?.run(facts, of: director.nodes) }
            }
        )
        control.connect(
            monitor: monitor,
            catalogs: catalogs,
            logins: logins,
            director: proxy.discovery.mode == .patroni || isCoordinated ? nil : director
        )
        log.write(.info, "listening on \(addresses.joined(separator: ", ")); event loop: \(worker.ioMethod)")
        catalogs.start()
        logins.start()
        events?.start()
        monitor.start()
        patroni?.start()
        // The first clients should not find all nodes unknown; a node that does not answer keeps nobody waiting for
        // long.
        _ = monitor.waitUntilKnown(timeout: proxy.nodeCheckTimeout + .seconds(1))
        worker.start(ended: { control.workerEnded() })
    }

    /// Says that settings are not read again: what runs goes on with those of the start.
    package func refuseReload() {
        log.write(.warning, "SIGHUP: settings are read at the start only; restart to change them")
    }

    /// Lets transactions end, `grace` at most, and stops.
    package func stop(grace: Duration) {
        log.write(.info, "stopping")
        worker.mailbox.post(.drain)
        control.waitUntilDrained(grace)
        worker.stop()
        control.waitUntilEnded()
        patroni?.stop()
        monitor.stop()
        catalogs.stop()
        logins.stop()
        events?.stop()
        // What has been said last must not go with the process; whoever does not read gets no more than this.
        log.flush(within: .seconds(1))
    }

    private static func coordination(
        _ proxy: ProxySettings,
        _ lease: WriteLease?,
        _ port: UInt16
    ) -> CoordinationOptions? {
        lease.map { CoordinationOptions(proxy, lease: $0, port: port) }
    }

    private static func listen(_ worker: Worker, _ settings: ListenSettings) throws(ProxyStartError) -> [SocketAddress]
    {
        var bound: [SocketAddress] = []
        var port = UInt16(settings.port)
        do throws(ListenFailure) {
            for host in settings.addresses {
                let addresses = try worker.listen(on: .tcp(host: host, port: port), backlog: settings.backlog)
                bound += addresses
                if port == 0, let chosen = addresses.first?.port { port = chosen }
            }
            if let directory = settings.unixSocketDirectory {
                let path = "\(directory)/.s.PGSQL.\(port)"
                bound += try worker.listen(on: .unix(path: path, mode: 0o777), backlog: settings.backlog)
            }
        } catch {
            throw ProxyStartError(error.description)
        }
        return bound
    }

    private static func credentials(_ proxy: ProxySettings) throws(ProxyStartError) -> CredentialStore {
        guard let path = proxy.authFile else { return .empty }
        guard let text = FileContents.read(path) else {
            throw ProxyStartError("could not read auth_file \"\(path)\": \(String(cString: strerror(errno)))")
        }
        do {
            return try CredentialStore(parsing: text)
        } catch {
            throw ProxyStartError("auth_file \"\(path)\": \(error)")
        }
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }

    private static func randomSeed() -> UInt64 {
        randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension MonitorOptions {
    init(_ proxy: ProxySettings, coordination: CoordinationOptions?) {
        self.init(
            rules: WatchRules(
                interval: proxy.nodeCheckInterval,
                failures: proxy.nodeCheckFailures,
                window: proxy.nodeCheckWindow,
                successes: proxy.nodeCheckSuccesses
            ),
            timeout: proxy.nodeCheckTimeout,
            lagLimits: LagLimits(time: proxy.maxLag, bytes: proxy.maxLagBytes.map { UInt64($0) }),
            promotion: proxy.failover == .promote
                ? PromotionRules(delay: proxy.promoteDelay, isCoordinated: coordination != nil) : nil,
            discovery: proxy.discovery.mode == .none ? nil : DiscoveryRules(proxy.discovery),
            coordination: coordination
        )
    }
}

extension DiscoveryRules {
    init(_ settings: DiscoverySettings) {
        self.init(
            asksPrimary: settings.mode == .replication,
            port: settings.port.map { UInt16(clamping: $0) },
            forget: settings.forget,
            maximum: settings.maxNodes,
            login: MonitoredNode(
                index: 0,
                name: "",
                address: .tcp(host: "", port: 0),
                weight: settings.weight,
                zone: settings.zone,
                user: settings.monitorUser,
                password: settings.monitorPassword?.reveal(),
                database: settings.monitorDatabase
            )
        )
    }
}

extension PatroniWatch {
    /// Nil where Patroni is not to be asked.
    convenience init?(
        _ proxy: ProxySettings,
        found: @escaping @Sendable ([DiscoveredNode]) -> Void,
        log: @escaping @Sendable (ClusterEvent) -> Void
    ) {
        let settings = proxy.discovery
        guard settings.mode == .patroni else { return nil }
        self.init(
            options: PatroniOptions(
                urls: settings.patroniURLs,
                certificates: settings.patroniCAFile,
                interval: proxy.nodeCheckInterval,
                timeout: proxy.nodeCheckTimeout
            ),
            found: found,
            log: log
        )
    }
}

extension MonitoredNode {
    init(index: Int, _ settings: NodeSettings) {
        let port = UInt16(clamping: settings.port)
        self.init(
            index: index,
            name: settings.name,
            address: settings.isUnixSocket
                ? .unix(directory: settings.host, port: port) : .tcp(host: settings.host, port: port),
            weight: settings.weight,
            zone: settings.zone,
            user: settings.monitorUser,
            password: settings.monitorPassword?.reveal(),
            database: settings.monitorDatabase,
            promotion: PromotionPolicy(priority: settings.priority, isExcluded: settings.nofailover)
        )
    }
}

extension DatabaseCatalog {
    init(_ rows: CatalogRows) {
        let paths = rows.searchPaths
        self.init(
            facts: CatalogFacts(rows: rows, role: "", generation: 0),
            searchPath: paths.ofDatabase,
            searchPathOfRole: paths.ofRole.merging(paths.ofRoleInDatabase) { $1 },
            isolation: rows.isolations.ofDatabase,
            isolationOfRole: rows.isolations.ofRole.merging(rows.isolations.ofRoleInDatabase) { $1 }
        )
    }
}

/// Why a proxy could not start, in words for the user.
package struct ProxyStartError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
