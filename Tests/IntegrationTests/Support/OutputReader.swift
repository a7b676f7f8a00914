import Foundation
import Synchronization

/// Collects what a process writes, on a thread of its own, until the process ends.
final class OutputReader: Sendable {
    private let collected = Mutex("")
    private let condition = NSCondition()

    /// Takes over the descriptor.
    init(_ descriptor: Int32) {
        Thread.detachNewThread { [self] in
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(descriptor, &chunk, chunk.count)
                if count <= 0 { break }
                let text = String(decoding: chunk[..<count], as: UTF8.self)
                condition.lock()
                collected.withLock { $0 += text }
                condition.broadcast()
                condition.unlock()
            }
            close(descriptor)
        }
    }

    var text: String { collected.withLock { $0 } }

    /// Waits for a text and gives what follows it on its line.
    func wait(forText text: String, timeout: TimeInterval = 60) throws -> Substring {
        let deadline = Date(timeIntervalSinceNow: timeout)
        condition.lock()
        defer { condition.unlock() }
        while true {
            let all = self.text
            if let range = all.range(of: text), let end = all[range.upperBound...].firstIndex(of: "\n") {
                return all[range.upperBound..<end]
            }
            guard condition.wait(until: deadline) else {
                throw HowdahProcess.Failure("no \"\(text)\" in the proxy's output: \(all)")
            }
        }
    }
}
