import Glibc
import Synchronization

/// One PostgreSQL server of a `LocalCluster`.
///
/// Its methods may be called from any thread; each blocks until what it says is so, for `LocalClusterOptions.timeout`
/// at most, and starts, stops and kills of one node come one after the other.
package final class LocalNode: Sendable {
    /// How a server is shut down ("PostgreSQL documentation, 19.5").
    package enum StopMode: Sendable {
        /// Waits for the clients to leave.
        case smart
        /// Disconnects the clients, rolls back and writes a checkpoint.
        case fast
        /// Ends at once, with recovery at the next start.
        case immediate

        fileprivate var signal: Int32 {
            switch self {
            case .smart: SIGTERM
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        }
    }

    /// `primary`, or `replica_1` and so on: what the node was at the start. Also its cluster_name and application_name.
    package let name: String
    /// The data directory.
    package let directory: String
    /// The directory of the Unix-domain socket, shared by the cluster's nodes.
    package let socketDirectory: String
    /// The server's log.
    package let log: String

    let installation: PostgresInstallation
    let account: ServerAccount
    let options: LocalClusterOptions
    private let listening: Mutex<UInt16>
    private let state = Mutex(State.stopped)

    private enum State {
        case stopped
        case running(ServerProcess)
    }

    init(
        name: String,
        port: UInt16,
        cluster directory: String,
        installation: PostgresInstallation,
        account: ServerAccount,
        options: LocalClusterOptions
    ) {
        self.name = name
        self.directory = "\(directory)/\(name)"
        socketDirectory = directory
        log = "\(directory)/\(name).log"
        listening = Mutex(port)
        self.installation = installation
        self.account = account
        self.options = options
    }

    /// The port on 127.0.0.1; the same for the node's whole life.
    package var port: UInt16 { listening.withLock { $0 } }

    /// The superuser's URI for database `app`.
    package var uri: String { "postgresql://postgres@127.0.0.1:\(port)/app" }

    /// The superuser's libpq connection string for database `app`.
    package var conninfo: String { "host=127.0.0.1 port=\(port) user=postgres dbname=app" }

    /// The postmaster's process id; nil while the node is stopped.
    package var postmaster: pid_t? {
        state.withLock { state in
            switch state {
            case .stopped: nil
            case .running(let server): server.postmaster
            }
        }
    }

    // MARK: Start and end

    /// Starts the stopped node and waits until it takes connections.
    package func start() throws(LocalClusterError) {
        let logged = try launch()
        try waitUntilReady(WaitLimit(options.timeout), logged: logged)
    }

    /// Shuts the node down and waits until the last of its processes has ended.
    package func stop(_ mode: StopMode = .fast) throws(LocalClusterError) {
        try end(with: mode.signal)
    }

    /// Ends the postmaster with SIGKILL and waits until the processes that it leaves have noticed and ended too.
    ///
    /// Its data directory is left as a crash leaves it; `start` recovers it.
    package func kill() throws(LocalClusterError) {
        try end(with: SIGKILL)
    }

    /// Stops and starts the node.
    package func restart(_ mode: StopMode = .fast) throws(LocalClusterError) {
        try stop(mode)
        try start()
    }

    /// Sends a signal, such as SIGSTOP, to the postmaster alone, and does not wait for what comes of it.
    package func signal(_ number: Int32) throws(LocalClusterError) {
        guard let postmaster else { throw .notRunning(node: name) }
        guard Glibc.kill(postmaster, number) == 0 else { throw .system(call: "kill", code: errno) }
    }

    /// Starts the postmaster without waiting for it.
    ///
    /// - Returns: the length of the log before.
    func launch() throws(LocalClusterError) -> Int {
        let (installation, directory, log, account) = (installation, directory, log, account)
        let logged = fileSize(log)
        let failure = state.withLock { state -> LocalClusterError? in
            guard case .stopped = state else { return .alreadyRunning(node: name) }
            do throws(LocalClusterError) {
                state = .running(
                    try .start(installation: installation, dataDirectory: directory, log: log, account: account)
                )
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        return logged
    }

    /// Waits until the launched server takes connections: a primary any, a replica those of readers.
    ///
    /// - Parameter logged: where this start's part of the log begins.
    func waitUntilReady(_ limit: WaitLimit, logged: Int) throws(LocalClusterError) {
        while true {
            let server = state.withLock { state -> ServerProcess? in
                guard case .running(let server) = state else { return nil }
                return server
            }
            guard let server else { throw .notRunning(node: name) }
            // The server writes its status into a file for pg_ctl; the wait is for its end, interrupted to look there.
            if try server.waitForEnd(limit, tick: 5, of: "\(name) to take connections") {
                forget(server)
                throw .nodeFailed(node: name, log: readFile(log, from: logged) ?? "(no log)")
            }
            if isReady(server.postmaster) { return }
        }
    }

    /// Frees what is kept of a server that the cluster's supervisor has ended.
    func reap() {
        state.withLock { state in
            guard case .running(let server) = state else { return }
            state = .stopped
            server.reap()
        }
    }

    private func forget(_ ended: ServerProcess) {
        state.withLock { state in
            guard case .running(let server) = state, server.postmaster == ended.postmaster else { return }
            state = .stopped
            server.reap()
        }
    }

    private func end(with signal: Int32) throws(LocalClusterError) {
        let (name, limit) = (name, WaitLimit(options.timeout))
        let failure = state.withLock { state -> LocalClusterError? in
            guard case .running(let server) = state else { return .notRunning(node: name) }
            // It may have ended by itself, which is what is wanted; it is not yet waited for, so the number is its own.
            _ = Glibc.kill(server.postmaster, signal)
            do throws(LocalClusterError) {
                _ = try server.waitForEnd(limit, of: name)
            } catch {
                return error
            }
            state = .stopped
            server.reap()
            return nil
        }
        if let failure { throw failure }
    }

    /// The eighth line of postmaster.pid says `ready` once the postmaster named in the first takes connections.
    private func isReady(_ postmaster: pid_t) -> Bool {
        guard let text = readFile("\(directory)/postmaster.pid") else { return false }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 7 && lines[0] == "\(postmaster)" && lines[7].hasPrefix("ready")
    }

    // MARK: Configuration

    /// Adds lines to postgresql.conf, where later lines win. `reload` or `restart` makes them count.
    package func appendConfiguration(_ lines: [String]) throws(LocalClusterError) {
        let text = lines.joined(separator: "\n") + "\n"
        try writeFile("\(directory)/postgresql.conf", text, mode: .append, account: account)
    }

    /// Has the server read its configuration files again; does not wait until every session has.
    package func reload() throws(LocalClusterError) {
        try signal(SIGHUP)
    }

    /// Writes the node's configuration files from nothing.
    ///
    /// - Parameter primary: the node to stream from; nil for a primary.
    func configure(port: UInt16, streamingFrom primary: LocalNode?) throws(LocalClusterError) {
        listening.withLock { $0 = port }
        let files = configuration
        let stream = primary.map { files.streaming(from: $0.port) } ?? ""
        try write("postgresql.conf", files.main + stream)
        try write("pg_hba.conf", files.hostBasedAuthentication)
        if primary != nil { try write("standby.signal", "") }
    }

    /// Has this node stream from `primary` from now on: a running replica at once, a stopped node when it starts.
    package func follow(_ primary: LocalNode) throws(LocalClusterError) {
        try appendConfiguration([configuration.streaming(from: primary.port)])
        switch postmaster {
        case .some: try reload()
        case .none: try write("standby.signal", "")
        }
    }

    private var configuration: NodeConfiguration {
        NodeConfiguration(name: name, port: port, socketDirectory: socketDirectory, options: options)
    }

    private func write(_ file: String, _ text: String) throws(LocalClusterError) {
        try writeFile("\(directory)/\(file)", text, mode: .replace, account: account)
    }
}

private func fileSize(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
}
