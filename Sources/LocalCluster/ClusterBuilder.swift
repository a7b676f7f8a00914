import Glibc

/// Makes the nodes of a cluster in its directory and starts them.
///
/// The quickest way to replicas: the primary is made and filled while it does not run, each replica is a copy of its
/// files, and then all of them start at once. A copy of a server that was shut down cleanly needs no backup label
/// ("PostgreSQL documentation, 26.2"), and replays from the primary's very first record.
struct ClusterBuilder {
    let directory: String
    let installation: PostgresInstallation
    let account: ServerAccount
    let options: LocalClusterOptions
    let limit: WaitLimit
    let primary: LocalNode
    let replicas: [LocalNode]

    /// How many times new ports are tried where another program took one first.
    private static let portAttempts = 5

    var nodes: [LocalNode] { [primary] + replicas }

    init(
        directory: String,
        installation: PostgresInstallation,
        account: ServerAccount,
        options: LocalClusterOptions,
        limit: WaitLimit
    ) {
        self.directory = directory
        self.installation = installation
        self.account = account
        self.options = options
        self.limit = limit
        func node(_ name: String) -> LocalNode {
            LocalNode(
                name: name,
                port: 0,
                cluster: directory,
                installation: installation,
                account: account,
                options: options
            )
        }
        primary = node("primary")
        replicas = (0..<options.replicas).map { node("replica_\($0 + 1)") }
    }

    func build(step: (String) -> Void) throws(LocalClusterError) {
        step("initializing the primary (\(installation.binaries), as user \(account.name))")
        try initialize()
        step("creating user app and database app")
        try configure()
        try createObjects()
        if !replicas.isEmpty {
            step("copying the primary to \(replicas.count) \(replicas.count == 1 ? "replica" : "replicas")")
        }
        try copyToReplicas()
        step("starting \(nodes.count) \(nodes.count == 1 ? "server" : "servers")")
        try startAll()
        if !replicas.isEmpty { step("waiting for the replicas to stream") }
        try finish()
    }

    /// Character types by Unicode and order by bytes, where the C library knows that; else plain C.
    private static let locale: String = {
        guard let known = newlocale(1 << LC_CTYPE, "C.UTF-8", nil) else { return "C" }
        freelocale(known)
        return "C.UTF-8"
    }()

    private func initialize() throws(LocalClusterError) {
        _ = try run(
            installation.path("initdb"),
            [
                "--pgdata=\(primary.directory)", "--username=postgres", "--auth=trust", "--encoding=UTF8",
                "--locale=\(Self.locale)", "--no-sync", "--no-instructions",
            ]
        ).succeed(limit)
    }

    /// Ports are chosen anew at each call.
    private func configure() throws(LocalClusterError) {
        let ports = try LoopbackPort.free(nodes.count)
        try primary.configure(port: ports[0], streamingFrom: nil)
        for (replica, port) in zip(replicas, ports.dropFirst()) where access(replica.directory, F_OK) == 0 {
            try replica.configure(port: port, streamingFrom: primary)
        }
    }

    /// Single-user mode ("PostgreSQL documentation, postgres, Single-User Mode"): one statement a line, and errors
    /// are told by the text alone.
    private func createObjects() throws(LocalClusterError) {
        let users = [LocalClusterOptions.User(name: "app", password: "app")] + options.users
        var statements = users.map { "CREATE ROLE \(quote($0.name, "\"")) LOGIN PASSWORD \(quote($0.password, "'"))" }
        statements.append("CREATE DATABASE app OWNER app")
        if options.usesReplicationSlots {
            statements += replicas.map { "SELECT pg_create_physical_replication_slot('\($0.name)', true)" }
        }
        let server = try run(
            installation.path("postgres"),
            ["--single", "-D", primary.directory, "postgres"],
            input: statements.joined(separator: "\n") + "\n"
        )
        let result = try server.finish(limit)
        let failed = ["ERROR:", "FATAL:", "PANIC:"].contains { result.error.contains($0) }
        guard result.status == 0, !failed else {
            throw .programFailed(name: "postgres --single", status: result.status, output: result.error)
        }
    }

    private func copyToReplicas() throws(LocalClusterError) {
        var copies: [RunningProgram] = []
        for replica in replicas {
            copies.append(try run("/bin/cp", ["-a", "--reflink=auto", "primary", replica.name]))
        }
        for copy in copies { _ = try copy.succeed(limit) }
        if options.usesReplicationSlots {
            // A copied slot would hold back the replica's own WAL for ever.
            for replica in replicas {
                _ = try run("/bin/sh", ["-c", "rm -rf \(replica.name)/pg_replslot/*"]).succeed(limit)
            }
        }
        try configure()
    }

    private func startAll() throws(LocalClusterError) {
        for attempt in 1... {
            do throws(LocalClusterError) {
                var logged: [Int] = []
                for node in nodes { logged.append(try node.launch()) }
                for (node, length) in zip(nodes, logged) { try node.waitUntilReady(limit, logged: length) }
                return
            } catch {
                guard case .nodeFailed(_, let log) = error, log.contains("Address already in use"),
                    attempt < Self.portAttempts
                else { throw error }
                for node in nodes where node.postmaster != nil { try node.stop(.immediate) }
                try configure()
            }
        }
    }

    private func finish() throws(LocalClusterError) {
        let extensions = options.extensions.map { "CREATE EXTENSION IF NOT EXISTS \(quote($0, "\""));" }
        if !extensions.isEmpty {
            _ = try primary.sql(extensions.joined(separator: "\n"), database: "app", user: "postgres", limit: limit)
        }
        guard !replicas.isEmpty else { return }
        try primary.wait(
            for: "\(replicas.count) = (SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming')",
            subject: "the replicas to stream",
            limit: limit
        )
    }

    private func run(
        _ path: String,
        _ arguments: [String],
        input: String = ""
    ) throws(LocalClusterError) -> RunningProgram {
        try RunningProgram(path: path, arguments: arguments, input: input, directory: directory, account: account)
    }
}

private func quote(_ text: String, _ mark: Character) -> String {
    "\(mark)" + text.map { $0 == mark ? "\(mark)\(mark)" : "\($0)" }.joined() + "\(mark)"
}
