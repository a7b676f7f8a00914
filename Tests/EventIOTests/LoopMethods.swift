@testable import EventIO

/// The methods that this machine grants; the suites run once for each.
enum LoopMethods {
    static let available: [IOMethod] = {
        switch RingProbe.outcome() {
        case .available: return [.epoll, .ioUring]
        case .unavailable(let error):
            print("EventIO: io_uring is not tested, it cannot be had here: \(error)")
            return [.epoll]
        }
    }()
}
