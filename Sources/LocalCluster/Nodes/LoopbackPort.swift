import Glibc

/// Ports of 127.0.0.1 for servers to listen on.
enum LoopbackPort {
    /// The lowest port that is given out: above everything that commonly listens, Howdah's own defaults included.
    private static let lowest = 15_000

    /// Ports that nothing listens on now; all different.
    ///
    /// They lie below the range that the kernel takes the source ports of outgoing connections from. A node that is
    /// restarted therefore finds its port free however many clients connect meanwhile, and a client that calls the port
    /// of a dead node is refused, never connected with itself.
    static func free(_ count: Int) throws(LocalClusterError) -> [UInt16] {
        let range = readFile("/proc/sys/net/ipv4/ip_local_port_range")?.split { $0.isWhitespace }.compactMap { Int($0) }
        let end = range?.first ?? 32_768
        var found: [UInt16] = []
        for _ in 0..<10_000 where found.count < count {
            let port = end > lowest + 1_000 ? UInt16(Int.random(in: lowest..<end)) : UInt16.random(in: 49_152...65_535)
            if !found.contains(port), try isFree(port) { found.append(port) }
        }
        guard found.count == count else { throw .system(call: "bind", code: EADDRINUSE) }
        return found
    }

    private static func isFree(_ port: UInt16) throws(LocalClusterError) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(AF_INET, kind, 0)
        guard number >= 0 else { throw .system(call: "socket", code: errno) }
        let listener = Descriptor(number: number)
        // As PostgreSQL does, so that connections of an earlier server that linger in TIME_WAIT do not count.
        var reuse: Int32 = 1
        setsockopt(listener.number, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let outcome = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return outcome == 0 && listen(listener.number, 1) == 0
    }
}
