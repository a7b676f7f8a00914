/// Lines that wait to be written, as many bytes as `limit` allows; those for which there is no room are counted.
struct LogQueue {
    var limit: Int
    private var lines: [UInt8] = []
    /// Bytes that have been taken and are not written yet: they take up room, too.
    private var taken = 0
    /// Lines since `take` for which there was no room.
    private(set) var dropped = 0

    /// - Parameter limit: in bytes (`log_memory`).
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { lines.isEmpty && dropped == 0 }

    mutating func append(_ line: [UInt8]) {
        if lines.count + taken + line.count > limit {
            dropped += 1
        } else {
            lines += line
        }
    }

    /// All that waits, and how many lines were dropped behind it.
    mutating func take() -> (bytes: [UInt8], dropped: Int) {
        defer {
            taken = lines.count
            lines = []
            dropped = 0
        }
        return (lines, dropped)
    }

    /// What was taken is written, or given up.
    mutating func written() { taken = 0 }
}
