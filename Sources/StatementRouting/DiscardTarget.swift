/// `DiscardStmt.target` of pg_query.proto.
package enum DiscardTarget: UInt64, Sendable {
    case all = 1
    case plans
    case sequences
    case temporary
}
