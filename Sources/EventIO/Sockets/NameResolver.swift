import CLinux
import Dispatch
import Glibc

/// Turns host names into addresses on a global Dispatch queue: the C library's resolver may wait for seconds.
package enum NameResolver {
    /// A name that has no address, in the resolver's own words.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let host: String
        package let reason: String

        package var description: String { "could not resolve host name \"\(host)\": \(reason)" }
    }

    /// Reports every stream address of `host`, in the resolver's order of preference and without doubles.
    ///
    /// - Parameter completion: called once, on some thread of Dispatch's.
    package static func resolve(
        host: String,
        port: UInt16,
        completion: @escaping @Sendable (Result<[SocketAddress], Failure>) -> Void
    ) {
        DispatchQueue.global().async {
            do throws(Failure) {
                completion(.success(try addresses(host: host, port: port)))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// The same on the caller's thread, which it may block for as long as the resolver's time-outs run.
    package static func addresses(host: String, port: UInt16) throws(Failure) -> [SocketAddress] {
        if let numeric = SocketAddress(host: host, port: port) { return [numeric] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            let reason = status == EAI_SYSTEM ? SystemError.text(of: errno) : String(cString: gai_strerror(status))
            throw Failure(host: host, reason: reason)
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            if let raw = entry.pointee.ai_addr,
                let address = SocketAddress(raw, length: entry.pointee.ai_addrlen), !found.contains(address)
            {
                found.append(address)
            }
        }
        return found
    }
}
