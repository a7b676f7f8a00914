import Foundation
import Synchronization

@testable import LocalCluster

/// `howdah run` as a process of its own, on a free port of 127.0.0.1, that ends with this object or this process,
/// whichever ends first.
final class HowdahProcess: Sendable {
    let processID: pid_t
    let port: UInt16
    private let keeper: pid_t
    private let end: Mutex<End>
    private let reader: OutputReader

    /// The binary: `HOWDAH_TEST_BINARY`, or the one of the release build.
    static var binary: String {
        if let chosen = ProcessInfo.processInfo.environment["HOWDAH_TEST_BINARY"] { return chosen }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.appendingPathComponent(".build/release/howdah").path
    }

    /// The proxy runs beside a shell that kills it when its own standard input ends: that is when this process is gone,
    /// however that came about.
    private static let keeperScript = """
        "$@" </dev/null & child=$!
        echo "process $child"
        cat >/dev/null
        kill -KILL $child 2>/dev/null
        wait $child 2>/dev/null
        exit $?
        """

    /// Starts a proxy in front of these nodes, and waits until it listens.
    /// - Parameter settings: of `[proxy]`, by their names.
    convenience init(_ cluster: LocalCluster, _ settings: [String: String] = [:]) throws {
        try self.init(nodes: cluster.nodes.map(\.port), settings)
    }

    convenience init(nodes: [UInt16], _ settings: [String: String] = [:]) throws {
        try self.init(arguments: nodes.flatMap { ["--node", "host=127.0.0.1 port=\($0)"] }, settings)
    }

    /// Starts a proxy in front of nodes with names of their own.
    convenience init(named nodes: [(name: String, port: UInt16)], _ settings: [String: String] = [:]) throws {
        let text = nodes.map { "[node \($0.name)]\nhost = 127.0.0.1\nport = \($0.port)\n" }.joined()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("howdah-\(UUID().uuidString).conf")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        try self.init(arguments: ["-c", file.path], settings)
    }

    /// Starts a proxy that takes nothing but what this file says: `listen_addresses = 127.0.0.1` and `listen_port = 0`
    /// must be in it.
    convenience init(configuration file: String) throws { try self.init(arguments: ["-c", file], variables: []) }

    private convenience init(arguments: [String], _ settings: [String: String]) throws {
        var all = [
            "listen_addresses": "127.0.0.1", "listen_port": "0", "auth_type": "trust", "monitor_user": "postgres",
            // A node that is slow because the machine is busy is not gone.
            "node_check_timeout": "60s",
        ]
        all.merge(settings) { $1 }
        try self.init(arguments: arguments, variables: all.map { "HOWDAH_\($0.key.uppercased())=\($0.value)" })
    }

    private init(arguments: [String], variables: [String]) throws {
        guard access(Self.binary, X_OK) == 0 else {
            throw Failure("no \(Self.binary): run `make build`, or set HOWDAH_TEST_BINARY")
        }
        let environment = variables + ["PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"]
        let pipe = try makePipe()
        let feed = try makePipe()
        var launch = ChildLaunch(
            path: "/bin/sh",
            arguments: ["-c", Self.keeperScript, "sh", Self.binary, "run"] + arguments,
            environment: environment
        )
        launch.input = feed.reader
        launch.output = .descriptors(output: pipe.writer, error: pipe.writer)
        let keeper = try launch.spawn()
        Glibc.close(pipe.writer)
        Glibc.close(feed.reader)
        let reader = OutputReader(pipe.reader)
        self.keeper = keeper
        self.reader = reader
        end = Mutex(.running(feed.writer))
        do {
            let process = try reader.wait(forText: "process ")
            processID = pid_t(process.prefix { $0.isNumber }) ?? -1
            let address = try reader.wait(forText: "listening on ")
            let digits = address.drop { $0 != ":" }.dropFirst().prefix { $0.isNumber }
            port = UInt16(digits) ?? 0
            guard port != 0, processID > 0 else { throw Failure("no port in: \(address)") }
        } catch {
            Glibc.close(feed.writer)
            _ = waitForExit(keeper)
            throw error
        }
    }

    deinit { stop() }

    /// Kills the proxy and waits for its end.
    /// - Returns: false where it had ended before, and so had crashed.
    @discardableResult
    func stop() -> Bool {
        end.withLock { end in
            switch end {
            case .running(let input):
                Glibc.close(input)
                let wasRunning = waitForExit(keeper) == 128 + SIGKILL
                end = .ended(wasRunning: wasRunning)
                return wasRunning
            case .ended(let wasRunning): return wasRunning
            }
        }
    }

    private enum End {
        /// With the descriptor whose closing ends the proxy.
        case running(Int32)
        case ended(wasRunning: Bool)
    }

    /// All that the proxy has logged.
    var log: String { reader.text }

    /// Whether the process is still there.
    var isRunning: Bool { FileManager.default.fileExists(atPath: "/proc/\(processID)/exe") }

    /// Resident memory in kilobytes.
    var residentMemory: Int { status("VmRSS") }
    /// The most that resident memory has been.
    var peakMemory: Int { status("VmHWM") }

    private func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
