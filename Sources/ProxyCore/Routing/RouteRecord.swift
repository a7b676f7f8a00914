import StatementRouting

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
