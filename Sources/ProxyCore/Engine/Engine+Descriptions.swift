import Bytes
import PostgresWire
import StatementRouting

/// What clients have been told of statements, and what becomes of that when the schema changes.
///
/// A name that a client has given keeps its parameters' types, and its rows look as they did or the server refuses to
/// run it (0A000), which drivers are prepared for. On a server that has had it from before, PostgreSQL sees to both.
/// One that is given it now would parse it by the schema that there is now: so it gets the types with it, and is asked
/// first what the rows would look like.
extension Engine {
    /// Whether a statement may be run as its clients know it.
    enum Currency {
        case asTold
        /// The server has been asked.
        case beingChecked
        /// Its rows look different by now.
        case changed
    }

    @inline(__always)
    func currency(of id: StatementID, isNamed: Bool, _ client: ClientPointer, _ server: ServerPointer) -> Currency {
        let record = statements[id]
        if !record.pointee.isDescribed || server.pointee.conversation.statements.contains(record.pointee.serial) {
            return .asTold
        }
        return check(id, isNamed: isNamed, client, server)
    }

    /// Each server is asked, also within one epoch: the schema may have been changed behind the proxy's back, or a
    /// temporary table that only this session sees may have come in front.
    private func check(_ id: StatementID, isNamed: Bool, _ client: ClientPointer, _ server: ServerPointer) -> Currency {
        let record = statements[id].pointee
        guard isNamed || record.isShared, isKnownBySerial(record, isNamed: isNamed),
            let told = statements.description(of: id), let rows = told.rows,
            server.pointee.conversation.status != .failed
        else { return .asTold }
        let epoch = server.pointee.pool.pointee.epoch
        if told.checkedIn == epoch, !told.isStillTrue {
            if client.pointee.surroundings != nil {
                // A rollback, or ON COMMIT DROP, may bring the rows back that it was told of: good for one message.
                var unchecked = told
                unchecked.checkedIn = 0
                unchecked.isStillTrue = true
                statements.describe(id, unchecked)
            }
            return .changed
        }
        // What returns no rows begins to do so by a rule at most, which is DDL.
        if rows == StatementDescription.noRows, told.checkedIn == epoch || record.scope.epoch == epoch {
            return .asTold
        }
        let names = enterSettings(of: id, client, server)
        injectParse(id, isShared: true, isAgain: false, server)
        server.pointee.conversation.check(id, record.serial, from: buffers)
        leaveSettings(names, server)
        server.pointee.conversation.flush(from: buffers)
        touch(server)
        return .beingChecked
    }

    /// Whether servers have the statement itself under its serial, and any of them can be given it.
    private func isKnownBySerial(_ record: PreparedStatement, isNamed: Bool) -> Bool {
        let effects = record.statementClass.effects
        return !record.isPrivate && !effects.contains(.execute) && !(isNamed && effects.contains(.readsPrepared))
    }

    /// ParameterDescription: their number, then their types (PostgreSQL documentation, 55.7).
    func learnTypes(_ body: RawSpan, _ entry: LedgerEntry) {
        guard entry.disposition == .forward, body.byteCount >= 2, statements.holds(entry.serial, at: entry.statement)
        else {
            return
        }
        var description = statements.description(of: entry.statement) ?? StatementDescription()
        guard description.types == nil else { return }
        description.types = body.array(2..<body.byteCount)
        statements[entry.statement].pointee.isDescribed = true
        statements.describe(entry.statement, description)
    }

    /// RowDescription, or nil where NoData has come.
    func learnRows(_ body: RawSpan?, _ entry: LedgerEntry, _ server: ServerPointer) {
        guard statements.holds(entry.serial, at: entry.statement),
            entry.disposition == .forward || entry.purpose == .check
        else { return }
        var found: UInt64? = StatementDescription.noRows
        if let body { found = StatementDescription.rows(body, statements.nameHash) }
        guard let found else { return }
        let pool = server.pointee.pool
        var description = statements.description(of: entry.statement) ?? StatementDescription()
        if entry.purpose == .check {
            description.isStillTrue = description.rows == found
            if !description.isStillTrue {
                server.pointee.conversation.close(entry.serial, from: buffers)
                touch(server)
                noteOtherRows(entry.statement, server)
            }
            description.checkedIn = pool.pointee.epoch
        } else if let told = description.rows {
            if told == found { return }
            // Not in one epoch, had nobody changed the schema behind the proxy's back.
            statements.retire(entry.statement)
            schemaChanged(pool.pointee.options.databaseOnServer)
            return
        } else {
            description.rows = found
        }
        statements[entry.statement].pointee.isDescribed = true
        statements.describe(entry.statement, description)
    }

    /// A server that was asked has other rows than clients were told of.
    private func noteOtherRows(_ id: StatementID, _ server: ServerPointer) {
        let pool = server.pointee.pool
        // In its own surroundings a session may meet what nobody else does.
        if let client = clients[server.pointee.client], client.pointee.surroundings != nil { return }
        guard statements[id].pointee.scope.epoch == pool.pointee.epoch else { return }
        // Somebody has changed the schema behind the proxy's back: what is parsed now meets nothing older.
        statements.retire(id)
        schemaChanged(pool.pointee.options.databaseOnServer)
    }
}

extension PostgresError {
    /// As PostgreSQL words it; drivers prepare anew where they find this routine.
    static let resultHasChanged = PostgresError(
        .error,
        .featureNotSupported,
        "cached plan must not change result type",
        routine: "RevalidateCachedQuery"
    )
}
