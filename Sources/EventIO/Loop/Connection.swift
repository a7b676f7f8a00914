import Bytes

/// A connection's slot in its loop. Holds no buffer while nothing waits to be sent.
struct Connection: ~Copyable {
    enum Phase: BitwiseCopyable, Equatable {
        case connecting
        case open
        /// Closed by the owner; the rest of the output is being sent.
        case flushing
        /// Closed by the owner, all sent and the end of the stream announced; input is dropped until the peer closes
        /// too. A socket closed with unread input would be reset, and the peer might lose the last of what was sent.
        case lingering
        /// Nobody's any more: waits for the kernel to let go of its requests.
        case dying
    }

    /// What the kernel has been asked for on the input side.
    enum Receiving: BitwiseCopyable, Equatable {
        case off
        case armed
        /// io_uring: the receive is being cancelled. Bytes may still come.
        case stopping
        /// epoll: the kernel does not watch the socket. It is new, or its peer went while the owner had paused
        /// receiving, which would be reported over and over.
        case detached
        /// The peer has ended its sending and the owner still sends: only that the connection breaks is waited for.
        case ended
    }

    /// What the kernel has been asked for on the output side.
    enum Sending: BitwiseCopyable, Equatable {
        case idle
        /// epoll: writability is waited for. io_uring: a send is under way.
        case busy
        /// Sending failed with this `errno`; output is dropped, and input read to its end.
        case failed(Int32)
    }

    enum Backlog: BitwiseCopyable, Equatable {
        case none
        /// Above the high water mark; the owner is told at the next turn.
        case found
        case told
    }

    let id: ConnectionID
    let token: UInt64
    let descriptor: Descriptor
    var phase: Phase
    var receiving = Receiving.detached
    var sending = Sending.idle
    var backlog = Backlog.none
    /// What the owner wants; `receiving` follows it.
    var wantsInput: Bool
    var output = ByteQueue()

    init(id: ConnectionID, token: UInt64, descriptor: consuming Descriptor, phase: Phase) {
        self.id = id
        self.token = token
        self.descriptor = descriptor
        self.phase = phase
        wantsInput = true
    }
}

typealias ConnectionPointer = UnsafeMutablePointer<Connection>

extension Connection {
    var hasFailed: Bool {
        if case .failed = sending { true } else { false }
    }
}

/// A loop's own name of a connection. The name of a connection that has gone finds nothing, also after its slot has a
/// new tenant.
package struct ConnectionID: Hashable, Sendable, BitwiseCopyable {
    let handle: Handle

    init(_ handle: Handle) { self.handle = handle }

    /// Names no connection.
    package static let none = ConnectionID(.none)

    package var isNone: Bool { handle.isNone }

    /// For owners whose own records hold the name as a plain number.
    package var rawValue: UInt64 { handle.rawValue }

    package init(rawValue: UInt64) { handle = Handle(rawValue: rawValue) }
}
