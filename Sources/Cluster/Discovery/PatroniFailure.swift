/// Why Patroni told nothing.
package enum PatroniFailure: Error, Sendable, Equatable {
    case malformed(String)
    /// libcurl's words.
    case unreachable(String)
    case status(Int)

    package var reason: String {
        switch self {
        case .malformed(let what): "its answer cannot be understood: \(what)"
        case .unreachable(let words): words
        case .status(let number): "it answers with HTTP status \(number)"
        }
    }
}
