import Glibc

/// Takes a program's output apart into lines, so many and so long at most.
struct LineSplitter {
    private let length: Int
    private var remaining: Int
    private var line: [UInt8] = []

    init(limit: Int, length: Int) {
        remaining = limit
        self.length = length
    }

    /// Reads once.
    ///
    /// - Returns: false at the end.
    mutating func read(_ descriptor: Int32, _ log: (String) -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        for byte in buffer[..<count] {
            if byte == UInt8(ascii: "\n") {
                finish(log)
            } else if line.count < length {
                line.append(byte)
            }
        }
        return count > 0
    }

    /// Logs what has come since the last line's end.
    mutating func finish(_ log: (String) -> Void) {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty, remaining > 0 else { return }
        remaining -= 1
        log(String(decoding: line, as: UTF8.self))
        if remaining == 0 { log("… (what it prints from here on is not logged)") }
    }
}
