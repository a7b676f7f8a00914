import Foundation
import Testing

@testable import LocalCluster

/// Against the installed PostgreSQL.
@Suite(.serialized)
struct LocalClusterTests {
    @Test func streamsToEveryReplica() throws {
        let cluster = try LocalCluster.start()
        defer { cluster.stop() }
        print("a primary and two replicas started in \(cluster.startTime)")

        #expect(cluster.nodes.map(\.name) == ["primary", "replica_1", "replica_2"])
        _ = try cluster.primary.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (42);", user: "app")
        try cluster.waitForReplication()
        for node in cluster.nodes {
            #expect(
                try node.sql("SELECT a, pg_is_in_recovery() FROM t") == "42|\(node === cluster.primary ? "f" : "t")"
            )
            #expect(try node.sql("SHOW cluster_name") == node.name)
            #expect(try node.sql("SHOW port") == "\(node.port)")
        }
        let identifiers = try cluster.nodes.map { try $0.sql("SELECT system_identifier FROM pg_control_system()") }
        #expect(Set(identifiers).count == 1)
        let senders = try cluster.primary.sql("SELECT application_name FROM pg_stat_replication ORDER BY 1")
        #expect(senders == "replica_1\nreplica_2")
        let verifier = try cluster.primary.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")
        #expect(verifier.hasPrefix("SCRAM-SHA-256$"))
        let owner = "SELECT pg_get_userbyid(datdba), encoding FROM pg_database WHERE datname = 'app'"
        #expect(try cluster.primary.sql(owner) == "app|6")
        #expect(throws: LocalClusterError.self) { try cluster.replicas[0].sql("INSERT INTO t VALUES (1)") }
    }

    @Test func pausedReplayHoldsRowsBack() throws {
        var options = LocalClusterOptions()
        options.replicas = 1
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }

        _ = try cluster.primary.sql("CREATE TABLE t (a int)")
        try cluster.waitForReplication()
        try cluster.replicas[0].pauseReplay()
        _ = try cluster.primary.sql("INSERT INTO t VALUES (1)")
        let position = try cluster.primary.sql("SELECT pg_current_wal_lsn()")
        try cluster.replicas[0].wait(for: "pg_last_wal_receive_lsn() >= '\(position)'", subject: "the row's WAL")
        #expect(try cluster.replicas[0].sql("SELECT count(*) FROM t") == "0")
        try cluster.replicas[0].resumeReplay()
        try cluster.waitForReplication()
        #expect(try cluster.replicas[0].sql("SELECT count(*) FROM t") == "1")
    }

    @Test func survivesKillRestartPromotionAndFollowing() throws {
        var options = LocalClusterOptions()
        options.usesReplicationSlots = true
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        let (primary, first, second) = (cluster.primary, cluster.replicas[0], cluster.replicas[1])
        #expect(try primary.sql("SELECT count(*) FROM pg_replication_slots WHERE active") == "2")
        #expect(try first.sql("SELECT count(*) FROM pg_replication_slots") == "0")

        _ = try primary.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1);")
        try primary.kill()
        #expect(primary.postmaster == nil)
        #expect(throws: LocalClusterError.notRunning(node: "primary")) { try primary.stop() }
        #expect(throws: LocalClusterError.self) { try primary.sql("SELECT 1") }
        try primary.start()
        #expect(throws: LocalClusterError.alreadyRunning(node: "primary")) { try primary.start() }
        #expect(try primary.sql("SELECT a FROM t") == "1")

        try second.stop(.immediate)
        _ = try primary.sql("INSERT INTO t VALUES (2)")
        try second.start()
        try cluster.waitForReplication()
        #expect(try second.sql("SELECT sum(a) FROM t") == "3")

        try primary.kill()
        try first.promote()
        #expect(try first.sql("SELECT pg_is_in_recovery()") == "f")
        _ = try first.sql("SELECT pg_create_physical_replication_slot('replica_2')")
        try second.follow(first)
        _ = try first.sql("INSERT INTO t VALUES (3)")
        try cluster.waitForReplication(from: first)
        #expect(try second.sql("SELECT sum(a) FROM t") == "6")
    }

    @Test func configurationIsAppliedByReloadAndRestart() throws {
        var options = LocalClusterOptions()
        options.replicas = 0
        options.maxConnections = 50
        options.configuration = ["work_mem = 5MB"]
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        let primary = cluster.primary
        #expect(try primary.sql("SHOW max_connections; SHOW work_mem;") == "50\n5MB")
        try primary.appendConfiguration(["work_mem = 6MB", "max_connections = 60"])
        try primary.reload()
        try primary.wait(for: "current_setting('work_mem') = '6MB'", subject: "the reload")
        try primary.restart()
        #expect(try primary.sql("SHOW max_connections") == "60")
    }

    @Test func passwordsAreAskedForWhereChosen() throws {
        var options = LocalClusterOptions()
        options.replicas = 0
        options.authentication = .scramSHA256
        options.users = [.init(name: "o'\"brien", password: "it's \"quoted\"")]
        let installation = try PostgresInstallation.find()
        if installation.hasLibrary("pg_stat_statements") {
            options.sharedPreloadLibraries = ["pg_stat_statements"]
            options.extensions = ["pg_stat_statements"]
        }
        let cluster = try LocalCluster.start(options)
        defer { cluster.stop() }
        if installation.hasLibrary("pg_stat_statements") {
            #expect(try Int(cluster.primary.sql("SELECT count(*) FROM pg_stat_statements")) != nil)
        }

        #expect { try cluster.primary.sql("SELECT 1", user: "app") } throws: { error in
            "\(error)".contains("no password supplied")
        }
        let login = [
            "CREATE EXTENSION dblink;",
            "SELECT * FROM dblink('host=127.0.0.1 port=\(cluster.primary.port) dbname=app",
            "user=''o\\''\"brien'' password=''it\\''s \"quoted\"''', 'SELECT current_user') AS t(name text);",
        ]
        #expect(try cluster.primary.sql(login.joined(separator: " ")) == "o'\"brien")
    }

    @Test func nothingIsLeftAfterStop() throws {
        var options = LocalClusterOptions()
        options.replicas = 1
        let cluster = try LocalCluster.start(options)
        let left = LeftBehind(directory: cluster.directory)
        let segments = left.sharedMemory
        #expect(segments.count == 2)
        #expect(try LeftBehind.existing(segments).count == 2)
        #expect(left.processes.count >= 2)

        // A server that was killed can not free its shared memory; one that is stopped does not hear of the end.
        try cluster.replicas[0].kill()
        try cluster.primary.signal(SIGSTOP)
        cluster.stop()
        #expect(left.processes == [])
        #expect(!left.isDirectoryThere)
        #expect(try LeftBehind.existing(segments) == [])
        cluster.stop()
    }

    @Test func nothingIsLeftAfterAnErrorInTheMiddle() throws {
        var options = LocalClusterOptions()
        options.replicas = 1
        options.configuration = ["no_such_setting = 1"]
        let parent = try TemporaryParent()
        defer { parent.remove() }
        options.temporaryDirectory = parent.path
        #expect { try LocalCluster.start(options) } throws: { "\($0)".contains("no_such_setting") }
        #expect(try parent.clusters() == [])
        #expect(LeftBehind(directory: parent.path).processes == [])
    }

    @Test func startCanBeCalledOff() throws {
        let pipe = Pipe()
        var options = LocalClusterOptions()
        options.cancellation = pipe.fileHandleForReading.fileDescriptor
        let parent = try TemporaryParent()
        defer { parent.remove() }
        options.temporaryDirectory = parent.path
        #expect(throws: LocalClusterError.cancelled) {
            try LocalCluster.start(options) { step in
                guard step.hasPrefix("starting") else { return }
                #expect((try? parent.clusters())?.count == 1)
                pipe.fileHandleForWriting.write(Data([0]))
            }
        }
        #expect(try parent.clusters() == [])
        #expect(LeftBehind(directory: parent.path).processes == [])
    }
}
