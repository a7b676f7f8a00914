import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Every commit needs a replica, and there are two nodes left: commits go on only when the other replica follows
    /// the new primary, whoever is there to point it.
    @Suite struct Following {
        private final class Herd {
            let cluster: LocalCluster
            let etcd: EtcdProcess
            let ports: [UInt16]
            private let logs: NodeLogs

            init() throws {
                cluster = try Coordination.cluster()
                etcd = try EtcdProcess()
                ports = cluster.nodes.map(\.port)
                logs = NodeLogs(cluster)
            }

            deinit { cluster.stop() }

            func proxy(_ settings: [String: String] = [:]) throws -> HowdahProcess {
                let proxy = try Coordination.proxy(ports, etcd, settings)
                let client = try WireClient(port: proxy.port)
                try eventually("writes through a new proxy") {
                    try client.query("INSERT INTO ledger VALUES (0) ON CONFLICT DO NOTHING").errors.isEmpty
                }
                return proxy
            }

            /// Waits until a replica has heard that it is to be the primary.
            /// - Returns: it, and the other.
            func waitForPromotion() throws -> (new: LocalNode, other: LocalNode) {
                var heard: [String] = []
                try eventually("a promotion") {
                    heard = try logs.nodes(with: "received promote request")
                    return !heard.isEmpty
                }
                let new = try #require(cluster.replicas.first { heard.contains($0.name) })
                return (new, try #require(cluster.replicas.first { $0 !== new }))
            }

            func record() throws -> String { try etcd.value(of: "/howdah/test/attempt") ?? "" }
        }

        private func promoter(_ proxies: [HowdahProcess]) throws -> Int {
            var found: Int?
            try eventually("a promoter") {
                found = proxies.firstIndex { $0.log.contains("is promoted: its log reaches") }
                return found != nil
            }
            return try #require(found)
        }

        /// The commit needs the replica.
        private func expectCommits(_ proxy: HowdahProcess, _ id: Int, _ other: LocalNode) throws {
            let client = try WireClient(port: proxy.port)
            try eventually("a commit on the new primary") {
                try client.query("INSERT INTO ledger VALUES (\(id)) ON CONFLICT DO NOTHING").errors.isEmpty
            }
            try other.wait(
                for: "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming' AND received_tli = 2)",
                subject: "the other replica to follow"
            )
            #expect(try other.sql("SELECT count(*) FROM ledger WHERE id = \(id)") == "1")
        }

        @Test func aPromoterDiesWhenTheCandidateHasHeard() throws {
            let herd = try Herd()
            let proxies = [try herd.proxy(), try herd.proxy()]
            defer { for proxy in proxies { proxy.stop() } }
            try herd.cluster.primary.kill()
            let dead = try promoter(proxies)
            let (_, other) = try herd.waitForPromotion()
            kill(proxies[dead].processID, SIGKILL)
            try expectCommits(proxies[1 - dead], 1, other)
            // What is written down is that nothing is left to do.
            try eventually("the end of the attempt") {
                let record = try herd.record()
                return record.contains("\"done\"") && !record.contains("followers")
            }
            #expect(proxies[1 - dead].stop())
        }

        @Test func aPromoterDiesBeforeItPointsTheOther() throws {
            let herd = try Herd()
            let proxies = [try herd.proxy(), try herd.proxy()]
            defer { for proxy in proxies { proxy.stop() } }
            try herd.cluster.primary.kill()
            let dead = try promoter(proxies)
            // The other's sessions go on, and new ones wait.
            let isSecond = proxies[dead].log.contains("node two is promoted: its log reaches")
            let other = herd.cluster.replicas[isSecond ? 1 : 0]
            try other.signal(SIGSTOP)
            defer { try? other.signal(SIGCONT) }
            try eventually("the record of who is to follow") {
                try herd.record().contains("\"followers\": [") && proxies[dead].log.contains("is the primary now")
            }
            let before = try herd.record()
            kill(proxies[dead].processID, SIGKILL)
            try eventually("the other proxy to go on with it") {
                let record = try herd.record()
                return record != before && record.contains("\"followers\": [")
            }
            try other.signal(SIGCONT)
            try expectCommits(proxies[1 - dead], 1, other)
            #expect(proxies[1 - dead].stop())
        }

        @Test func allProxiesDieAndOthersStart() throws {
            let herd = try Herd()
            let proxies = [try herd.proxy(), try herd.proxy()]
            defer { for proxy in proxies { proxy.stop() } }
            try herd.cluster.primary.kill()
            _ = try promoter(proxies)
            let (_, other) = try herd.waitForPromotion()
            for proxy in proxies { kill(proxy.processID, SIGKILL) }
            let later = try Coordination.proxy(herd.ports, herd.etcd)
            defer { #expect(later.stop()) }
            try expectCommits(later, 1, other)
        }

        @Test func aReplicaThatIsBackLateFollows() throws {
            let herd = try Herd()
            let proxies = [try herd.proxy(), try herd.proxy(["admin_users": "app"])]
            defer { for proxy in proxies { proxy.stop() } }
            try herd.cluster.primary.kill()
            let dead = try promoter(proxies)
            let (new, other) = try herd.waitForPromotion()
            try other.stop(.immediate)
            kill(proxies[dead].processID, SIGKILL)
            proxies[1 - dead].stop()
            // Nobody who runs has seen the promotion.
            let later = try Coordination.proxy(herd.ports, herd.etcd, ["admin_users": "app"])
            defer { #expect(later.stop()) }
            let waiting = try WireClient(port: later.port)
            try waiting.send(Frontend.query("INSERT INTO ledger VALUES (1)"))
            try eventually("the log to tell why nothing commits") {
                later.log.contains("every commit waits: synchronous_standby_names asks for 1 standby, and 0 follow")
            }
            let console = try WireClient(port: later.port, database: "howdah")
            let row = try console.query("SHOW NODES").rows.first { $0[1] == "127.0.0.1:\(new.port)" }
            #expect(row?.last??.contains("every commit waits") == true, "\(String(describing: row))")
            try other.start()
            try expectCommits(later, 2, other)
            #expect(try waiting.receiveCycle().errors.isEmpty)
            try eventually("the log to tell that they go on") { later.log.contains("commits go on") }
            #expect(try console.query("SHOW NODES").rows.allSatisfy { $0.last == .some(nil) || $0.last == "" })
        }

        @Test func theOnlyProxyDiesAndStartsAgain() throws {
            let cluster = try Coordination.cluster()
            defer { cluster.stop() }
            let settings = [
                "failover": "promote", "promote_delay": "500ms", "node_check_interval": "200ms",
                "server_login_retry": "100ms",
            ]
            let logs = NodeLogs(cluster)
            let first = try HowdahProcess(cluster, settings)
            let client = try WireClient(port: first.port)
            #expect(try client.query("INSERT INTO ledger VALUES (0)").errors.isEmpty)
            try cluster.primary.kill()
            var new: LocalNode?
            try eventually("a promotion") {
                new = try cluster.replicas.first { try logs.nodes(with: "received promote request").contains($0.name) }
                return new != nil
            }
            kill(first.processID, SIGKILL)
            let other = try #require(cluster.replicas.first { $0 !== new })
            let second = try HowdahProcess(cluster, settings)
            defer { #expect(second.stop()) }
            try expectCommits(second, 1, other)
        }

        // MARK: What the log says

        @Test func aProxyThatIsCutOffSaysSoOnce() throws {
            let herd = try Herd()
            let relay = try Relay(to: herd.cluster.primary.port)
            defer { relay.stop() }
            let cut = try Coordination.proxy([relay.port] + herd.cluster.replicas.map(\.port), herd.etcd)
            let other = try herd.proxy()
            defer { for proxy in [cut, other] { #expect(proxy.stop()) } }
            let clients = try WritingClients(port: other.port, clients: 4, first: 1)
            try eventually("writes") { clients.count > 100 }
            relay.cut()
            try eventually("the reason") { cut.log.contains("goes on hearing from the primary") }
            let before = cut.log.split(separator: "\n").count
            // Replicas hear from the primary with each of them.
            let written = clients.count
            let end = ContinuousClock.now + .seconds(4)
            try eventually("many more looks") { clients.count > written + 500 && ContinuousClock.now > end }
            let lines = cut.log.split(separator: "\n").dropFirst(before)
            #expect(lines.count < 8, "\(lines.joined(separator: "\n"))")
            #expect(clients.stop().failures.isEmpty)
        }

        @Test func aProxyThatStandsStillIsNotSaidToSeeThePrimary() throws {
            let herd = try Herd()
            let settings = ["etcd_ttl": "12s", "promote_delay": "5s"]
            let (runs, stands) = (try herd.proxy(settings), try herd.proxy(settings))
            defer { #expect(runs.stop()) }
            kill(stands.processID, SIGSTOP)
            defer {
                kill(stands.processID, SIGCONT)
                stands.stop()
            }
            try herd.cluster.primary.kill()
            // By then its lease has not been renewed for as long as nobody takes that for.
            let (_, other) = try herd.waitForPromotion()
            try expectCommits(runs, 1, other)
            #expect(!runs.log.contains("as a primary that is well"), "\(runs.log)")
        }
    }
}
