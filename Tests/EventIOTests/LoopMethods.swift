import Glibc

@testable import EventIO

/// The methods that this machine grants; the suites run once for each. `HOWDAH_IO_METHOD=epoll` leaves io_uring out:
/// ThreadSanitizer does not see what the kernel writes.
enum LoopMethods {
    static let available: [IOMethod] = {
        let isChosen = getenv("HOWDAH_IO_METHOD").map { String(cString: $0) } == "epoll"
        return isChosen || !isRingAvailable ? [.epoll] : [.epoll, .ioUring]
    }()

    static let isRingAvailable: Bool = {
        switch RingProbe.outcome() {
        case .available: return true
        case .unavailable(let error):
            print("EventIO: io_uring is not tested, it cannot be had here: \(error)")
            return false
        }
    }()
}
