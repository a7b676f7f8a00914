import Glibc

@testable import EventIO

/// The methods that this machine grants; the suites run once for each. `HOWDAH_IO_METHOD=epoll` leaves io_uring out:
/// ThreadSanitizer does not see what the kernel writes.
enum LoopMethods {
    static let available: [IOMethod] = {
        if getenv("HOWDAH_IO_METHOD").map({ String(cString: $0) }) == "epoll" { return [.epoll] }
        switch RingProbe.outcome() {
        case .available: return [.epoll, .ioUring]
        case .unavailable(let error):
            print("EventIO: io_uring is not tested, it cannot be had here: \(error)")
            return [.epoll]
        }
    }()
}
