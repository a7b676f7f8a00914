import Cluster
import Configuration
import ProxyCore
import StatementRouting

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

extension PatroniOptions {
    /// Nil where Patroni is not to be asked.
    init?(_ proxy: ProxySettings) {
        let settings = proxy.discovery
        guard settings.mode == .patroni else { return nil }
        self.init(
            urls: settings.patroniURLs,
            certificates: settings.patroniCAFile,
            interval: proxy.nodeCheckInterval,
            timeout: proxy.nodeCheckTimeout
        )
    }
}

extension EventCommand.Rule {
    init(_ proxy: ProxySettings) { self.init(command: proxy.onEvent, timeout: proxy.onEventTimeout) }
}

extension MonitoredNode {
    /// In the order in which they were given.
    static func all(of configuration: Configuration) -> [MonitoredNode] {
        configuration.nodes.enumerated().map { MonitoredNode(index: $0.offset, $0.element) }
    }

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

extension Topology {
    /// Before anything is known of the nodes.
    init(unasked nodes: [MonitoredNode]) {
        self.init(
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
