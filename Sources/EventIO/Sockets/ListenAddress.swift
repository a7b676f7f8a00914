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

/// Why a listening socket could not be had, and what mends it.
package struct ListenFailure: Error, Equatable, CustomStringConvertible {
    package let message: String
    package let hint: String

    init(message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    init(_ error: SystemError, at address: SocketAddress) {
        message = error.description
        switch error.code {
        case Int32(EADDRINUSE):
            hint =
                address.isUnix
                ? "Another process serves this socket. Stop it, or change unix_socket_directory or listen_port."
                : "Another process listens there. Stop it, or change listen_port or listen_addresses."
        case Int32(EADDRNOTAVAIL): hint = "This machine has no such address. Correct listen_addresses."
        case Int32(EACCES) where !address.isUnix: hint = "Ports below 1024 need a privilege. Change listen_port."
        case Int32(EACCES), Int32(ENOENT), Int32(ENOTDIR), Int32(EROFS):
            hint = "Set unix_socket_directory to a directory that exists and may be written to."
        default: hint = "Change listen_addresses, listen_port or unix_socket_directory."
        }
    }

    package var description: String { "\(message) (\(hint))" }
}
