/// What a throw-away cluster is to be like.
package struct LocalClusterOptions: Sendable {
    /// How users other than `postgres` log in over loopback. `postgres` itself, and replication, are always trusted.
    package enum Authentication: String, Sendable {
        case trust
        case scramSHA256 = "scram-sha-256"
        case md5
        case password
    }

    /// A role that may log in.
    package struct User: Sendable {
        package let name: String
        package let password: String

        package init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// Streaming replicas, named `replica_1` and so on.
    package var replicas = 2
    /// `max_connections` of every node.
    package var maxConnections = 300
    /// How clients other than `postgres` log in.
    package var authentication = Authentication.trust
    /// Roles besides `postgres` and `app` (whose password is `app`).
    package var users: [User] = []
    /// Lines of pg_hba.conf that stand before the cluster's own.
    package var hostBasedAuthentication: [String] = []
    /// `shared_preload_libraries` of every node; see `PostgresInstallation.hasLibrary`.
    package var sharedPreloadLibraries: [String] = []
    /// Extensions to create in database `app`.
    package var extensions: [String] = []
    /// Lines of postgresql.conf for every node, after the cluster's own and so above them.
    package var configuration: [String] = []
    /// Whether each replica streams through a physical replication slot of its own name.
    package var usesReplicationSlots = false
    /// The longest that the start, and afterwards anything that is waited for on a node, may take.
    package var timeout = Duration.seconds(60)
    /// The directory to make the cluster's own in; nil for TMPDIR. Where PostgreSQL's user can not use it, /tmp is
    /// taken.
    package var temporaryDirectory: String?
    /// A descriptor whose readability calls the start off with `LocalClusterError.cancelled`; -1 for none.
    package var cancellation: Int32 = -1

    package init() {}
}
