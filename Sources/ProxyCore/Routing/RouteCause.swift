import StatementRouting

/// What decided a route.
package enum RouteCause: UInt8, Sendable, BitwiseCopyable {
    case none
    /// The statement's class (its `RouteReason` says more).
    case statement
    case hint
    /// `SET howdah.route`, or the `route` setting.
    case preference
    case transaction
    case readOnlyTransaction
    /// A transaction at READ COMMITTED that has only read so far.
    case leadingReads
    /// Other messages are still in flight on the same server.
    case pipeline
    case pin
    /// What the session is pinned for does not matter to it (`pinned_reads`).
    case pinnedRead
    /// `split` is off.
    case splitOff
    /// No replica can take reads.
    case noReplica
    /// Replicas are there, and all of them lag too far behind.
    case lagging
    /// No replica has replayed in time what the session must see.
    case notFresh
    /// Every replica refuses the log-in of the pool's user.
    case notLetIn
    /// The schema has changed, and what it calls has not been read anew.
    case catalogOutdated
    /// The batch asks for its replies (Flush) before its end is known.
    case openBatch
    /// The session's transactions are serializable by default, which replicas do not offer.
    case serializable
    /// A replica refused it, or was lost before it answered.
    case retried
}

/// Where a statement ran and why: what `SHOW howdah.route` tells.
struct RouteRecord: Equatable, BitwiseCopyable {
    /// -1: no server was needed.
    var node: Int16 = -1
    /// Whether a replica would do.
    var isRead = false
    var cause = RouteCause.none
    /// What the statement's own text said, where that decided.
    var reason = RouteReason.plainRead
}
