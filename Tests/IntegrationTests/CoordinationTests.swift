import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Two proxies that promote, in front of one cluster, and etcd between them.
    @Suite struct Coordination {
        private static let names = ["one", "two", "three"]

        /// A primary and two replicas; a commit is on a replica before it is acknowledged.
        static func cluster() throws -> LocalCluster {
            var options = LocalClusterOptions()
            options.replicas = 2
            let cluster = try LocalCluster.start(options)
            _ = try cluster.primary.sql(WritingClients.setUp)
            try cluster.commitSynchronously()
            try cluster.waitForReplication()
            return cluster
        }

        /// - Parameter ports: of the nodes, as this proxy reaches them.
        static func proxy(
            _ ports: [UInt16],
            _ etcd: EtcdProcess,
            _ settings: [String: String] = [:]
        ) throws -> HowdahProcess {
            let all = [
                "failover": "promote", "promote_delay": "500ms", "coordination": "etcd", "etcd_urls": etcd.url,
                "etcd_scope": "test", "etcd_ttl": "4s", "node_check_interval": "200ms", "server_login_retry": "100ms",
            ]
            let proxy = try HowdahProcess(
                named: zip(names, ports).map { (name: $0, port: $1) },
                all.merging(settings) { $1 }
            )
            // Before that nobody is replaced: others might be on their way.
            try eventually("a lease") { proxy.log.contains("etcd has granted a lease") }
            return proxy
        }

        private func promoted(_ proxies: [HowdahProcess]) -> Int {
            proxies.reduce(0) { $0 + $1.log.components(separatedBy: "pg_promote() is done").count - 1 }
        }

        private func isPrimary(_ node: LocalNode) throws -> Bool { try node.sql("SELECT pg_is_in_recovery()") == "f" }

        private func rows(_ node: LocalNode) throws -> Set<Int> {
            let text = try node.sql("SET synchronous_commit = off; SELECT id FROM ledger")
            return Set(text.split(separator: "\n").compactMap { Int($0) })
        }

        @Test func aKilledPrimaryIsReplacedOnceAndBothProxiesGoOn() throws {
            let (cluster, etcd) = (try Self.cluster(), try EtcdProcess())
            defer { cluster.stop() }
            let ports = cluster.nodes.map(\.port)
            let proxies = [try Self.proxy(ports, etcd), try Self.proxy(ports, etcd)]
            defer { for proxy in proxies { #expect(proxy.stop()) } }
            let clients = [
                try WritingClients(port: proxies[0].port, clients: 4),
                try WritingClients(port: proxies[1].port, clients: 4, first: 1_000_000_000),
            ]
            try eventually("writes through both") { clients.allSatisfy { $0.count > 100 } }
            try cluster.primary.kill()
            let killed = clients.map(\.count)
            try eventually("writes on the new primary through both") {
                zip(clients, killed).allSatisfy { $0.count > $1 + 100 }
            }
            let accounts = clients.map { $0.stop() }
            print("coordination: \(accounts)")
            let primaries = try cluster.replicas.filter { try isPrimary($0) }
            try #require(primaries.count == 1)
            #expect(promoted(proxies) == 1)
            let missing = Set(accounts.flatMap(\.acknowledged)).subtracting(try rows(primaries[0]))
            #expect(missing.isEmpty, "\(missing.count) acknowledged writes are gone")
            for account in accounts {
                #expect(account.lost.isEmpty, "\(account)")
                #expect(account.failures.allSatisfy { ["08007", "40001"].contains($0.state) }, "\(account)")
            }
            // The one that did not promote has cut off the old primary before.
            let followers = proxies.filter { $0.log.contains("is cut off here too") }
            #expect(followers.count == 1)
        }

        @Test func aPrimaryThatOneProxySeesIsNotReplaced() throws {
            let (cluster, etcd) = (try Self.cluster(), try EtcdProcess())
            defer { cluster.stop() }
            let relay = try Relay(to: cluster.primary.port)
            defer { relay.stop() }
            // Nobody tells whether replicas hear from it, so that the other proxy's word is all that there is against a
            // promotion.
            let cut = try Self.proxy([relay.port] + cluster.replicas.map(\.port), etcd, ["monitor_user": "app"])
            let other = try Self.proxy(cluster.nodes.map(\.port), etcd)
            defer { for proxy in [cut, other] { #expect(proxy.stop()) } }
            let client = try WireClient(port: cut.port)
            try eventually("writes through both") { try client.query("INSERT INTO ledger VALUES (-1)").errors.isEmpty }
            let clients = try WritingClients(port: other.port, clients: 4)
            relay.cut()
            try eventually("the objection") { cut.log.contains("sees node one as a primary that is well") }
            let before = clients.count
            try eventually("writes through the other proxy") { clients.count > before + 100 }
            #expect(try WireClient(port: cut.port).query("SELECT 1").errors.isEmpty)
            for replica in cluster.replicas { #expect(try !isPrimary(replica)) }
            relay.mend()
            try eventually("writes through the one that was cut off") {
                try client.query("INSERT INTO ledger VALUES (-2) ON CONFLICT DO NOTHING").errors.isEmpty
            }
            let account = clients.stop()
            #expect(account.failures.isEmpty && account.lost.isEmpty, "\(account)")
            #expect(promoted([cut, other]) == 0)
        }

        @Test func withoutEtcdReadsGoOnAndWritesWait() throws {
            let (cluster, etcd) = (try Self.cluster(), try EtcdProcess())
            defer { cluster.stop() }
            let proxy = try Self.proxy(cluster.nodes.map(\.port), etcd, ["failover_wait": "1s"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            try eventually("writes") { try client.query("INSERT INTO ledger VALUES (1)").errors.isEmpty }
            etcd.stop()
            var refusal: WireMessage?
            try eventually("a write to be refused") {
                refusal = try client.query("UPDATE ledger SET id = id").errors.first
                return refusal?.state == "57P03"
            }
            #expect(refusal?.fields["D"]?.contains("etcd_urls") == true, "\(String(describing: refusal))")
            #expect(proxy.log.contains("writes wait: nothing is written without a lease in etcd"))
            let reader = try WireClient(port: proxy.port)
            #expect(try reader.value("SELECT count(*) FROM ledger") == "1")
            try etcd.start()
            try eventually("writes") { try client.query("UPDATE ledger SET id = id").errors.isEmpty }
            #expect(proxy.log.contains("coordination: writes go on"))
        }

        @Test func aProxyLogsInToEtcd() throws {
            let etcd = try EtcdProcess()
            func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
            let range = "\"key\": \"\(encoded("/howdah/"))\", \"range_end\": \"\(encoded("/howdah0"))\""
            for (path, body) in [
                ("auth/role/add", #"{"name": "root"}"#), ("auth/role/add", #"{"name": "proxies"}"#),
                ("auth/role/grant", #"{"name": "proxies", "perm": {"permType": "READWRITE", \#(range)}}"#),
                ("auth/user/add", #"{"name": "root", "password": "far"}"#),
                ("auth/user/add", #"{"name": "howdah", "password": "sa\"ddle"}"#),
                ("auth/user/grant", #"{"user": "root", "role": "root"}"#),
                ("auth/user/grant", #"{"user": "howdah", "role": "proxies"}"#), ("auth/enable", "{}"),
            ] { try etcd.post(path, body) }
            // No node is there, which is no matter.
            let login = ["etcd_user": "howdah", "etcd_password": "sa\"ddle"]
            let proxy = try Self.proxy([1, 2, 3], etcd, login)
            try eventually("a key") { !proxy.log.contains("etcd does not answer") && proxy.log.contains("granted") }
            proxy.stop()
            #expect(!proxy.log.contains("etcd does not answer"), "\(proxy.log)")
            let stranger = try HowdahProcess(
                named: [("one", 1), ("two", 2), ("three", 3)],
                ["failover": "promote", "coordination": "etcd", "etcd_urls": etcd.url, "etcd_scope": "test"]
            )
            try eventually("a refusal") { stranger.log.contains("etcd does not answer: \(etcd.url): HTTP status") }
            stranger.stop()
        }

        @Test func anotherProxyGoesOnWhereOneDiesInTheMiddle() throws {
            let (cluster, etcd) = (try Self.cluster(), try EtcdProcess())
            defer { cluster.stop() }
            let ports = cluster.nodes.map(\.port)
            let proxies = [try Self.proxy(ports, etcd), try Self.proxy(ports, etcd)]
            defer { for proxy in proxies { proxy.stop() } }
            let clients = try proxies.map { try WireClient(port: $0.port) }
            for client in clients {
                try eventually("writes") {
                    try client.query("INSERT INTO ledger VALUES (1) ON CONFLICT DO NOTHING").errors.isEmpty
                }
            }
            try cluster.primary.kill()
            var leader: Int?
            try eventually("a candidate") {
                leader = proxies.firstIndex { $0.log.contains("is promoted: its log reaches") }
                return leader != nil
            }
            let dead = try #require(leader)
            kill(proxies[dead].processID, SIGKILL)
            let survivor = 1 - dead
            try eventually("writes through the other proxy") {
                try clients[survivor].query("INSERT INTO ledger VALUES (2) ON CONFLICT DO NOTHING").errors.isEmpty
            }
            #expect(try cluster.replicas.filter { try isPrimary($0) }.count == 1)
            // In the middle as a rule: what it had begun is void, or the other goes on in its place. Where this machine
            // was slow it may have come to its end.
            let ends = [
                "void": proxies[survivor].log.contains("promotes no replica after all"),
                "taken over": proxies[survivor].log.contains("this one goes on in its place"),
                "done": proxies[dead].log.contains("pg_promote() is done"),
            ]
            print("coordination: the attempt of the proxy that died: \(ends)")
            #expect(ends.values.contains(true), "\(proxies[survivor].log)")
            // A third one, which has never seen the old primary, writes there too.
            let third = try Self.proxy(ports, etcd)
            defer { #expect(third.stop()) }
            let late = try WireClient(port: third.port)
            try eventually("writes through a new proxy") {
                try late.query("INSERT INTO ledger VALUES (3) ON CONFLICT DO NOTHING").errors.isEmpty
            }
            #expect(proxies[survivor].stop())
        }
    }
}
