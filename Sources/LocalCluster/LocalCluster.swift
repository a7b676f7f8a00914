import Glibc

/// A throw-away PostgreSQL primary with streaming replicas, made from the installed binaries.
///
/// It lives in a directory of its own under TMPDIR, on free ports of 127.0.0.1, and is gone without a trace after
/// `stop`, when the last reference to it goes, or when this process ends, however it ends. Superuser `postgres` may log
/// in from this machine without a password; user `app` (password `app`) owns database `app`. No data is safe here:
/// nothing is flushed to disk.
package final class LocalCluster: Sendable {
    /// The node that was the primary at the start.
    package let primary: LocalNode
    /// The nodes that were replicas at the start.
    package let replicas: [LocalNode]
    /// The binaries that the cluster runs.
    package let installation: PostgresInstallation
    /// How long the start took.
    package let startTime: Duration

    private let supervisor: ClusterSupervisor
    private let options: LocalClusterOptions

    /// All nodes, the first primary first.
    package var nodes: [LocalNode] { [primary] + replicas }

    /// The directory that holds all of the cluster.
    package var directory: String { supervisor.directory }

    /// The name of the user that PostgreSQL runs as.
    package var account: String { primary.account.name }

    /// Makes and starts a cluster, and waits until every replica streams.
    ///
    /// - Parameter step: called, on the calling thread, with what is about to be done.
    /// - Throws: `LocalClusterError`; nothing is left behind then.
    package static func start(
        _ options: LocalClusterOptions = LocalClusterOptions(),
        step: (String) -> Void = { _ in }
    ) throws(LocalClusterError) -> LocalCluster {
        let began = ContinuousClock.now
        let limit = WaitLimit(options.timeout, cancellation: options.cancellation)
        let installation = try PostgresInstallation.find()
        let account = try ServerAccount.choose()
        let supervisor = try ClusterSupervisor.start(
            under: options.temporaryDirectory ?? environmentVariable("TMPDIR"),
            account: account,
            limit: limit
        )
        let builder = ClusterBuilder(
            directory: supervisor.directory,
            installation: installation,
            account: account,
            options: options,
            limit: limit
        )
        do throws(LocalClusterError) {
            try builder.build(step: step)
        } catch {
            supervisor.finish()
            builder.nodes.forEach { $0.reap() }
            throw error
        }
        return LocalCluster(builder: builder, supervisor: supervisor, startTime: .now - began)
    }

    private init(builder: ClusterBuilder, supervisor: ClusterSupervisor, startTime: Duration) {
        primary = builder.primary
        replicas = builder.replicas
        installation = builder.installation
        options = builder.options
        self.supervisor = supervisor
        self.startTime = startTime
    }

    deinit { stop() }

    /// Ends every process of the cluster and removes its directory; returns when both are done.
    package func stop() {
        supervisor.finish()
        nodes.forEach { $0.reap() }
    }

    /// Waits until every running replica has replayed all that the primary has written by now.
    ///
    /// - Parameter primary: the node that is primary now, where it is not the first any more.
    package func waitForReplication(from primary: LocalNode? = nil) throws(LocalClusterError) {
        let primary = primary ?? self.primary
        let position = try primary.sql("SELECT pg_current_wal_insert_lsn()")
        for replica in nodes where replica !== primary && replica.postmaster != nil {
            try replica.wait(
                for: "pg_last_wal_replay_lsn() >= '\(position)'",
                subject: "\(replica.name) to replay \(position)"
            )
        }
    }
}
