import Foundation

/// A running `LocalClusterHolder`: a process that owns a cluster and tells of it on its standard output.
final class Holder {
    let process = Process()
    let input = Pipe()
    private let output = Pipe()

    init(environment: [String: String] = [:]) throws {
        let builds = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        process.executableURL = builds.appendingPathComponent("LocalClusterHolder")
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Reads lines until one starts with `last`, and hands out what follows `key: ` on the line that has it.
    func value(of key: String, until last: String) -> String? {
        var value: String?
        while let line = readLine() {
            if line.hasPrefix("\(key): ") { value = String(line.dropFirst(key.count + 2)) }
            if line.hasPrefix(last) { return value }
        }
        return nil
    }

    private func readLine() -> String? {
        var bytes: [UInt8] = []
        while let byte = output.fileHandleForReading.readData(ofLength: 1).first {
            if byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
