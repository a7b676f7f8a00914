import CLinux
import Glibc

/// Where a socket is: an IPv4 or IPv6 address with a port, or a Unix-domain socket's path.
package struct SocketAddress: Sendable {
    private var storage: sockaddr_storage
    package private(set) var length: socklen_t

    /// An address of no family, to be filled by a system call.
    init() {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    }

    /// A numeric IPv4 or IPv6 address such as `127.0.0.1` or `::1`; nil for anything else.
    package init?(host: String, port: UInt16) {
        storage = sockaddr_storage()
        var ipv4 = sockaddr_in()
        var ipv6 = sockaddr_in6()
        if inet_pton(AF_INET, host, &ipv4.sin_addr) == 1 {
            ipv4.sin_family = sa_family_t(AF_INET)
            ipv4.sin_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ipv4, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1 {
            ipv6.sin6_family = sa_family_t(AF_INET6)
            ipv6.sin6_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ipv6, as: sockaddr_in6.self) }
        } else {
            return nil
        }
    }

    /// A Unix-domain socket; nil where the path is empty or longer than the system allows (107 bytes).
    package init?(unixPath path: String) {
        storage = sockaddr_storage()
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else { return nil }
        let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).unsafelyUnwrapped
        storage.ss_family = sa_family_t(AF_UNIX)
        length = socklen_t(pathOffset + bytes.count + 1)
        withUnsafeMutableBytes(of: &storage) { memory in
            UnsafeMutableRawBufferPointer(rebasing: memory[pathOffset...]).copyBytes(from: bytes)
        }
    }

    /// A copy of what a system call has left; nil where it is longer than any address.
    package init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        guard Int(length) <= MemoryLayout<sockaddr_storage>.size else { return nil }
        storage = sockaddr_storage()
        self.length = length
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    package var isUnix: Bool { family == AF_UNIX }

    package var isIPv6: Bool { family == AF_INET6 }

    /// The port; 0 for a Unix-domain socket.
    package var port: UInt16 {
        switch family {
        case AF_INET: read(sockaddr_in.self).sin_port.bigEndian
        case AF_INET6: read(sockaddr_in6.self).sin6_port.bigEndian
        default: 0
        }
    }

    /// The numeric address; a Unix-domain socket's path, which is empty for a peer that has not bound one.
    package var host: String {
        switch family {
        case AF_INET:
            var address = read(sockaddr_in.self).sin_addr
            return Self.text(AF_INET, &address)
        case AF_INET6:
            var address = read(sockaddr_in6.self).sin6_addr
            return Self.text(AF_INET6, &address)
        case AF_UNIX:
            let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).unsafelyUnwrapped
            return withUnsafeBytes(of: storage) { memory in
                String(decoding: memory[min(pathOffset, Int(length))..<Int(length)].prefix { $0 != 0 }, as: UTF8.self)
            }
        default: return ""
        }
    }

    /// The address in network byte order, 4 or 16 bytes; empty for a Unix-domain socket.
    package var addressBytes: [UInt8] {
        switch family {
        case AF_INET: withUnsafeBytes(of: read(sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6: withUnsafeBytes(of: read(sockaddr_in6.self).sin6_addr) { Array($0) }
        default: []
        }
    }

    /// Calls `body` with the address in the form that system calls take; the pointer is valid during the call.
    package func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafeBytes(of: storage) {
            body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), length)
        }
    }

    /// Lets a system call fill the address.
    mutating func fill<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &length) { length in
            withUnsafeMutableBytes(of: &storage) {
                body($0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self), length)
            }
        }
    }

    private func read<Address>(_ type: Address.Type) -> Address {
        withUnsafeBytes(of: storage) { $0.load(as: type) }
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            let start = buffer.baseAddress.unsafelyUnwrapped
            return inet_ntop(family, address, start, socklen_t(buffer.count)) == nil ? "" : String(cString: start)
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    package var description: String {
        switch family {
        case AF_UNIX: "unix:\(host)"
        case AF_INET6: "[\(host)]:\(port)"
        default: "\(host):\(port)"
        }
    }
}

extension SocketAddress: Equatable {
    package static func == (one: SocketAddress, other: SocketAddress) -> Bool {
        one.family == other.family && one.port == other.port && one.host == other.host
    }
}
