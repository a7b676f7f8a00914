import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Nodes that are not in the configuration, through the proxy's binary. Each test has a cluster of its own.
    @Suite struct Discovery {
        private static let settings = [
            "node_check_interval": "100ms", "server_login_retry": "50ms", "pool_size": "30", "admin_users": "app",
            "discover": "replication", "discover_forget": "500ms",
        ]

        /// Has a replica tell its port when it streams.
        private func announce(_ replica: LocalNode, to primary: LocalNode) throws {
            try replica.appendConfiguration([
                "primary_conninfo = 'host=127.0.0.1 port=\(primary.port) user=postgres application_name=:\(replica.port)'"
            ])
        }

        private func nodes(_ proxy: HowdahProcess) throws -> [String] {
            let console = try WireClient(port: proxy.port, database: "howdah")
            return try console.query("SHOW NODES").rows.filter { $0[3] == "up" }.compactMap { $0[1] }.sorted()
        }

        /// How many transactions a node has carried out for clients.
        private func transactions(_ node: LocalNode) throws -> Int {
            let text = try node.sql("SELECT xact_commit FROM pg_stat_database WHERE datname = 'app'")
            return Int(text) ?? 0
        }

        @Test func aReplicaThatJoinsUnderLoadGetsReadsAndOneThatLeavesCostsNone() throws {
            let cluster = try LocalCluster.start()
            let (first, second) = (cluster.replicas[0], cluster.replicas[1])
            for replica in cluster.replicas { try announce(replica, to: cluster.primary) }
            try first.reload()
            try second.stop()
            _ = try cluster.primary.sql(
                "CREATE TABLE written (writer int, number int, PRIMARY KEY (writer, number)); GRANT ALL ON written TO app"
            )
            let proxy = try HowdahProcess(nodes: [cluster.primary.port], Self.settings)
            defer { #expect(proxy.stop()) }
            let addresses = ([cluster.primary] + cluster.replicas).map { "127.0.0.1:\($0.port)" }
            try EndToEnd.eventually("the first replica to be found") {
                try nodes(proxy) == addresses.prefix(2).sorted()
            }
            let load = try OutageLoad(port: proxy.port, readers: 12, writers: 4)
            try load.waitForProgress()

            try second.start()
            try EndToEnd.eventually("the second replica to be found") { try nodes(proxy) == addresses.sorted() }
            let before = try transactions(second)
            try EndToEnd.eventually("it to get reads") { try transactions(second) > before + 100 }

            try second.stop(.fast)
            try EndToEnd.eventually("it to be let go") {
                let console = try WireClient(port: proxy.port, database: "howdah")
                return try console.query("SHOW NODES").rows.count == 2
            }
            try load.waitForProgress()
            try second.start()
            try EndToEnd.eventually("it to be back") { try nodes(proxy) == addresses.sorted() }
            let again = try transactions(second)
            try EndToEnd.eventually("it to get reads again") { try transactions(second) > again + 100 }
            load.stop()
            #expect(load.errors.isEmpty, "\(load.errors)")
            #expect(proxy.log.contains("has left"))
        }
    }
}
