import Glibc

/// A TCP port of 127.0.0.1 on which nobody ever answers: connections are taken by the kernel, or refused after `close`.
final class LoopbackListener {
    let port: UInt16
    private var descriptor: Int32

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = descriptor
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(bind(file, generic, length) == 0 && listen(file, 16) == 0)
                precondition(getsockname(file, generic, &length) == 0)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Returns when somebody has connected, and leaves the connection where it is.
    func waitForConnection() {
        var interest = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        precondition(poll(&interest, 1, 60_000) == 1, "nobody connected")
    }

    func stop() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    deinit { stop() }
}
