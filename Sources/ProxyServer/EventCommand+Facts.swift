import Cluster
import ProxyCore

extension EventCommand {
    /// Runs the command for what happened to one of these nodes.
    func run(_ facts: EventFacts, of nodes: [MonitoredNode]) {
        var environment = [
            ("HOWDAH_EVENT", facts.kind.rawValue),
            ("HOWDAH_NODE", facts.node),
            ("HOWDAH_ROLE", "\(facts.role)"),
            ("HOWDAH_REASON", facts.reason),
        ]
        switch nodes.first(where: { $0.name == facts.node })?.address {
        case .tcp(let host, let port), .unix(let host, let port):
            environment += [("HOWDAH_HOST", host), ("HOWDAH_PORT", "\(port)")]
        case nil: break
        }
        run("\(facts.kind.rawValue) \(facts.node)", facts: environment)
    }
}
