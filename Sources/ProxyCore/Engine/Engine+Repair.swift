import Bytes
import PostgresWire
import StatementRouting

/// What can be done about an error that is not the client's fault, while nothing of the reply has left: what
/// `FailedBatch` is told.
extension Engine {
    /// - Parameters:
    ///   - body: of the ErrorResponse.
    ///   - fault: what it says of the prepared statement, where it does.
    /// - Returns: nil where the error is the client's.
    func repair(
        for body: RawSpan,
        _ entry: LedgerEntry,
        _ fault: StatementFault?,
        _ server: ServerPointer,
        _ client: ClientPointer
    ) -> Repair? {
        let state = ErrorFields.sqlState(in: body)
        let cause = server.pointee.extras.ahead.error.map { ErrorFields.sqlState(in: $0.span.bytes) } ?? state
        let route = client.pointee.lastRoute
        return FailedBatch(
            isInFront: entry.purpose == .settings || entry.purpose == .begin,
            refusal: StandbyRefusal(body),
            tellsOfUndefined: cause.tellsOfUndefined,
            isCanceled: state == .queryCanceled,
            isNodesFault: LoginVerdict.isNodesFault(state, body),
            isOfDeadLogin: Self.isOfDeadLogin(state, body),
            statement: fault.map {
                FailedBatch.Statement(
                    fault: $0,
                    id: entry.statement,
                    isNamed: entry.nameSize > 0,
                    isByExecute: entry.nameSize > 0 && (entry.kind == .execute || entry.kind == .query),
                    isDescribed: statements[entry.statement].pointee.isDescribed
                )
            },
            isReplica: server.pointee.isReplica,
            isRead: route.isRead,
            isChosen: route.cause == .hint || route.cause == .preference,
            isPinned: client.pointee.pin != nil,
            readsElsewhere: readsElsewhere(client),
            tries: client.pointee.tries,
            nodes: roster.topology.nodes.count
        ).repair
    }

    /// Looks at what an error says of the statement that the server has prepared. A Parse behind it gets a new one,
    /// also where nothing can be done for the batch itself.
    func noteFault(_ body: RawSpan, _ entry: LedgerEntry, _ server: ServerPointer, _ client: ClientPointer)
        -> StatementFault?
    {
        guard entry.disposition == .forward, server.pointee.extras.ahead.error == nil,
            statements.holds(entry.serial, at: entry.statement), !statements[entry.statement].pointee.isPrivate
        else { return nil }
        let isNamed = entry.kind == .bind || entry.kind == .describe || entry.nameSize > 0
        guard isNamed || entry.kind == .execute,
            let fault = StatementFault(
                ErrorFields.sqlState(in: body),
                raisedByRevalidation: ErrorFields.isRaised(by: "RevalidateCachedQuery", in: body)
            )
        else { return nil }
        switch fault {
        case .isMissing:
            // Else a function has said so, of a name in its own text.
            guard isNamed else { return nil }
            server.pointee.needs(.discardAll)
            meetsOwn(client, .server, keepsPrepared: false)
        case .resultHasChanged:
            guard isNamed else { return nil }
            let pool = server.pointee.pool
            let isRecent = statements[entry.statement].pointee.scope.epoch == pool.pointee.epoch
            statements.retire(entry.statement)
            if isRecent { schemaChanged(pool.pointee.options.databaseOnServer) }
        case .mayBeOutdated:
            // What was prepared in this batch is as good as new: then the fault is the client's.
            guard entry.serial.rawValue < client.pointee.tries.firstNewSerial else { return nil }
            statements.retire(entry.statement)
        }
        return fault
    }
}
