import Foundation
import Synchronization
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Promise: no state of one client is ever seen by another.
    @Suite struct Leaks {
        private static let users = ["leaky", "leaky_super"]
        private static let poolSize = 3
        /// Its snapshot keeps it where its first statement has run, also for views that are the primary's otherwise.
        private static let onReplica = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

        private static let prepared: Result<Set<String>, any Error> = Result {
            let cluster = try EndToEnd.cluster()
            _ = try cluster.primary.sql(LeakStatements.setUp)
            try cluster.waitForReplication()
            let client = try WireClient(port: cluster.primary.port)
            return Set(try client.query(LeakChecks.numbersOfSeed).rows.compactMap { $0.first.flatMap(\.self) })
        }

        @Test func nothingOfAClientIsSeenByAnother() throws {
            let seeded = try Self.prepared.get()
            for seed in try TestSeeds.chosen(default: [20_261_121, 3, 8, 111]) {
                print("leaks: HOWDAH_TEST_SEED=\(seed)")
                let proxy = try HowdahProcess(cluster(), ["pool_size": "\(Self.poolSize)", "pinned_reads": "replica"])
                defer { #expect(proxy.stop(), "the proxy has crashed: \(proxy.log)") }
                let asking = try WireClient(port: proxy.port)
                try EndToEnd.eventually("the proxy to know the catalog's functions") {
                    try asking.query("EXPLAIN ROUTE SELECT doubled(1)").rows.first?.first == "replica"
                }
                let found = Mutex<[String]>([])
                let isOver = Mutex(false)
                let leaving = DispatchGroup()
                let watching = DispatchGroup()
                for user in Self.users {
                    thread(watching) { Self.watch(proxy.port, user, seeded, found) { isOver.withLock { $0 } } }
                }
                for number in 0..<24 {
                    let user = Self.users[number % Self.users.count]
                    thread(leaving) {
                        var client = LeakyClient(port: proxy.port, user: user, number: number, seed: seed)
                        client.run(sessions: 12)
                        let complaints = client.complaints
                        found.withLock { $0 += complaints }
                    }
                }
                leaving.wait()
                isOver.withLock { $0 = true }
                watching.wait()
                for user in Self.users { try inspectAll(proxy.port, user, seeded, found) }
                let all = found.withLock { $0 }
                #expect(all.isEmpty, "seed \(seed):\n\(Set(all).sorted().prefix(30).joined(separator: "\n"))")
            }
        }

        private func thread(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
            group.enter()
            Thread.detachNewThread {
                body()
                group.leave()
            }
        }

        /// Looks at one server after the other while the others are at work.
        private static func watch(
            _ port: UInt16,
            _ user: String,
            _ seeded: Set<String>,
            _ found: borrowing Mutex<[String]>,
            until isOver: () -> Bool
        ) {
            do {
                let client = try WireClient(port: port, user: user)
                let parameters = client.parameters
                while !isOver() {
                    for begin in ["BEGIN", Self.onReplica] {
                        try client.query(begin)
                        let (_, leaks) = try LeakChecks.look(client, seeded: seeded)
                        try client.query("COMMIT")
                        found.withLock { $0 += leaks.map { "\(user), meanwhile: \($0)" } }
                    }
                }
                if client.parameters != parameters {
                    found.withLock { $0.append("\(user): reports of others' settings") }
                }
            } catch {
                found.withLock { $0.append("\(user), meanwhile: \(error)") }
            }
        }

        /// Looks at all servers of a pool: transactions hold them, so that each must be another.
        private func inspectAll(
            _ port: UInt16,
            _ user: String,
            _ seeded: Set<String>,
            _ found: borrowing Mutex<[String]>
        ) throws {
            for (begin, count) in [("BEGIN", Self.poolSize), (Self.onReplica, 2 * Self.poolSize)] {
                var servers: Set<String> = []
                var clients: [WireClient] = []
                for _ in 0..<count {
                    let client = try WireClient(port: port, user: user)
                    clients.append(client)
                    try client.query(begin)
                    let (server, leaks) = try LeakChecks.look(client, seeded: seeded)
                    servers.insert(server)
                    found.withLock { $0 += leaks.map { "\(user), afterwards: \($0)" } }
                }
                #expect(servers.count == count, "\(user), \(begin): \(servers)")
                for client in clients {
                    try client.query("COMMIT")
                    // Sequences are the primary's.
                    guard begin == "BEGIN" else { continue }
                    let reply = try client.query("SELECT lastval()")
                    if reply.state != "55000" { found.withLock { $0.append("\(user), lastval: \(reply)") } }
                }
            }
        }
    }
}
