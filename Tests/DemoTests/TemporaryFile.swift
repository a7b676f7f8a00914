import Foundation

/// A file for a command's output, with a FIFO beside it for its word that it is ready.
struct TemporaryFile {
    let path: String
    var fifo: String { path + ".fifo" }

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/demo-test-\(UUID().uuidString)"
        guard mkfifo(path + ".fifo", 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    /// What the command has written.
    func lines() throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// What the command writes into the FIFO; opening waits for the command to open the other end.
    func readFIFO() -> String {
        let descriptor = open(fifo, O_RDONLY | O_CLOEXEC)
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: fifo)
    }
}
