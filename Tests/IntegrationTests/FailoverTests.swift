import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// A primary that is lost, replaced and comes back, under clients that write.
    @Suite struct Failover {
        private static let quick = ["node_check_interval": "200ms", "server_login_retry": "100ms"]
        private static let promoting = ["failover": "promote", "promote_delay": "500ms"].merging(quick) { $1 }

        /// A cluster of its own. With `isSafe` a commit is on a replica before it is acknowledged.
        private func cluster(replicas: Int = 2, isSafe: Bool = false) throws -> LocalCluster {
            var options = LocalClusterOptions()
            options.replicas = replicas
            options.configuration = ["wal_log_hints = on", "full_page_writes = on"]
            let cluster = try LocalCluster.start(options)
            _ = try cluster.primary.sql(WritingClients.setUp)
            if isSafe { try cluster.commitSynchronously() }
            try cluster.waitForReplication()
            return cluster
        }

        /// The node that a write through the proxy runs on.
        private func writer(_ client: WireClient, _ cluster: LocalCluster) throws -> LocalNode? {
            let port = try client.value("/* howdah: primary */ SELECT inet_server_port()")
            return cluster.nodes.first { "\($0.port)" == port }
        }

        private func rows(_ node: LocalNode) throws -> Set<Int> {
            let text = try node.sql("SET synchronous_commit = off; SELECT id FROM ledger")
            return Set(text.split(separator: "\n").compactMap { Int($0) })
        }

        private func expectKept(_ account: WritingClients.Account, _ node: LocalNode) throws {
            print("failover: \(account)")
            let missing = Set(account.acknowledged).subtracting(try rows(node))
            #expect(missing.isEmpty, "\(missing.count) acknowledged writes are gone: \(account)")
            #expect(account.lost.isEmpty, "\(account)")
            // What failed was on its way when the primary was lost: at most one a client.
            #expect(account.failures.count <= 20, "\(account)")
            #expect(account.failures.allSatisfy { ["08007", "40001"].contains($0.state) }, "\(account)")
        }

        private func fence(_ proxy: HowdahProcess, _ node: LocalNode) -> Bool {
            proxy.log.contains("node 127.0.0.1:\(node.port) is fenced: it says that it is primary on timeline 1")
        }

        // MARK: failover = promote

        @Test func aKilledPrimaryIsReplacedAndNoAcknowledgedWriteIsLost() throws {
            let cluster = try cluster(isSafe: true)
            defer { cluster.stop() }
            let proxy = try HowdahProcess(cluster, Self.promoting)
            defer { #expect(proxy.stop()) }
            let clients = try WritingClients(port: proxy.port, clients: 20)
            try eventually("writes") { clients.count > 300 }
            try cluster.primary.kill()
            let killed = clients.count
            try eventually("writes on the new primary") { clients.count > killed + 300 }
            let account = clients.stop()
            let client = try WireClient(port: proxy.port)
            let new = try #require(try writer(client, cluster))
            #expect(new !== cluster.primary)
            try expectKept(account, new)

            // The old one comes back as it was: nobody writes to it.
            try cluster.primary.start()
            try eventually("the old primary to be fenced") { fence(proxy, cluster.primary) }
            let before = try rows(cluster.primary)
            for id in 1...50 {
                #expect(try client.query("INSERT INTO ledger VALUES (\(-id))").errors.isEmpty)
                #expect(try writer(client, cluster) === new)
            }
            #expect(try rows(cluster.primary) == before)

            // Rewound it follows, and is used again without anybody telling the proxy.
            try rewind(cluster.primary, to: new)
            try cluster.primary.start()
            try eventually("reads on the node that follows now") {
                try client.value("SELECT inet_server_port()") == "\(cluster.primary.port)"
            }
        }

        /// pg_rewind, as the log advises; the node's own configuration is written anew.
        private func rewind(_ node: LocalNode, to source: LocalNode) throws {
            _ = try source.sql("CHECKPOINT")
            try node.stop(.fast)
            let program = try RunningProgram(
                path: node.installation.path("pg_rewind"),
                arguments: ["--target-pgdata=\(node.directory)", "--source-server=\(source.conninfo)"],
                input: "",
                directory: node.socketDirectory,
                account: node.account
            )
            let result = try program.finish(WaitLimit(.seconds(60)))
            #expect(result.status == 0, "\(result.error)")
            try node.configure(port: node.port, streamingFrom: source)
            // What pg_rewind has copied of the other's ALTER SYSTEM names the other's own upstream.
            try writeFile("\(node.directory)/postgresql.auto.conf", "", mode: .replace, account: node.account)
        }

        @Test func aPrimaryThatStandsStillIsReplacedAndFencedWhenItWakes() throws {
            let cluster = try cluster(isSafe: true)
            defer { cluster.stop() }
            let proxy = try HowdahProcess(cluster, Self.promoting.merging(["node_check_timeout": "1s"]) { $1 })
            defer { #expect(proxy.stop()) }
            let clients = try WritingClients(port: proxy.port, clients: 20)
            try eventually("writes") { clients.count > 300 }
            let frozen = try processes(of: cluster.primary)
            for process in frozen { kill(process, SIGSTOP) }
            let stopped = clients.count
            try eventually("writes on the new primary") { clients.count > stopped + 300 }
            for process in frozen { kill(process, SIGCONT) }
            try eventually("the old primary to be fenced") { fence(proxy, cluster.primary) }
            let more = clients.count
            try eventually("more writes") { clients.count > more + 100 }
            let account = clients.stop()
            let client = try WireClient(port: proxy.port)
            let new = try #require(try writer(client, cluster))
            #expect(new !== cluster.primary)
            try expectKept(account, new)
        }

        /// The postmaster and its children.
        private func processes(of node: LocalNode) throws -> [pid_t] {
            let postmaster = try #require(node.postmaster)
            let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
            let children = all.filter { process in
                let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
                let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
                return fields.count > 1 && fields[1] == "\(postmaster)"
            }
            return [postmaster] + children
        }

        @Test func aPrimaryThatOnlyTheProxyCannotReachIsNotReplaced() throws {
            let cluster = try cluster()
            defer { cluster.stop() }
            let relay = try Relay(to: cluster.primary.port)
            defer { relay.stop() }
            let proxy = try HowdahProcess(nodes: [relay.port] + cluster.replicas.map(\.port), Self.promoting)
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            #expect(try client.query("INSERT INTO ledger VALUES (1)").errors.isEmpty)
            // Somebody else goes on writing to it.
            let others = try WritingClients(port: cluster.primary.port, clients: 1)
            defer { _ = others.stop() }
            relay.cut()
            try eventually("the proxy to see that it is cut off") {
                proxy.log.contains("goes on hearing from the primary")
            }
            for replica in cluster.replicas { #expect(try replica.sql("SELECT pg_is_in_recovery()") == "t") }
            let reader = try WireClient(port: proxy.port)
            #expect(try reader.query("SELECT 1").errors.isEmpty)
            relay.mend()
            try eventually("writes on the primary") {
                try client.query("INSERT INTO ledger VALUES (-1) ON CONFLICT DO NOTHING").errors.isEmpty
            }
        }

        // MARK: failover = follow

        @Test func ofTwoPrimariesTheOlderIsNeverWrittenTo() throws {
            let cluster = try cluster()
            defer { cluster.stop() }
            let proxy = try HowdahProcess(cluster, Self.quick)
            defer { #expect(proxy.stop()) }
            let clients = try WritingClients(port: proxy.port, clients: 8)
            try eventually("writes") { clients.count > 100 }
            let new = cluster.replicas[0]
            try new.promote()
            try eventually("the old primary to be fenced") { fence(proxy, cluster.primary) }
            let before = try rows(cluster.primary)
            let switched = clients.count
            try eventually("writes on the new primary") { clients.count > switched + 200 }
            let account = clients.stop()
            print("failover: \(account)")
            #expect(account.lost.isEmpty, "\(account)")
            #expect(account.failures.allSatisfy { ["08007", "40001"].contains($0.state) }, "\(account)")
            #expect(try rows(cluster.primary) == before)
            // Each acknowledged write is on one of the two: what the old one took before it was known to be old, and
            // all since.
            let kept = try rows(new).union(before)
            #expect(Set(account.acknowledged).isSubset(of: kept))
            let client = try WireClient(port: proxy.port)
            for _ in 0..<20 { #expect(try writer(client, cluster) === new) }
        }

        @Test func whileItCannotBeToldWhichIsRightNobodyIsWrittenTo() throws {
            let cluster = try cluster()
            defer { cluster.stop() }
            // Apart from each other: the second has what the first has not.
            try cluster.replicas[0].promote()
            _ = try cluster.primary.sql("INSERT INTO ledger VALUES (1)")
            try cluster.replicas[1].wait(for: "EXISTS (SELECT FROM ledger)", subject: "the row")
            try cluster.replicas[1].promote()
            try cluster.primary.kill()
            let before = try cluster.replicas.map { try rows($0) }
            let proxy = try HowdahProcess(cluster, Self.quick)
            defer { #expect(proxy.stop()) }
            try eventually("the proxy to see both") { proxy.log.contains("which is right cannot be told") }
            let client = try WireClient(connectedTo: proxy.port)
            try client.send(Frontend.startup([("user", "app"), ("database", "app")]))
            // Its log-in ends with the parameters of a server.
            _ = try client.receive(until: "R")
            try client.send(Frontend.query("INSERT INTO ledger VALUES (2)"))
            #expect(!client.hasInput(within: 1000))
            #expect(try cluster.replicas.map { try rows($0) } == before)
            try cluster.replicas[0].stop(.immediate)
            try client.welcome()
            #expect(try client.receiveCycle().errors.isEmpty)
            #expect(try rows(cluster.replicas[1]) == [1, 2])
        }

        // MARK: Events

        @Test func eventsRunTheCommand() throws {
            let cluster = try cluster(replicas: 1)
            defer { cluster.stop() }
            let command = "echo \"event $HOWDAH_EVENT of $HOWDAH_NODE at $HOWDAH_HOST $HOWDAH_PORT: $HOWDAH_ROLE\""
            let proxy = try HowdahProcess(cluster, Self.quick.merging(["on_event": command]) { $1 })
            defer { #expect(proxy.stop()) }
            let (old, new) = (cluster.primary.port, cluster.replicas[0].port)
            func event(_ kind: String, _ port: UInt16, _ role: String) -> String {
                "event \(kind) of 127.0.0.1:\(port) at 127.0.0.1 \(port): \(role)"
            }
            try eventually("the nodes are up") {
                proxy.log.contains(event("up", old, "primary")) && proxy.log.contains(event("up", new, "replica"))
            }
            try cluster.replicas[0].promote()
            try eventually("promotion and fence") {
                proxy.log.contains(event("promoted", new, "primary"))
                    && proxy.log.contains(event("fenced", old, "unknown"))
            }
            try cluster.primary.kill()
            try eventually("down") { proxy.log.contains(event("down", old, "unknown")) }
        }
    }
}
