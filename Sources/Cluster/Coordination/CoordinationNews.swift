/// What `Coordinator` has to tell the log; each once.
package enum CoordinationNews: Sendable, Equatable {
    /// Writes go on.
    case leased(seconds: Int)
    case held(WriteHold)
    /// Writes go on after `held`.
    case resumed
    /// etcd does not answer; so long writes go on without it.
    case silent(String, writes: Duration)
    case answers
    /// Another proxy begins to replace the primary.
    case followed(old: String, candidate: String, by: String)
    case released(by: String)
    /// The proxy that carried it out is gone, and this one goes on.
    case tookOver(candidate: String)
    /// These proxies have not cut off the old primary yet, and their leases have not run out.
    case awaiting([String])

    package var isTrouble: Bool {
        switch self {
        case .held, .silent, .followed, .tookOver, .awaiting: true
        case .leased, .resumed, .answers, .released: false
        }
    }
}

extension CoordinationNews: CustomStringConvertible {
    package var description: String {
        switch self {
        case .leased(let seconds): "etcd has granted a lease of \(seconds) s"
        case .held(let hold): "writes wait: \(hold)"
        case .resumed: "coordination: writes go on"
        case .silent(let reason, let left):
            "etcd does not answer: \(reason); "
                + (left > .zero
                    ? "writes go on for \(left.components.seconds) s without it" : "writes wait until it does")
        case .answers: "etcd answers again"
        case .followed(let old, let candidate, let proxy):
            "proxy \(proxy) replaces node \(old) by node \(candidate): node \(old) is cut off here too"
        case .released(let proxy): "proxy \(proxy) promotes no replica after all"
        case .tookOver(let candidate):
            "the proxy that promoted node \(candidate) is gone: this one goes on in its place"
        case .awaiting(let proxies):
            "no replica is promoted yet: proxy \(proxies.joined(separator: ", ")) has not cut off the old primary; that is waited for "
                + "until it has, or its lease in etcd has run out"
        }
    }
}
