import Glibc
import Synchronization

/// A thread of the control plane, with no signals of the process delivered to it.
final class ControlThread: Sendable {
    private let identifier: Mutex<pthread_t?>

    /// - Parameter name: at most 15 bytes, as top and gdb show it.
    init(name: String, body: @escaping @Sendable () -> Void) {
        let start = Start(name: name, body: body)
        let argument = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                start.nameThread()
                start.body()
                return nil
            },
            argument.toOpaque()
        )
        precondition(status == 0, "pthread_create: no thread left")
        identifier = Mutex(thread)
    }

    /// Waits for the body's end. Not from the thread itself; a second call returns at once.
    func join() {
        let thread = identifier.withLock { identifier in
            defer { identifier = nil }
            return identifier
        }
        if let thread { pthread_join(thread, nil) }
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        /// By procfs, as pthread_setname_np is not among what Glibc's module shows; without procfs the thread stays
        /// nameless.
        func nameThread() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            if file < 0 { return }
            _ = name.utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
            close(file)
        }
    }
}
