import CLinux
import Glibc

/// When a silent TCP connection is taken for dead; 0 leaves the system's value.
package struct Keepalive: Sendable, Equatable {
    /// Seconds of silence before the first probe (`tcp_keepalives_idle`).
    package var idle: Int32 = 0
    /// Seconds between probes (`tcp_keepalives_interval`).
    package var interval: Int32 = 0
    /// Unanswered probes that end the connection (`tcp_keepalives_count`).
    package var count: Int32 = 0
    /// Milliseconds that sent bytes may stay unacknowledged (`tcp_user_timeout`).
    package var userTimeout: Int32 = 0

    package init() {}

    /// Of connections on which the peer has ended its sending: whether it is there at all shows only by its silence. A
    /// system forgets a peer's half of a connection that its process has closed within a minute, and answers the next
    /// probe with a reset.
    static let halfClosed: Keepalive = {
        var keepalive = Keepalive()
        keepalive.idle = 5
        keepalive.interval = 5
        keepalive.count = 6
        return keepalive
    }()

    /// Sets NODELAY and keepalive on a TCP socket. Errors are not: a socket whose peer has gone already refuses some
    /// options.
    func apply(to descriptor: Int32) {
        let tcp = Int32(IPPROTO_TCP)
        _ = clinux_set_option(descriptor, tcp, TCP_NODELAY, 1)
        _ = clinux_set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        if idle > 0 { _ = clinux_set_option(descriptor, tcp, TCP_KEEPIDLE, idle) }
        if interval > 0 { _ = clinux_set_option(descriptor, tcp, TCP_KEEPINTVL, interval) }
        if count > 0 { _ = clinux_set_option(descriptor, tcp, TCP_KEEPCNT, count) }
        if userTimeout > 0 { _ = clinux_set_option(descriptor, tcp, TCP_USER_TIMEOUT, userTimeout) }
    }
}
