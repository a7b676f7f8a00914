import Dispatch
import MonotonicTime
import Synchronization

/// A door that is opened once and stays open.
final class Latch: Sendable {
    private let group = DispatchGroup()
    private let isOpen = Atomic(false)

    init() { group.enter() }

    deinit { open() }

    func open() {
        if !isOpen.exchange(true, ordering: .acquiringAndReleasing) { group.leave() }
    }

    /// - Returns: whether it is open; false after `timeout`.
    func wait(timeout: Duration) -> Bool {
        let interval = DispatchTimeInterval.microseconds(Int(clamping: timeout.microseconds))
        return group.wait(timeout: .now() + interval) == .success
    }
}
