import Configuration
import Dispatch
import EventIO
import Glibc
import MonotonicTime
import Synchronization

/// Lines on standard error: time, level, text. What clients can influence is escaped, so that one event is one line.
///
/// Whoever writes never waits for the reader: lines go through a queue of `log_memory` bytes to a thread of their own.
/// When that is full they are dropped, and their number is told. Lines that come again and again are summed up.
final class Log: Sendable {
    private struct Waiting {
        var level: LogLevel
        var queue: LogQueue
        var repeated: RepeatedLines
        /// `pass` has been asked for and has not ended.
        var isPassing = false
        /// When `tell` has been asked for.
        var wakeAt = UInt64.max
    }

    /// Bytes of text beyond which a line is cut off.
    static let longestText = 4 << 10

    private let descriptor: Int32
    private let waiting: Mutex<Waiting>
    /// Without a target, so that it may wait for the reader without holding a thread that others share.
    private let thread = DispatchQueue(label: "howdah.log")

    /// - Parameters:
    ///   - memory: bytes of lines that may wait to be written (`log_memory`).
    ///   - interval: in which lines of one kind are summed up (`log_repeat_interval`).
    ///   - descriptor: stays the caller's.
    init(level: LogLevel, memory: Int, interval: Duration, descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
        waiting = Mutex(
            Waiting(
                level: level,
                queue: LogQueue(limit: memory),
                repeated: RepeatedLines(interval: Self.microseconds(interval))
            )
        )
    }

    private static func microseconds(_ interval: Duration) -> UInt64 { UInt64(max(0, interval.wholeMicroseconds)) }

    convenience init(_ proxy: ProxySettings) {
        self.init(level: proxy.logLevel, memory: proxy.logMemory, interval: proxy.logRepeatInterval ?? .zero)
    }

    /// Other settings hold for lines that are written from now on. What is being summed up is told, where the interval
    /// is another.
    func reconfigure(_ proxy: ProxySettings) {
        waiting.withLock { waiting in
            waiting.level = proxy.logLevel
            waiting.queue.limit = proxy.logMemory
            let interval = Self.microseconds(proxy.logRepeatInterval ?? .zero)
            if interval == waiting.repeated.interval { return }
            tellSummedUp(&waiting, at: .max - waiting.repeated.interval)
            waiting.repeated = RepeatedLines(interval: interval)
            startPassing(&waiting)
        }
    }

    /// Writes a line, from any thread; never waits.
    /// - Parameter kind: what makes lines of one kind, which are summed up. Nil: of warnings and errors the text
    ///   itself; other lines are all written.
    func write(_ level: LogLevel, _ text: String, kind: String? = nil) {
        let kind = kind ?? (level >= .warning ? text : nil)
        let now = MonotonicClock.now
        waiting.withLock { waiting in
            guard level >= waiting.level else { return }
            if let kind {
                let (isWritten, early) = waiting.repeated.admit("\(level) \(kind)", level, text, at: now)
                if let early { waiting.queue.append(Self.line(early, waiting.repeated.interval)) }
                if isWritten { waiting.queue.append(Self.line(level, text)) }
                follow(&waiting)
            } else {
                waiting.queue.append(Self.line(level, text))
            }
            startPassing(&waiting)
        }
    }

    /// Writes a line that is the answer to somebody, and so is never summed up.
    func answer(_ level: LogLevel, _ text: String) {
        waiting.withLock { waiting in
            guard level >= waiting.level else { return }
            waiting.queue.append(Self.line(level, text))
            startPassing(&waiting)
        }
    }

    /// Waits until all that has been written so far has left, so long at most; what is being summed up is told.
    func flush(within limit: Duration) {
        waiting.withLock { waiting in
            tellSummedUp(&waiting, at: .max - waiting.repeated.interval)
            startPassing(&waiting)
        }
        let done = DispatchSemaphore(value: 0)
        thread.async { done.signal() }
        _ = done.wait(timeout: .now() + .microseconds(Int(limit.wholeMicroseconds)))
    }

    // MARK: The thread

    private func startPassing(_ waiting: inout Waiting) {
        if waiting.isPassing || waiting.queue.isEmpty { return }
        waiting.isPassing = true
        thread.async { self.pass() }
    }

    /// Has `tell` called when the first summary is due.
    private func follow(_ waiting: inout Waiting) {
        guard let due = waiting.repeated.nextDue, due < waiting.wakeAt else { return }
        waiting.wakeAt = due
        let now = MonotonicClock.now
        thread.asyncAfter(deadline: .now() + .microseconds(due > now ? Int(due - now) : 0)) { self.tell() }
    }

    private func tell() {
        waiting.withLock { waiting in
            waiting.wakeAt = .max
            tellSummedUp(&waiting, at: MonotonicClock.now)
            follow(&waiting)
            startPassing(&waiting)
        }
    }

    private func tellSummedUp(_ waiting: inout Waiting, at now: UInt64) {
        for summary in waiting.repeated.takeDue(at: now) {
            waiting.queue.append(Self.line(summary, waiting.repeated.interval))
        }
    }

    /// Writes what waits; without the lock, since the reader may be slow.
    private func pass() {
        while true {
            let next = waiting.withLock { waiting -> (bytes: [UInt8], dropped: Int)? in
                waiting.queue.written()
                if waiting.queue.isEmpty {
                    waiting.isPassing = false
                    return nil
                }
                return waiting.queue.take()
            }
            guard let next else { return }
            put(next.bytes)
            if next.dropped > 0 {
                let words = "\(next.dropped) lines of the log were dropped: standard error is read too slowly"
                put(Self.line(.warning, words))
            }
        }
    }

    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                // Whoever started the process has made standard error non-blocking.
                var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wish, 1, 1_000)
            } else if errno != EINTR {
                return
            }
        }
    }

    // MARK: Lines

    private static func line(_ summary: RepeatedLines.Summary, _ interval: UInt64) -> [UInt8] {
        let often = summary.count == 1 ? "once more" : "\(summary.count) times more"
        return line(summary.level, summary.text, end: " (\(often) in \(interval / 1_000_000) s)")
    }

    private static func line(_ level: LogLevel, _ text: String, end: String = "") -> [UInt8] {
        var line = "\(timestamp()) \(level.rawValue) "
        let start = line.utf8.count
        for scalar in text.unicodeScalars {
            if line.utf8.count - start >= longestText {
                line += "…"
                break
            }
            if scalar.value < 0x20 || scalar.value == 0x7F {
                line += scalar.escaped(asASCII: true)
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return Array((line + end + "\n").utf8)
    }

    /// UTC with milliseconds, as in ISO 8601.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let time = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(padded(now.tv_nsec / 1_000_000, 3))Z"
    }
}
