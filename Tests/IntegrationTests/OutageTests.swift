import Foundation
import Synchronization
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Nodes that die, are restarted and promoted under load, followed by the proxy. Each test has a cluster of its
    /// own.
    @Suite struct Outages {
        private static let settings = [
            "node_check_interval": "100ms", "server_login_retry": "50ms", "pool_size": "30", "admin_users": "app",
        ]

        /// - Parameter isSynchronous: whether each commit waits for one of the replicas.
        private func start(isSynchronous: Bool = false) throws -> (LocalCluster, HowdahProcess) {
            let cluster = try LocalCluster.start()
            _ = try cluster.primary.sql(
                "CREATE TABLE written (writer int, number int, PRIMARY KEY (writer, number)); GRANT ALL ON written TO app"
            )
            try cluster.waitForReplication()
            if isSynchronous { try cluster.commitSynchronously() }
            return (cluster, try HowdahProcess(cluster, Self.settings))
        }

        /// The nodes' rows of `written` that were acknowledged, and are not there.
        private func missing(_ load: OutageLoad, on node: LocalNode) throws -> [String] {
            let rows = try node.sql("SELECT writer || '.' || number FROM written").split(separator: "\n")
            let found = Set(rows.map(String.init))
            return load.acknowledged.filter { !found.contains($0) }
        }

        @Test func aReplicaThatIsKilledUnderReadsCostsNone() throws {
            let (cluster, proxy) = try start()
            defer { #expect(proxy.stop()) }
            let load = try OutageLoad(port: proxy.port, readers: 12, writers: 0)
            try load.waitForProgress()
            try cluster.replicas[0].kill()
            try load.waitForProgress()
            try cluster.replicas[0].start()
            try load.waitForProgress()
            load.stop()
            #expect(load.errors.isEmpty, "\(load.errors)")
        }

        @Test func aRollingRestartCostsOnlyWhatRanOnThePrimary() throws {
            let (cluster, proxy) = try start()
            defer { #expect(proxy.stop()) }
            let load = try OutageLoad(port: proxy.port, primaryPort: cluster.primary.port, readers: 8, writers: 8)
            for replica in cluster.replicas {
                try load.waitForProgress()
                try replica.restart()
            }
            try load.waitForProgress()
            #expect(load.errors.isEmpty, "\(load.errors)")
            try cluster.primary.restart()
            try load.waitForProgress()
            load.stop()
            // One for each of those that wrote; a second where the next server had not been told to end yet.
            // Reads run there while no replica is back, or has replayed enough.
            let ofReads = load.errors.filter { $0 == "08006 on the primary" }
            let ofWrites = load.errors.filter { ["08007", "40001"].contains($0) }
            #expect(ofReads.count <= 8 && ofWrites.count <= 16, "\(load.errors)")
            #expect(ofReads.count + ofWrites.count == load.errors.count, "\(load.errors)")
            #expect(try missing(load, on: cluster.primary).isEmpty)
        }

        @Test func aPrimaryThatIsKilledIsAPause() throws {
            let (cluster, proxy) = try start(isSynchronous: true)
            defer { #expect(proxy.stop()) }
            let load = try OutageLoad(port: proxy.port, readers: 4, writers: 20)
            try load.waitForProgress()
            let idle = try WireClient(port: proxy.port)
            let listener = try WireClient(port: proxy.port)
            #expect(try listener.query("LISTEN news").errors.isEmpty)
            try cluster.primary.kill()
            let lost = ContinuousClock.now
            let received = try cluster.replicas.map {
                try $0.sql("SELECT pg_last_wal_receive_lsn() - '0/0'")
            }.compactMap(Double.init)
            let next = cluster.replicas[received[0] >= received[1] ? 0 : 1]
            try next.promote()
            for replica in cluster.replicas where replica !== next { try replica.follow(next) }
            try load.waitForProgress()
            let pause = ContinuousClock.now - lost
            load.stop()
            #expect(load.errors.count <= 20, "\(load.errors)")
            #expect(load.errors.allSatisfy { ["08007", "40001"].contains($0) }, "\(load.errors)")
            #expect(try missing(load, on: next).isEmpty)
            #expect(try idle.query("INSERT INTO written VALUES (0, 0)").errors.isEmpty)
            #expect(try idle.query("NOTIFY news, 'again'").errors.isEmpty)
            #expect(try listener.receive(until: "A").messages.last?.strings.contains("again") == true)
            print("killed primary: \(load.errors.count) failed, all wrote again after \(pause)")
        }

        @Test func withNoPrimaryWritesFailAfterFailoverWaitAndSayWhy() throws {
            let cluster = try cluster()
            let settings = Self.settings.merging(["failover_wait": "1s"]) { $1 }
            let proxy = try HowdahProcess(nodes: cluster.replicas.map(\.port), settings)
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            #expect(try client.query("SELECT 1").errors.isEmpty)
            let reply = try client.query("UPDATE item SET note = note WHERE id = 4")
            #expect(reply.state == "57P03" && reply.status == "I", "\(reply)")
            #expect(reply.errors.first?.fields["H"]?.contains("failover_wait") == true)
        }

        @Test func aPrimaryThatIsRestartedInAPauseCostsNothing() throws {
            let (cluster, proxy) = try start()
            defer { #expect(proxy.stop()) }
            let load = try OutageLoad(port: proxy.port, readers: 4, writers: 8)
            try load.waitForProgress()
            let console = try WireClient(port: proxy.port, database: "howdah")
            #expect(try console.query("PAUSE app").tags == ["PAUSE"])
            try cluster.primary.restart()
            #expect(try console.query("RESUME app").tags == ["RESUME"])
            try load.waitForProgress()
            load.stop()
            #expect(load.errors.isEmpty, "\(load.errors)")
            #expect(try missing(load, on: cluster.primary).isEmpty)
        }

        @Test func aDrainedReplicaGetsNothing() throws {
            let cluster = try cluster()
            let proxy = try HowdahProcess(cluster, Self.settings)
            defer { #expect(proxy.stop()) }
            let console = try WireClient(port: proxy.port, database: "howdah")
            let client = try WireClient(port: proxy.port)
            let names = try console.query("SHOW NODES").rows.compactMap { $0[0] }
            #expect(names.count == 3)
            let name = try #require(names.dropFirst().first)
            #expect(try console.query("DRAIN \"\(name)\"").tags == ["DRAIN"])
            for _ in 0..<20 { #expect(try node(client.value("SELECT inet_server_port()")) == "replica_2") }
            #expect(try console.query("SHOW NODES").rows.first { $0[0] == name }?[3] == "drained")
            #expect(try console.query("UNDRAIN \"\(name)\"").tags == ["UNDRAIN"])
            try eventually("reads on the node") { try node(client.value("SELECT inet_server_port()")) == "replica_1" }
            #expect(try console.query("DRAIN nowhere").state == "42704")
            let stranger = Result { try WireClient(port: proxy.port, user: "other", database: "howdah") }
            #expect(throws: WireError.self) { try stranger.get() }
        }

        @Test func aSwitchoverCostsNothing() throws {
            let (cluster, proxy) = try start()
            defer { #expect(proxy.stop()) }
            let load = try OutageLoad(port: proxy.port, readers: 4, writers: 12)
            try load.waitForProgress()
            let console = try WireClient(port: proxy.port, database: "howdah")
            let names = try console.query("SHOW NODES").rows.compactMap { $0[0] }
            let began = ContinuousClock.now
            let reply = try console.query("SWITCHOVER TO \"\(names[1])\"")
            #expect(reply.tags == ["SWITCHOVER"], "\(reply) \(proxy.log)")
            print("switchover: \(ContinuousClock.now - began)")
            try load.waitForProgress()
            load.stop()
            #expect(load.errors.isEmpty, "\(load.errors)")
            let next = cluster.replicas[0]
            #expect(try next.sql("SELECT pg_is_in_recovery()") == "f")
            #expect(try missing(load, on: next).isEmpty)
            #expect(try cluster.primary.sql("SHOW default_transaction_read_only") == "on")
        }

        /// What was rolled back last is in the log of the primary, not flushed, and no replica gets it.
        @Test func aSwitchoverWaitsForNothingThatWasRolledBack() throws {
            let (cluster, proxy) = try start()
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            try client.query("BEGIN")
            try client.query("INSERT INTO written VALUES (1, 1)")
            try client.query("ROLLBACK")
            let reply = try WireClient(port: proxy.port, database: "howdah").query("SWITCHOVER")
            #expect(reply.tags == ["SWITCHOVER"], "\(reply) \(proxy.log)")
            #expect(try client.query("INSERT INTO written VALUES (1, 2)").tags == ["INSERT 0 1"])
            #expect(try cluster.replicas.contains { try $0.sql("SELECT pg_is_in_recovery()") == "f" })
        }
    }
}
