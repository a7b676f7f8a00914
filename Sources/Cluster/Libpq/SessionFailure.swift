/// Why a statement of the control plane has no result.
enum SessionFailure: Error, Equatable {
    /// The thread that runs it is being stopped.
    case stopped
    case timedOut
    case connection(ProbeFailure)
    /// The server refused a statement.
    case refused(String)

    var reason: String {
        switch self {
        case .stopped: "stopped"
        case .timedOut: "no answer within the time limit"
        case .connection(let failure): failure.reason
        case .refused(let text): text
        }
    }
}
