import Dispatch
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
        let interval = DispatchTimeInterval.nanoseconds(Int(clamping: timeout.nanoseconds))
        return group.wait(timeout: .now() + interval) == .success
    }
}
