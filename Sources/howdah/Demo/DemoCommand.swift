import Glibc
import LocalCluster

/// Runs `howdah demo` to its end.
///
/// Call it before any other thread is started: the signals that it waits for are blocked from here on.
///
/// - Parameters:
///   - arguments: what follows `howdah demo`.
///   - startProxy: starts the proxy in front of the nodes, each `host=127.0.0.1 port=N`, with trust authentication on
///     the given port of 127.0.0.1 (0: any free one).
/// - Returns: the exit status: the command's with `--exec`, 0 after Ctrl-C, 2 for wrong arguments, 1 when something
///   failed, and 128 and the signal's number when a signal came before all was up.
func runDemo(
    arguments: [String],
    startProxy: (_ nodes: [String], _ port: UInt16) throws -> any RunningProxy
) -> Int32 {
    switch DemoArguments.parse(arguments) {
    case .help:
        write(DemoArguments.usage, to: STDOUT_FILENO)
        return 0
    case .wrong(let complaint):
        write("howdah demo: \(complaint)\n\n\(DemoArguments.usage)", to: STDERR_FILENO)
        return 2
    case .demo(let arguments):
        // Whoever reads the progress may go before the end.
        signal(SIGPIPE, SIG_IGN)
        do {
            let signals = try DemoSignals.block()
            do {
                return try runDemo(arguments, signals: signals, startProxy: startProxy)
            } catch let error as LocalClusterError where error == .cancelled {
                progress("interrupted; nothing is left behind")
                return 128 + (try signals.take().number)
            }
        } catch {
            write("howdah demo: \(error)\n", to: STDERR_FILENO)
            return 1
        }
    }
}

private func runDemo(
    _ arguments: DemoArguments,
    signals: borrowing DemoSignals,
    startProxy: (_ nodes: [String], _ port: UInt16) throws -> any RunningProxy
) throws -> Int32 {
    var options = LocalClusterOptions()
    options.replicas = arguments.replicas
    options.configuration = arguments.nodeSettings
    options.cancellation = signals.descriptor
    let cluster = try LocalCluster.start(options) { progress($0) }
    defer {
        progress("stopping, and removing \(cluster.directory)")
        cluster.stop()
    }
    progress("PostgreSQL is up after \(seconds(cluster.startTime)); starting Howdah")
    let proxy = try startProxy(cluster.nodes.map { "host=127.0.0.1 port=\($0.port)" }, arguments.port)
    defer { proxy.stop() }

    guard let command = arguments.command else {
        write(invitation(cluster: cluster, port: proxy.port), to: STDOUT_FILENO)
        // The second time that Ctrl-C is pressed is no reason to leave anything behind either.
        _ = try signals.take()
        return 0
    }
    progress("Howdah listens on 127.0.0.1:\(proxy.port); running: \(command)")
    let shell = try DemoShell(
        command: command,
        environment: demoEnvironment(
            inherited: currentEnvironment(),
            proxyPort: proxy.port,
            nodes: cluster.nodes,
            binaries: cluster.installation.binaries
        )
    )
    return try shell.wait(signals: signals)
}

/// What a reader does next, as commands to paste.
private func invitation(cluster: LocalCluster, port: UInt16) -> String {
    let uri = "postgresql://app@127.0.0.1:\(port)/app"
    let nodes = cluster.nodes.map { "  \($0.name): \($0.uri)" }.joined(separator: "\n")
    return """

        Howdah is in front of a primary and \(cluster.replicas.count == 1 ? "1 replica" : "\(cluster.replicas.count) replicas"):

          \(uri)

        Try, in another terminal:

          psql \(uri) -c "SELECT current_setting('cluster_name') AS answered_by"
          psql \(uri) -c "EXPLAIN ROUTE SELECT now()"
          pgbench -i -q \(uri) && pgbench -n -S -M prepared -c 8 -T 10 \(uri)

        The nodes themselves, past Howdah, as superuser:

        \(nodes)

        Ctrl-C ends the demo and removes everything.


        """
}

private func progress(_ line: String) {
    write("howdah demo: \(line)\n", to: STDERR_FILENO)
}

private func seconds(_ duration: Duration) -> String {
    let tenths = Int((duration / .milliseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
}

private func currentEnvironment() -> [String] {
    var entries: [String] = []
    var next = environ
    while let entry = next.pointee {
        entries.append(String(cString: entry))
        next += 1
    }
    return entries
}

/// Writes to a standard descriptor; a reader who has gone is no error.
func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

/// A proxy that takes clients, as the demo needs it.
protocol RunningProxy {
    /// The port on 127.0.0.1 that it listens on.
    var port: UInt16 { get }
    /// Ends it; returns when its clients are disconnected and its port is free.
    func stop()
}
