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
