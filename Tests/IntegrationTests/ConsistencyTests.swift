import Foundation
import Testing

@testable import LocalCluster

extension EndToEnd {
    /// Replicas that lag: what their sessions see, and who gets reads. `HOWDAH_TEST_CONSISTENCY_OPERATIONS` says how
    /// many operations the checker does.
    @Suite struct Consistency {
        /// A cluster of its own, whose replicas stop and lag as a test wants.
        private static let cluster: Result<LocalCluster, any Error> = Result {
            var options = LocalClusterOptions()
            options.configuration = ["max_prepared_transactions = 10", "wal_retrieve_retry_interval = 100ms"]
            let cluster = try LocalCluster.start(options)
            _ = try cluster.primary.sql("GRANT ALL ON SCHEMA public TO PUBLIC;" + RegisterCheck.setUp)
            try cluster.waitForReplication()
            return cluster
        }

        private func cluster() throws -> LocalCluster { try Self.cluster.get() }

        private func proxy(_ settings: [String: String] = [:]) throws -> HowdahProcess {
            try HowdahProcess(cluster(), ["node_check_interval": "100ms"].merging(settings) { $1 })
        }

        private static var operations: Int {
            ProcessInfo.processInfo.environment["HOWDAH_TEST_CONSISTENCY_OPERATIONS"].flatMap { Int($0) } ?? 20_000
        }

        private func check(_ proxy: HowdahProcess, operations: Int) throws -> RegisterCheck.Findings {
            let seed = UInt64.random(in: 1 ... .max)
            let check = try RegisterCheck(port: proxy.port, primaryPort: cluster().primary.port, sessions: 16)
            let position = try check.fill()
            // With `eventual` a replica that lags would have no registers at all.
            try cluster().waitForReplication()
            let disturbance = try ReplayDisturbance(cluster().replicas, seed: seed)
            defer { disturbance.stop() }
            let found = try check.run(operations: operations, from: position, seed: seed)
            // Who asks for a number of operations wants to know what came of them.
            if ProcessInfo.processInfo.environment["HOWDAH_TEST_CONSISTENCY_OPERATIONS"] != nil { print(found) }
            return found
        }

        // MARK: What sessions see

        @Test func noSessionMissesItsOwnWritesOrGoesBack() throws {
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            let found = try check(proxy, operations: Self.operations)
            #expect(found.errors.isEmpty, "\(found)")
            #expect(found.staleOwnReads.isEmpty, "\(found)")
            #expect(found.readsBack.isEmpty, "\(found)")
            // Rare enough not to hide anything else.
            #expect(found.readsBackOnPrimary.count <= found.reads / 1000, "\(found)")
            // Else nothing would have been tried.
            #expect(found.ownReadsOnReplicas > 50, "\(found)")
        }

        @Test func withGlobalNobodyMissesAnybodysWrites() throws {
            let proxy = try proxy(["read_your_writes": "global"])
            defer { #expect(proxy.stop()) }
            let found = try check(proxy, operations: Self.operations / 4)
            #expect(found.errors.isEmpty && found.staleOwnReads.isEmpty && found.readsBack.isEmpty, "\(found)")
            #expect(found.staleReads == 0, "\(found)")
            #expect(found.readsOnReplicas > 0, "\(found)")
        }

        /// The same checker finds stale reads where they are allowed: so it can see them.
        @Test func withEventualTheCheckerFindsStaleReads() throws {
            let proxy = try proxy(["read_your_writes": "eventual"])
            defer { #expect(proxy.stop()) }
            let found = try check(proxy, operations: Self.operations / 5)
            #expect(found.errors.isEmpty, "\(found)")
            #expect(!found.staleOwnReads.isEmpty, "\(found)")
            #expect(!found.readsBack.isEmpty, "\(found)")
        }

        @Test func whatEverASessionWritesItsNextReadSees() throws {
            let cluster = try cluster()
            let proxy = try proxy()
            defer { #expect(proxy.stop()) }
            for replica in cluster.replicas { try replica.pauseReplay() }
            defer { for replica in cluster.replicas { try? replica.resumeReplay() } }
            let client = try WireClient(port: proxy.port)
            try client.query("CREATE TABLE fresh (a int)")
            #expect(try client.value("SELECT count(*) FROM fresh") == "0")
            #expect(try client.value("SHOW howdah.route").contains("no replica has replayed what the session must see"))
            try client.query("BEGIN")
            try client.query("INSERT INTO fresh VALUES (1)")
            try client.query("PREPARE TRANSACTION 'fresh'")
            #expect(try client.value("SELECT count(*) FROM fresh") == "0")
            try client.query("COMMIT PREPARED 'fresh'")
            #expect(try client.value("SELECT count(*) FROM fresh") == "1")
            try client.query("SET howdah.read_your_writes = 'eventual'")
            // Without the hint the primary would be asked what a replica does not know.
            #expect(try client.query("/* howdah: replica */ SELECT count(*) FROM fresh").state == "42P01")
            #expect(try client.value("SHOW howdah.read_your_writes") == "eventual")
            try client.query("RESET howdah.read_your_writes")
            try client.send(Frontend.query("COPY fresh FROM STDIN"))
            _ = try client.receive(until: "G")
            try client.send(Frontend.copyData(Array("2\n3\n".utf8)) + Frontend.copyDone)
            _ = try client.receiveCycle()
            #expect(try client.value("SELECT count(*) FROM fresh") == "3")
            // A session that has written nothing reads what the replicas have.
            let other = try WireClient(port: proxy.port)
            #expect(try other.query("/* howdah: replica */ SELECT count(*) FROM fresh").state == "42P01")
            try client.query("DROP TABLE fresh")
        }

        @Test func aPositionCanBeHandedOn() throws {
            let cluster = try cluster()
            let proxy = try proxy()
            let second = try self.proxy()
            defer { #expect(proxy.stop() && second.stop()) }
            for replica in cluster.replicas { try replica.pauseReplay() }
            defer { for replica in cluster.replicas { try? replica.resumeReplay() } }
            let writer = try WireClient(port: proxy.port)
            try writer.query("CREATE TABLE handed (a int)")
            let position = try writer.value("SHOW howdah.position")
            #expect(position.hasSuffix("@1") && position.hasPrefix("0/"), "\(position)")
            #expect(try writer.extended("SHOW howdah.position").value.hasSuffix("@1"))
            // Another proxy, and another session.
            let reader = try WireClient(port: second.port)
            #expect(try reader.query("/* howdah: replica */ SELECT count(*) FROM handed").state == "42P01")
            #expect(try reader.query("SET howdah.position = '\(position)'").tags == ["SET"])
            #expect(try reader.value("SELECT count(*) FROM handed") == "0")
            #expect(try reader.value("SHOW howdah.route").contains("primary"))
            for replica in cluster.replicas { try replica.resumeReplay() }
            try eventually("a replica to be fresh for the position") {
                try reader.value("SELECT count(*) FROM handed") == "0"
                    && reader.value("SHOW howdah.route").contains("replica)")
            }
            #expect(try reader.query("SET howdah.position = 'nonsense'").state == "22023")
            #expect(try reader.query("RESET howdah.position").tags == ["RESET"])
            try writer.query("DROP TABLE handed")
        }

        // MARK: Who gets reads

        /// EXPLAIN ROUTE's row for a node.
        private func row(_ client: WireClient, _ node: LocalNode) throws -> (state: String, lag: String) {
            let rows = try client.query("EXPLAIN ROUTE SELECT 1").rows
            let row = rows.first { $0[2]?.hasSuffix(":\(node.port)") == true }
            return (row?[4] ?? "no row", row?[7] ?? "")
        }

        /// Writes past the proxy, so that the primary goes on.
        private func write() throws { _ = try cluster().primary.sql("UPDATE register SET value = value WHERE id = 0") }

        private func port(_ client: WireClient) throws -> String { try client.value("SELECT inet_server_port()") }

        /// A replica lags until `mend` is called: it gets no reads, is told so, and gets reads again.
        private func lags(_ replica: LocalNode, _ cause: () throws -> Void, mend: () throws -> Void) throws {
            let proxy = try proxy(["max_lag": "400ms"])
            defer { #expect(proxy.stop()) }
            _ = try cluster().primary.sql("INSERT INTO register VALUES (0, 0) ON CONFLICT DO NOTHING")
            try cluster().waitForReplication()
            let client = try WireClient(port: proxy.port)
            try eventually("both replicas to get reads") {
                try cluster().replicas.allSatisfy { try row(client, $0).state == "candidate" }
            }
            try cause()
            try eventually("the replica to lag too far behind") {
                try write()
                return try row(client, replica).state.contains("lags")
            }
            let told = try row(client, replica)
            #expect(told.state.contains("max_lag = 0.4 s"), "\(told)")
            #expect(told.lag != "unknown" && told.lag != "0 ms, 0 bytes", "\(told)")
            for _ in 0..<20 { #expect(try port(client) != "\(replica.port)") }
            try mend()
            try eventually("the replica to get reads again") { try row(client, replica).state == "candidate" }
            try eventually("both to be logged") {
                proxy.log.contains("gets no reads: it lags") && proxy.log.contains("near enough to the primary")
            }
        }

        @Test func aReplicaWhoseReplayIsPausedGetsNoReads() throws {
            let replica = try cluster().replicas[0]
            try lags(replica, { try replica.pauseReplay() }, mend: { try replica.resumeReplay() })
        }

        /// Nobody flushes what a transaction has written that was rolled back last: it holds no commit, and is not
        /// waited for.
        @Test func whatWasRolledBackIsNotWaitedForLong() throws {
            let proxy = try proxy(["freshness_wait": "60s"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            try eventually("the lag to be known") {
                try cluster().replicas.allSatisfy { try row(client, $0).lag != "unknown" }
            }
            try client.query("BEGIN")
            try client.query("INSERT INTO register VALUES (-1, 0)")
            try client.query("ROLLBACK")
            #expect(try port(client) != "\(cluster().primary.port)")
        }

        @Test func aReplicaThatAppliesLateGetsNoReads() throws {
            let replica = try cluster().replicas[1]
            func delay(_ value: String) throws {
                _ = try replica.sql("ALTER SYSTEM SET recovery_min_apply_delay = '\(value)'; SELECT pg_reload_conf()")
            }
            try lags(replica, { try delay("1h") }, mend: { try delay("0") })
        }

        /// Within max_lag it takes reads, and its lag is told; a session that has written is not sent there.
        @Test func aReplicaThatAppliesALittleLateTakesReadsOfOthers() throws {
            let cluster = try cluster()
            let replica = cluster.replicas[0]
            func delay(_ value: String) throws {
                let change = "ALTER SYSTEM SET recovery_min_apply_delay = '\(value)'; SELECT pg_reload_conf()"
                for replica in cluster.replicas { _ = try replica.sql(change) }
            }
            _ = try cluster.primary.sql("INSERT INTO register VALUES (0, 0) ON CONFLICT DO NOTHING")
            try delay("2s")
            defer { try? delay("0") }
            let proxy = try proxy(["max_lag": "1h"])
            defer { #expect(proxy.stop()) }
            let client = try WireClient(port: proxy.port)
            try eventually("the lag to be told") {
                try write()
                let told = try row(client, replica)
                let number = told.lag.split(separator: " ").first.flatMap { Int($0) } ?? 0
                return told.state == "candidate" && told.lag.contains(" ms,") && number >= 1000
            }
            #expect(try port(client) != "\(cluster.primary.port)")
            let writer = try WireClient(port: proxy.port)
            try writer.query("UPDATE register SET value = value WHERE id = 0")
            #expect(try port(writer) == "\(cluster.primary.port)")
            #expect(try writer.value("SHOW howdah.route").contains("no replica has replayed what the session must see"))
            #expect(try port(client) != "\(cluster.primary.port)")
        }

        @Test func aReplicaWhoseStreamIsCutGetsNoReads() throws {
            let replica = try cluster().replicas[0]
            func alter(_ change: String) throws {
                _ = try replica.sql("ALTER SYSTEM \(change); SELECT pg_reload_conf()")
            }
            try lags(
                replica,
                { try alter("SET primary_conninfo = 'host=127.0.0.1 port=1'") },
                mend: { try alter("RESET primary_conninfo") }
            )
        }

        @Test func whereAllReplicasLagThePrimaryReads() throws {
            let cluster = try cluster()
            let proxy = try proxy(["max_lag": "300ms"])
            defer { #expect(proxy.stop()) }
            _ = try cluster.primary.sql("INSERT INTO register VALUES (0, 0) ON CONFLICT DO NOTHING")
            for replica in cluster.replicas { try replica.pauseReplay() }
            defer { for replica in cluster.replicas { try? replica.resumeReplay() } }
            let client = try WireClient(port: proxy.port)
            try eventually("the primary to take the reads") {
                try write()
                return try port(client) == "\(cluster.primary.port)"
            }
            #expect(try client.value("SHOW howdah.route").contains("every replica lags too far behind"))
            for replica in cluster.replicas { try replica.resumeReplay() }
            try eventually("replicas to take them again") { try port(client) != "\(cluster.primary.port)" }
        }

        /// `HOWDAH_TEST_IDLE_SECONDS` says for how long.
        @Test func onAnIdlePrimaryNobodyLags() throws {
            let cluster = try cluster()
            let proxy = try proxy(["max_lag": "500ms"])
            defer { #expect(proxy.stop()) }
            try cluster.waitForReplication()
            // Behind it the log stands at the very beginning of a page.
            _ = try cluster.primary.sql("SELECT pg_switch_wal()")
            let client = try WireClient(port: proxy.port)
            try eventually("both replicas to be known") {
                try cluster.replicas.allSatisfy { try row(client, $0).lag == "0 ms, 0 bytes" }
            }
            let seconds = ProcessInfo.processInfo.environment["HOWDAH_TEST_IDLE_SECONDS"].flatMap { Double($0) } ?? 2
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                for replica in cluster.replicas {
                    // The server itself logs a few bytes now and then: far less than max_lag lets pass.
                    let told = try row(client, replica)
                    #expect(told.state == "candidate", "\(told)")
                }
                #expect(try port(client) != "\(cluster.primary.port)")
                Thread.sleep(forTimeInterval: 0.05)
            }
            try eventually("no lag to be left") {
                try cluster.replicas.allSatisfy { try row(client, $0).lag == "0 ms, 0 bytes" }
            }
        }
    }
}
