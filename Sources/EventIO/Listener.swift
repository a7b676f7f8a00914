/// A listening socket in its loop. Its number is never given to another, so a late event finds nothing.
final class Listener {
    enum State: Equatable {
        case accepting
        /// Descriptors or memory ran out; tries again at this time (µs of the monotonic clock).
        case resting(until: UInt64)
        /// io_uring: the accept is being cancelled; the socket closes when it has ended.
        case closing
    }

    let number: UInt32
    let tag: Int
    let socket: ListeningSocket
    var state = State.accepting

    init(number: UInt32, tag: Int, socket: consuming ListeningSocket) {
        self.number = number
        self.tag = tag
        self.socket = socket
    }

    var descriptor: Int32 { socket.descriptor.number }

    var address: SocketAddress { socket.bound }
}
