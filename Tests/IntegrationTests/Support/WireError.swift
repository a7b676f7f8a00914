import Glibc

/// Why a test's client could not go on.
enum WireError: Error, CustomStringConvertible {
    case timedOut(String)
    case closed
    case system(String, Int32)
    case refused(WireMessage)

    var description: String {
        switch self {
        case .timedOut(let what): "timed out: \(what)"
        case .closed: "the other side has closed the connection"
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        case .refused(let message): "refused: \(message)"
        }
    }
}
