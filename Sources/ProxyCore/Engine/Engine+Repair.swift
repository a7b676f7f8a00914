import Bytes
import PostgresWire
import StatementRouting

/// What can be done about an error that is not the client's fault, while nothing of the reply has left.
extension Engine {
    /// How a batch is run again.
    enum Repair {
        /// A replica refused it as a write.
        case onPrimary
        /// What the batch relied on is not there, or out of date: what it needs is prepared again.
        case prepareAgain
        /// The same for a statement that the client has prepared earlier: its name means a new one from now on.
        case prepareAnew(StatementID)
        /// What a replica does not know may be there on the primary.
        case behind
        /// The node cannot go on; another may.
        case elsewhere
        /// The role of the server's session has been dropped: another log-in may have it again.
        case loggedInAnew
        /// A replica could not run what the client's own server may.
        case onPinned
        /// A replica has no serializable transactions: nothing is wrong with the statements.
        case serializable
        /// What the proxy has put in front has failed.
        case settings
    }

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
        // It says nothing of the batch: what was put in front of it has failed.
        if entry.purpose == .settings || entry.purpose == .begin {
            let isNodes = server.pointee.isReplica && LoginVerdict.isNodesFault(ErrorFields.sqlState(in: body), body)
            return isNodes && client.pointee.lastRoute.isRead ? .elsewhere : nil
        }
        // One more on the primary, however many replicas were lost before.
        let mayTryAgain = client.pointee.tries.mayGoOn(nodes: roster.topology.nodes.count)
        guard mayTryAgain || !client.pointee.tries.isForcedToPrimary else { return nil }
        let state = ErrorFields.sqlState(in: body)
        if state == .readOnlyTransaction, server.pointee.isReplica, client.pointee.lastRoute.cause != .hint,
            client.pointee.lastRoute.cause != .preference
        {
            return .onPrimary
        }
        // An unlogged table, read by a function whose body nobody has seen.
        if state == .featureNotSupported, server.pointee.isReplica,
            ErrorFields.isRaised(by: "get_relation_info", in: body)
        {
            return .onPrimary
        }
        if state == .featureNotSupported, server.pointee.isReplica, Self.isSerializableOnStandby(body) {
            return .serializable
        }
        let cause = server.pointee.extras.ahead.error.map { ErrorFields.sqlState(in: $0.span.bytes) } ?? state
        if mayTryAgain, Self.isOfDeadLogin(state, body), client.pointee.pin == nil { return .loggedInAnew }
        if cause.tellsOfUndefined, server.pointee.isReplica, !readsElsewhere(client),
            !client.pointee.tries.isForcedToPrimary,
            client.pointee.lastRoute.cause != .hint, client.pointee.lastRoute.cause != .preference
        {
            return .behind
        }
        guard mayTryAgain else { return nil }
        if let repair = repair(of: fault, entry, server, client) { return repair }
        if server.pointee.isReplica, client.pointee.lastRoute.isRead, LoginVerdict.isNodesFault(state, body) {
            return .elsewhere
        }
        // The client's own server may know a name that the replica does not. A cancel or a timeout is an answer.
        if readsElsewhere(client), state != .queryCanceled { return .onPinned }
        return nil
    }

    /// Whether the error is that of a hot standby for a transaction that is serializable by the session's, the role's
    /// or the database's default (PostgreSQL documentation, 27.4.1).
    static func isSerializableOnStandby(_ body: RawSpan) -> Bool {
        ErrorFields.isRaised(by: "GetSerializableTransactionSnapshot", in: body)
            || ErrorFields.isRaised(by: "check_XactIsoLevel", in: body)
            || ErrorFields.isRaised(by: "check_transaction_isolation", in: body)
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

    private func repair(
        of fault: StatementFault?,
        _ entry: LedgerEntry,
        _ server: ServerPointer,
        _ client: ClientPointer
    ) -> Repair? {
        // Where it cannot be prepared it is no use to try again.
        guard let fault, server.pointee.extras.ahead.error == nil else { return nil }
        switch fault {
        case .isMissing: return .prepareAgain
        case .resultHasChanged:
            if client.pointee.tries.renewal == .parses { return .prepareAgain }
            let isTold = client.pointee.tries.renewal == .describes || entry.nameSize > 0
            return isTold || !statements[entry.statement].pointee.isDescribed ? .prepareAnew(entry.statement) : nil
        case .mayBeOutdated:
            return client.pointee.tries.renewal == .parses && client.pointee.tries.isFirst ? .prepareAgain : nil
        }
    }
}
