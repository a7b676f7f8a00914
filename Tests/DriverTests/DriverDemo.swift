import Foundation
import Glibc
import Testing

/// Runs commands under `howdah demo --exec`, with the binary and the Python that `make test` has made.
struct DriverDemo {
    /// Thrown where something is missing that the tests need.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// A directory for what a command makes.
    let directory: String
    private let howdah: String

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    init() throws {
        howdah = try Self.find(
            "HOWDAH_TEST_BINARY",
            or: ".build/release/howdah",
            hint: "`make test` builds it; so does `swift build -c release --product howdah`"
        )
        directory = FileManager.default.temporaryDirectory.path + "/driver-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The Python that has the drivers of requirements.txt.
    static func python() throws -> String {
        try find(
            "HOWDAH_TEST_PYTHON",
            or: ".build/venv/bin/python",
            hint: "`make test` makes it, with the drivers in it"
        )
    }

    private static func find(_ variable: String, or path: String, hint: String) throws -> String {
        let given = ProcessInfo.processInfo.environment[variable]
        let found = given ?? "\(root)/\(path)"
        guard FileManager.default.isExecutableFile(atPath: found) else {
            throw Missing(description: "\(found) is missing: \(hint), or \(variable) names another")
        }
        return found
    }

    /// The path of a script or program of Tests/Drivers.
    func source(_ name: String) -> String { "\(Self.root)/Tests/Drivers/\(name)" }

    /// As one word of the shell.
    static func quoted(_ word: String) -> String { "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'" }

    /// Runs the command against a cluster of its own, until it ends.
    ///
    /// - Returns: its status, and all that it and the demo wrote.
    func run(
        _ command: String,
        _ settings: [String: String] = [:]
    ) throws -> (status: Int32, output: String) {
        // Output goes to a file: whatever outlives the command cannot keep a reader waiting.
        let path = directory + "/output"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let demo = Process()
        demo.executableURL = URL(fileURLWithPath: howdah)
        // timeout(1) ends what hangs, so that the demo still cleans up and the output tells how far it came. What is
        // only slow, on a busy machine, never meets it.
        demo.arguments = ["demo", "--port", "0", "--exec", "timeout 900 sh -c \(Self.quoted(command))"]
        // Scripts tell where their reads run: however busy the machine is, they are to wait for a replica.
        let patience = ["HOWDAH_FRESHNESS_WAIT": "30s"]
        demo.environment = ProcessInfo.processInfo.environment.merging(patience) { own, _ in own }
            .merging(settings) { $1 }
        demo.standardInput = FileHandle.nullDevice
        demo.standardOutput = output
        demo.standardError = output
        try demo.run()
        demo.waitUntilExit()
        try output.close()
        return (demo.terminationStatus, try String(contentsOfFile: path, encoding: .utf8))
    }
}
