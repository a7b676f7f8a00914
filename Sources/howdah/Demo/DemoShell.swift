import CLinux
import Glibc
import LocalCluster

/// The command of `howdah demo --exec`, under `sh`.
struct DemoShell {
    private let process: pid_t
    private let hasOwnGroup: Bool

    /// Starts the command as the invoking user, with this process's standard descriptors.
    ///
    /// With a terminal as standard input it shares this process's group, so that it may read there (an interactive
    /// `psql`); else it leads one of its own, so that a signal passed on reaches all that it started.
    init(command: String, environment: [String]) throws {
        hasOwnGroup = isatty(STDIN_FILENO) == 0
        let launch = ChildLaunch(
            path: "/bin/sh",
            arguments: ["-c", command],
            environment: environment,
            placement: hasOwnGroup ? .ownGroup : .sameGroup
        )
        process = try launch.spawn()
    }

    /// Waits for the command's end, and passes on to it the signals that arrive meanwhile.
    ///
    /// - Returns: its exit status; 128 and the signal's number where a signal ended it.
    func wait(signals: borrowing DemoSignals) throws(DemoError) -> Int32 {
        let ending = howdah_process_descriptor(process)
        guard ending >= 0 else {
            // Too old a kernel to wait for both: the command's end is what counts.
            return waitForExit(process)
        }
        defer { close(ending) }
        var polled = [ending, signals.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            guard poll(&polled, nfds_t(polled.count), -1) >= 0 || errno == EINTR else {
                throw .system(call: "poll", code: errno)
            }
            if polled[1].revents != 0 { pass(on: try signals.take()) }
            if polled[0].revents != 0 { return waitForExit(process) }
            for index in polled.indices { polled[index].revents = 0 }
        }
    }

    private func pass(on arrival: DemoSignals.Arrival) {
        if hasOwnGroup {
            kill(-process, arrival.number)
        } else if !arrival.isFromTerminal {
            kill(process, arrival.number)
        }
    }
}

/// The environment of a demo's command.
///
/// - Parameters:
///   - inherited: the invoker's, as `NAME=value`.
///   - proxyPort: where Howdah listens.
///   - binaries: PostgreSQL's own programs, found last.
func demoEnvironment(inherited: [String], proxyPort: UInt16, nodes: [LocalNode], binaries: String) -> [String] {
    var values = ["PGHOST": "127.0.0.1", "PGPORT": "\(proxyPort)", "PGUSER": "app", "PGDATABASE": "app"]
    for node in nodes { values["HOWDAH_DEMO_\(node.name.uppercased())"] = node.uri }
    // These would lead a client elsewhere in spite of the above, or give it a password that is not this user's.
    let misleading: Set = ["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGPASSWORD", "PATH"]
    let kept = inherited.filter { entry in
        let name = String(entry.prefix { $0 != "=" })
        return values[name] == nil && !misleading.contains(name) && !name.hasPrefix("HOWDAH_DEMO_")
    }
    let path =
        inherited.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? "/usr/local/bin:/usr/bin:/bin"
    values["PATH"] = "\(path):\(binaries)"
    return kept + values.map { "\($0.key)=\($0.value)" }.sorted()
}
