import Glibc

/// How long, and on whose word, something is waited for.
struct WaitLimit: Sendable {
    /// The end of the wait.
    let deadline: ContinuousClock.Instant
    /// A descriptor whose readability calls the wait off; -1 for none.
    let cancellation: Int32

    init(_ timeout: Duration, cancellation: Int32 = -1) {
        deadline = ContinuousClock.now + timeout
        self.cancellation = cancellation
    }

    /// Waits until at least one of `descriptors` has something to read or lost its writers.
    ///
    /// - Parameters:
    ///   - tick: the longest wait, in milliseconds, for a caller who watches something else besides; nil for none.
    ///   - subject: what is waited for, as the error names it.
    /// - Returns: for each descriptor whether it is ready; all false when the tick ran out first.
    func wait(
        for descriptors: [Int32],
        tick: Int32? = nil,
        subject: @autoclosure () -> String
    ) throws(LocalClusterError) -> [Bool] {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polled.append(pollfd(fd: cancellation, events: Int16(POLLIN), revents: 0))
        while true {
            let left = deadline - .now
            guard left > .zero else { throw .timedOut(waitingFor: subject()) }
            let milliseconds = Int32(min(left / .milliseconds(1), 3_600_000).rounded(.up))
            let count = poll(&polled, nfds_t(polled.count), min(milliseconds, tick ?? milliseconds))
            if count < 0 {
                guard errno == EINTR else { throw .system(call: "poll", code: errno) }
                continue
            }
            if polled[descriptors.count].revents != 0 { throw .cancelled }
            if count > 0 || tick != nil { return polled.dropLast().map { $0.revents != 0 } }
        }
    }
}
