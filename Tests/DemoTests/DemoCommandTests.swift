import Foundation
import Synchronization
import Testing

@testable import howdah

/// `howdah demo` with a stand-in for the proxy: the primary itself.
@Suite(.serialized)
struct DemoCommandTests {
    private struct ProxyFailure: Error {}

    /// Clients of this proxy are the primary's.
    private final class PrimaryAsProxy: RunningProxy {
        let port: UInt16
        let isStopped = Mutex(false)

        init(nodes: [String]) {
            port = UInt16(nodes[0].split(separator: "=").last!)!
        }

        func stop() { isStopped.withLock { $0 = true } }
    }

    @Test func wrongArgumentsEndWithStatusTwo() {
        let status = runDemo(arguments: ["--port", "x"]) { _, _ in throw ProxyFailure() }
        #expect(status == 2)
    }

    @Test func theCommandSeesTheProxyAndTheNodesAndGivesTheStatus() throws {
        let output = try TemporaryFile()
        defer { output.remove() }
        var proxy: PrimaryAsProxy?
        var given: [String] = []
        let command = """
            exec > '\(output.path)'
            psql -XAtc 'SELECT current_user, current_database(), inet_server_port() = '"$PGPORT" || exit 1
            for node in $HOWDAH_DEMO_PRIMARY $HOWDAH_DEMO_REPLICA_1; do
                psql -XAtc 'SELECT current_user, current_database(), pg_is_in_recovery()' "$node" || exit 1
            done
            psql -XAtc 'SHOW data_directory' "$HOWDAH_DEMO_PRIMARY"
            echo "${HOWDAH_DEMO_REPLICA_2-none} ${PGHOSTADDR-none}"
            psql -XAtc 'SHOW max_prepared_transactions' "$HOWDAH_DEMO_REPLICA_1"
            exit 7
            """
        let arguments = ["--port", "0", "--replicas", "1", "--node-setting", "max_prepared_transactions = 7"]
        let status = runDemo(arguments: arguments + ["--exec", command]) { nodes, port in
            #expect(port == 0)
            given = nodes
            let started = PrimaryAsProxy(nodes: nodes)
            proxy = started
            return started
        }
        #expect(status == 7)
        #expect(given.count == 2)
        #expect(given.allSatisfy { $0.hasPrefix("host=127.0.0.1 port=") })
        #expect(proxy?.isStopped.withLock { $0 } == true)
        let lines = try output.lines()
        try #require(lines.count == 6, "\(lines)")
        #expect(lines[0] == "app|app|t")
        #expect(lines[1] == "postgres|app|f")
        #expect(lines[2] == "postgres|app|t")
        #expect(!FileManager.default.fileExists(atPath: lines[3]))
        #expect(lines[4] == "none none")
        #expect(lines[5] == "7")
    }

    /// It has no file: the environment and the nodes are read again, and are as they were.
    @Test func settingsCanBeReadAgain() throws {
        let output = try TemporaryFile()
        defer { output.remove() }
        let command = """
            exec > '\(output.path)' 2>&1
            psql -XAtd howdah -c RELOAD -c 'SHOW NODES' | cut -d'|' -f3,4
            psql -XAtc 'SELECT 1'
            """
        let status = runDemo(arguments: ["--port", "0", "--replicas", "0", "--exec", command]) { nodes, port in
            try DemoProxy(nodes: nodes, port: port)
        }
        #expect(status == 0)
        #expect(try output.lines() == ["RELOAD", "primary|up", "1"])
    }

    @Test func aProxyThatDoesNotStartLeavesNothing() throws {
        var directory = ""
        let status = runDemo(arguments: ["--replicas", "0"]) { nodes, port in
            #expect(port == 6432)
            directory = try self.ask("SHOW data_directory", of: nodes[0])
            throw ProxyFailure()
        }
        #expect(status == 1)
        #expect(directory.hasSuffix("/primary"))
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    private func ask(_ statement: String, of node: String) throws -> String {
        let psql = Process()
        let output = Pipe()
        psql.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        psql.arguments = ["psql", "-XAtc", statement, "\(node) user=postgres dbname=app"]
        psql.standardOutput = output
        try psql.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        psql.waitUntilExit()
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func anInterruptIsPassedOnToTheCommand() throws {
        let output = try TemporaryFile()
        defer { output.remove() }
        let command = """
            exec > '\(output.path)'
            trap 'kill $!; echo interrupted; exit 9' INT
            sleep 1000 &
            echo ready > '\(output.fifo)'
            wait
            """
        let demo = Mutex<(thread: pthread_t?, status: Int32?)>((nil, nil))
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let status = runDemo(arguments: ["--port", "0", "--replicas", "0", "--exec", command]) { nodes, _ in
                demo.withLock { $0.thread = pthread_self() }
                return PrimaryAsProxy(nodes: nodes)
            }
            demo.withLock { $0.status = status }
            ended.signal()
        }
        #expect(output.readFIFO() == "ready\n")
        // To the demo's own thread, because other threads of a test process do not block the signal.
        let thread = try #require(demo.withLock { $0.thread })
        #expect(pthread_kill(thread, SIGINT) == 0)
        ended.wait()
        #expect(demo.withLock { $0.status } == 9)
        #expect(try output.lines() == ["interrupted"])
    }
}
