import CLinux
import Glibc

/// The signals that end a demo, taken from a descriptor instead of interrupting it.
///
/// They stay blocked in the thread that makes this, and in every thread that it starts, until the end of its life.
struct DemoSignals: ~Copyable {
    /// A signal that arrived.
    struct Arrival {
        let number: Int32
        /// Whether the terminal sent it, and so to its whole foreground process group.
        let isFromTerminal: Bool
    }

    /// Readable while a signal waits to be taken.
    let descriptor: Int32
    private let previousMask: sigset_t

    private static let numbers = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private init(descriptor: Int32, previousMask: sigset_t) {
        self.descriptor = descriptor
        self.previousMask = previousMask
    }

    /// Blocks the signals in the calling thread and opens the descriptor.
    static func block() throws(DemoError) -> DemoSignals {
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in numbers { sigaddset(&mask, number) }
        var previous = sigset_t()
        pthread_sigmask(SIG_BLOCK, &mask, &previous)
        let descriptor = signalfd(-1, &mask, Int32(SFD_CLOEXEC))
        guard descriptor >= 0 else {
            let code = errno
            pthread_sigmask(SIG_SETMASK, &previous, nil)
            throw .system(call: "signalfd", code: code)
        }
        return DemoSignals(descriptor: descriptor, previousMask: previous)
    }

    deinit {
        close(descriptor)
        var previous = previousMask
        pthread_sigmask(SIG_SETMASK, &previous, nil)
    }

    /// Takes the next signal, waiting for it where none has arrived yet.
    func take() throws(DemoError) -> Arrival {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while read(descriptor, &information, size) != size {
            guard errno == EINTR else { throw .system(call: "read of signals", code: errno) }
        }
        // SI_KERNEL: the terminal driver's, not another process's (sigaction(2)).
        return Arrival(number: Int32(information.ssi_signo), isFromTerminal: information.ssi_code == 0x80)
    }
}

/// Why a demo could not go on, besides the cluster's and the proxy's own errors.
enum DemoError: Error, CustomStringConvertible {
    /// A system call failed with `code` (errno).
    case system(call: String, code: Int32)

    var description: String {
        switch self {
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }
}
