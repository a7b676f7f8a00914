import LocalCluster
import ProxyCore

@testable import Cluster

extension MonitoredNode {
    init(
        test index: Int,
        name: String? = nil,
        host: String = "127.0.0.1",
        port: UInt16,
        user: String = "postgres",
        password: String? = nil,
        database: String = "postgres"
    ) {
        self.init(
            index: index,
            name: name ?? "node\(index)",
            address: .tcp(host: host, port: port),
            weight: 100,
            user: user,
            password: password,
            database: database
        )
    }

    static func all(of cluster: LocalCluster) -> [MonitoredNode] {
        cluster.nodes.enumerated().map { MonitoredNode(test: $0.offset, name: $0.element.name, port: $0.element.port) }
    }
}

extension MonitorOptions {
    /// Checks follow each other quickly, so that tests do not wait.
    static let quick = MonitorOptions(rules: WatchRules(interval: .milliseconds(100)), timeout: .seconds(20))
    /// No check comes by itself within a test's life.
    static let slow = MonitorOptions(rules: WatchRules(interval: .seconds(3600)), timeout: .seconds(20))
}
