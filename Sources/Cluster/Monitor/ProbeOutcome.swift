/// How a check ended.
enum ProbeOutcome {
    case succeeded(NodeObservation, NodeReading)
    case failed(ProbeFailure)

    var event: NodeWatch.Event {
        switch self {
        case .succeeded(let seen, _): .probeSucceeded(seen)
        case .failed(let failure): .probeFailed(failure)
        }
    }
}
