/// How far a check had come.
package enum ProbeStep: Sendable, Equatable {
    case resolving
    case connecting
    case asking

    var words: String {
        switch self {
        case .resolving: "its host name was looked up"
        case .connecting: "connecting to it"
        case .asking: "asking for its role"
        }
    }
}
