import Glibc

/// Why a demo could not go on, besides the cluster's and the proxy's own errors.
enum DemoError: Error, CustomStringConvertible {
    /// A system call failed with `code` (errno).
    case system(call: String, code: Int32)

    var description: String {
        switch self {
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }
}
