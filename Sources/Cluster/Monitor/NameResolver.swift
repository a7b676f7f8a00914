import Dispatch
import Glibc

/// Host names to numeric addresses, away from the thread that asks, since getaddrinfo(3) blocks.
enum NameResolver {
    /// Whether the host is an IPv4 or IPv6 address already.
    static func isNumeric(_ host: String) -> Bool {
        var storage = in6_addr()
        return inet_pton(AF_INET, host, &storage) == 1 || inet_pton(AF_INET6, host, &storage) == 1
    }

    static func isLoopback(_ numeric: String) -> Bool { numeric.hasPrefix("127.") || numeric == "::1" }

    /// - Parameter completion: called once, on some queue of Dispatch, with one address or more, or the failure.
    static func resolve(
        _ host: String,
        completion: @escaping @Sendable (Result<[String], ProbeFailure>) -> Void
    ) {
        DispatchQueue.global().async { completion(lookUp(host)) }
    }

    /// Blocks.
    static func lookUp(_ host: String) -> Result<[String], ProbeFailure> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else { return .failure(.unresolved(host: host, String(cString: gai_strerror(status)))) }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(buffer.count)
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &buffer, length, nil, 0, NI_NUMERICHOST) == 0 {
                let text = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
                if !found.contains(text) { found.append(text) }
            }
            next = entry.ai_next
        }
        return found.isEmpty ? .failure(.unresolved(host: host, "no address")) : .success(found)
    }
}
