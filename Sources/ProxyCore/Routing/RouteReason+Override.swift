import StatementRouting

extension RouteReason {
    /// Whether the statement only may need the primary: then a hint for a replica is followed, and the replica has the
    /// last word.
    var isDoubt: Bool {
        switch self {
        case .plainRead, .emptyQuery, .volatileFunction, .unknownFunction, .volatileOperator, .volatileType,
            .unloggedTable, .foreignTable, .sequenceRelation, .volatileView, .serverLocalView, .connectionState,
            .unparsable, .clientEncoding, .tooDeep, .tooLong, .preparedExecute:
            true
        case .transactionControl, .sessionCommand, .howdahCommand, .dml, .ddl, .selectInto, .rowLock,
            .temporaryTable, .copyFrom, .copyDML, .copyServerFile, .call, .doBlock, .lock, .maintenance, .notify,
            .listen, .load, .refusedByReplica:
            false
        }
    }
}
