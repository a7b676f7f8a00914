import ProxyCore

/// What `Promotion` has to tell the log; each once. Nodes are named by place.
package enum PromotionNews: Sendable, Equatable {
    case hindered(PromotionObstacle)
    /// `missing`: bytes of the log that another replica has, and that will be lost with it.
    case chosen(candidate: Int, position: WALPosition, missing: UInt64)
    /// The old primary answered before anything was done.
    case calledOff(old: Int)
    case done(primary: Int, took: Duration)
}

extension PromotionNews {
    /// One line for the log.
    ///
    /// - Parameter nodes: their names, by place.
    func text(_ nodes: [String]) -> String {
        switch self {
        case .hindered(let obstacle): "no replica is promoted: " + obstacle.text(nodes)
        case .chosen(let candidate, let position, let missing):
            "node \(nodes[candidate]) is promoted: its log reaches to \(position)"
                + (missing == 0 ? "" : ", \(missing) bytes short of another's, which are lost")
        case .calledOff(let old): "no replica is promoted: node \(nodes[old]) answers again"
        case .done(let primary, let took):
            "node \(nodes[primary]) is the primary now, \(took) after the loss of the old one"
        }
    }
}

extension PromotionObstacle {
    fileprivate func text(_ nodes: [String]) -> String {
        switch self {
        case .noMajority(let seen, let total):
            "\(seen) of \(total) nodes answer, which is no majority: the nodes may be well and cut off from here"
        case .primaryIsHeard(let replica):
            "node \(nodes[replica]) goes on hearing from the primary: the way to it from here is cut, not the primary lost"
        case .noCandidate:
            "no replica that answers may be: see nofailover, and the log for nodes that are fenced or on another timeline"
        case .refused(let candidate, let reason):
            "node \(nodes[candidate]) could not be: \(reason); it takes a superuser, or "
                + "GRANT EXECUTE ON FUNCTION pg_catalog.pg_promote(boolean, integer) TO its monitor_user"
        case .candidateSilent(let candidate):
            "node \(nodes[candidate]) has been told to become primary and does not answer: writes wait until it does; "
                + "promote another by hand only if it will never come back"
        case .objected(let proxy, let node):
            "proxy \(proxy) sees node \(node) as a primary that is well: the way from here is cut, and not the primary lost"
        case .standsStill(let proxy):
            "proxy \(proxy) does not renew its lease in etcd: that is waited for until it does, or its lease has run out"
        case .proxiesAwaited:
            "this proxy has come, or is back, in etcd a moment ago: others are waited for, for etcd_ttl"
        case .noLease: "this proxy has no lease in etcd (coordination, etcd_urls)"
        }
    }
}

/// Why no replica is promoted although the primary is lost. Nodes are named by place.
package enum PromotionObstacle: Sendable, Equatable {
    case noMajority(seen: Int, of: Int)
    /// A replica goes on hearing from it.
    case primaryIsHeard(by: Int)
    /// Every replica that answers is excluded, fenced, or on another timeline.
    case noCandidate
    /// The candidate's own words.
    case refused(candidate: Int, reason: String)
    /// It has been told to become primary, and does not answer.
    case candidateSilent(Int)
    /// Another proxy sees a primary that is well. Names.
    case objected(proxy: String, node: String)
    /// Another proxy has said so, and has not renewed its lease since: it stands still, or is cut off from etcd.
    case standsStill(proxy: String)
    /// This proxy has no lease in etcd.
    case noLease
    /// It has had one for too short a time to know of all other proxies.
    case proxiesAwaited
}
