import CLinux
import Glibc

/// Wakes a thread that sleeps in poll(2): an eventfd.
final class EventBell: Sendable {
    /// Readable while the bell has rung and nobody has answered. Owned by the bell.
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "eventfd: no descriptor left")
    }

    deinit { close(descriptor) }

    /// From any thread.
    func ring() {
        _ = eventfd_write(descriptor, 1)
    }

    /// Blocks until the bell has rung.
    func wait() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, -1)
    }

    /// Answers all rings so far.
    func answer() {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
    }
}
