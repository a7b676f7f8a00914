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
