import CLinux
import Glibc

/// A socket that listens, and where: the address has the port that was chosen when 0 was asked for.
struct ListeningSocket: ~Copyable {
    let descriptor: Descriptor
    let bound: SocketAddress

    init(
        _ address: SocketAddress,
        backlog: Int32,
        mode: UInt32?,
        nonblocking: Bool
    ) throws(SystemError) {
        let descriptor = try Self.make(family: address.family, nonblocking: nonblocking)
        let number = descriptor.number
        if !address.isUnix { _ = clinux_set_option(number, SOL_SOCKET, SO_REUSEADDR, 1) }
        // Else "::" would take the port of "0.0.0.0" too, and listening on both would fail.
        if address.isIPv6 { _ = clinux_set_option(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        var status = address.withSockaddr { bind(number, $0, $1) }
        if status != 0, errno == EADDRINUSE, address.isUnix, Self.isStale(address) {
            unlink(address.host)
            status = address.withSockaddr { bind(number, $0, $1) }
        }
        guard status == 0 else { throw SystemError("bind to \(address)", code: errno) }
        if let mode, address.isUnix, chmod(address.host, mode_t(mode)) != 0 {
            throw SystemError("set the mode of \(address)", code: errno)
        }
        guard Glibc.listen(number, backlog) == 0 else { throw SystemError("listen on \(address)", code: errno) }
        var bound = SocketAddress()
        guard bound.fill({ getsockname(number, $0, $1) }) == 0 else {
            throw SystemError("ask for the address of \(address)", code: errno)
        }
        self.descriptor = descriptor
        self.bound = bound
    }

    /// A stream socket that no child process inherits.
    static func make(family: Int32, nonblocking: Bool) throws(SystemError) -> Descriptor {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family, nonblocking ? kind | Int32(SOCK_NONBLOCK.rawValue) : kind, 0)
        guard number >= 0 else { throw SystemError("make a socket", code: errno) }
        return Descriptor(number)
    }

    /// Whether a socket's file was left behind by a process that is gone: nobody answers there.
    private static func isStale(_ address: SocketAddress) -> Bool {
        guard let probe = try? make(family: AF_UNIX, nonblocking: true) else { return false }
        return address.withSockaddr { connect(probe.number, $0, $1) } != 0 && errno == ECONNREFUSED
    }
}

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
