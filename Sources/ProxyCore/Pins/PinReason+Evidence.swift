import StatementRouting

/// What a server can be asked of the state for which a client is pinned.
extension PinReason {
    var bit: Int { 1 << Int(rawValue) }

    var hasEvidence: Bool { condition != nil }

    /// An SQL condition that is true as long as the session has such state; nil where nothing in the catalogs tells.
    private var condition: String? {
        switch self {
        case .temporaryObject:
            // Every object depends on its schema (PostgreSQL documentation, 53.18).
            """
            EXISTS (SELECT FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
            AND refobjid = pg_catalog.pg_my_temp_schema())
            """
        case .advisoryLock:
            """
            EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' \
            AND pid = pg_catalog.pg_backend_pid())
            """
        case .holdCursor: "EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)"
        case .sessionMode, .replication, .setting, .preparedBySQL, .listen, .sequence, .seed, .library,
            .unnamedStatementTooLong, .longStatement, .notUnderstood:
            nil
        }
    }

    /// A query for one number: the bits of those of these reasons that still hold.
    static func probe(for reasons: [PinReason]) -> String {
        let terms = reasons.compactMap { reason in
            reason.condition.map { "CASE WHEN \($0) THEN \(reason.bit) ELSE 0 END" }
        }
        return "SELECT " + terms.joined(separator: " + ")
    }

    /// The reasons that a statement with these effects may end.
    static func ended(by effects: SessionEffects) -> [PinReason] {
        var reasons: [PinReason] = []
        let runsCode = effects.contains(.codeBlock)
        if runsCode || effects.meets(.ddl | .discard) { reasons.append(.temporaryObject) }
        if runsCode || effects.contains(.advisoryUnlock) { reasons.append(.advisoryLock) }
        if effects.contains(.closeCursor) { reasons.append(.holdCursor) }
        return reasons
    }
}
