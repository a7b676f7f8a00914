extension RouteCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .none: "no statement has run"
        case .statement: "by the statement"
        case .hint: "hint in the statement"
        case .preference: "howdah.route"
        case .transaction: "in a transaction"
        case .readOnlyTransaction: "in a read-only transaction"
        case .leadingReads: "transaction's leading reads"
        case .pipeline: "follows statements that are still in flight"
        case .pin: "the session is pinned"
        case .pinnedRead: "a read to which the session's pin does not matter"
        case .splitOff: "split is off"
        case .noReplica: "no replica can take reads"
        case .lagging: "every replica lags too far behind"
        case .notFresh: "no replica has replayed what the session must see"
        case .notLetIn: "no replica lets the user in"
        case .catalogOutdated: "the schema has just changed"
        case .openBatch: "the batch asks for replies before its end"
        case .serializable: "serializable by default"
        case .retried: "a replica refused it, or was lost"
        }
    }
}
