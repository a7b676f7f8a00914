/// How a check ended.
enum ProbeOutcome {
    case succeeded(NodeObservation)
    case failed(ProbeFailure)

    var event: NodeWatch.Event {
        switch self {
        case .succeeded(let seen): .probeSucceeded(seen)
        case .failed(let failure): .probeFailed(failure)
        }
    }
}
