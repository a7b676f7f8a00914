/// `VariableSetStmt.kind` of pg_query.proto.
enum VariableSetKind: UInt64 {
    case value = 1
    case `default`
    case current
    case multi
    case reset
    case resetAll
}
