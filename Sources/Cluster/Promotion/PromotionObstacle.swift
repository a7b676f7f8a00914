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
