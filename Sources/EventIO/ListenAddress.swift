import CLinux
import Glibc

/// Where to listen, as a user writes it.
package enum ListenAddress: Sendable, Equatable {
    /// A numeric address, a host name, or `*` for every interface; port 0 takes any free one.
    case tcp(host: String, port: UInt16)
    /// The whole path of a Unix-domain socket and the mode that its file gets.
    case unix(path: String, mode: UInt32)

    /// The socket addresses that it means. May wait for the resolver.
    package func resolved() throws(ListenFailure) -> [SocketAddress] {
        switch self {
        case .tcp("*", let port): return ["0.0.0.0", "::"].compactMap { SocketAddress(host: $0, port: port) }
        case .tcp(let host, let port):
            do throws(NameResolver.Failure) {
                return try NameResolver.addresses(host: host, port: port)
            } catch {
                throw ListenFailure(message: error.description, hint: "Correct listen_addresses.")
            }
        case .unix(let path, _):
            guard let address = SocketAddress(unixPath: path) else {
                throw ListenFailure(
                    message: "could not listen on \"\(path)\": the path is empty or longer than 107 bytes",
                    hint: "Set unix_socket_directory to a shorter path."
                )
            }
            return [address]
        }
    }
}
