import Bytes
import PostgresWire
import StatementRouting

/// `pg_prepared_statements` shows a client what it has prepared, under its own names, and nothing of anybody else.
///
/// In front of a batch that reads it the server is rid of what clients share, and is given the client's statements
/// under the client's names. Nobody else meets them: behind the client everything on that server is discarded.
extension Engine {
    /// - Parameter isInBatch: messages of an open batch stand in front, whose transaction a Sync would end; an error is
    ///   the client's then.
    /// - Returns: whether messages have been sent.
    @discardableResult
    func showOwnStatements(_ client: ClientPointer, isInBatch: Bool = false, _ server: ServerPointer) -> Bool {
        guard server.pointee.pool.pointee.options.preparedStatements, client.pointee.pin != .replication else {
            return false
        }
        var others: [StatementSerial] = []
        server.pointee.conversation.statements.forEach { others.append($0) }
        for serial in others { server.pointee.conversation.close(serial, from: buffers) }
        if isInFailedTransaction(client) {
            // It is refused, but behind the transaction's end in the same text: it shows nothing then.
            server.pointee.needs(.discardAll)
            if !isInBatch, !others.isEmpty { injectSync(server) }
            return true
        }
        let owedBefore = server.pointee.conversation.ledger.count - others.count
        for name in server.pointee.extras.shown { closeOnServer(server, name) }
        var own: [(name: [UInt8], statement: StatementID)] = []
        client.pointee.statements.forEachName { own.append(($0, $1)) }
        // A Close that an error has undone may have left one there.
        for (name, _) in own where server.pointee.isShowing { closeOnServer(server, name) }
        server.pointee.extras.shown = []
        server.pointee.isShowing = true
        server.pointee.needs(.discardAll)
        if !isInBatch { injectSync(server) }
        for (name, id) in own {
            let names = enterSettings(of: id, client, server)
            let place = client.pointee.statements.find(name.span.bytes, hash: statements.nameHash.hash(name.span.bytes))
            parseUnderOwnName(name, place ?? .nowhere, id, isInBatch ? .prepareAhead : .none, server)
            leaveSettings(names, server)
            if !isInBatch { injectSync(server) }
        }
        return server.pointee.conversation.ledger.count > owedBefore
    }

    /// Whether the server has the client's statements under the client's names, and no others.
    func showsAll(of client: ClientPointer, _ server: ServerPointer) -> Bool {
        guard server.pointee.isShowing else { return false }
        var all = true
        server.pointee.conversation.statements.forEach { _ in all = false }
        client.pointee.statements.forEachName { name, _ in if !isShown(name.span.bytes, server) { all = false } }
        return all
    }

    private func parseUnderOwnName(
        _ name: [UInt8],
        _ place: ClientStatements.Place,
        _ id: StatementID,
        _ purpose: LedgerEntry.Purpose,
        _ server: ServerPointer
    ) {
        let body = statements[id].pointee.body
        var entry = LedgerEntry(.parse, .swallow)
        entry.purpose = purpose
        entry.namePlace = place
        server.pointee.conversation.parse(entry, named: name, body, from: buffers)
        server.pointee.extras.shown.append(name)
        touch(server)
    }

    /// Whether the server knows a statement by the client's own name for it. One that reads the view is to find itself
    /// there.
    @inline(__always)
    func goesByOwnName(_ id: StatementID, _ name: RawSpan, _ server: ServerPointer) -> Bool {
        name.byteCount > 0
            && (statements[id].pointee.statementClass.effects.contains(.readsPrepared)
                || server.pointee.isShowing && isShown(name, server))
    }

    /// A Parse gives a name on a server that shows the client's.
    func show(_ name: RawSpan, on server: ServerPointer) {
        server.pointee.isShowing = true
        server.pointee.extras.shown.append(name.array(0..<name.byteCount))
        server.pointee.needs(.discardAll)
    }

    func isShown(_ name: RawSpan, _ server: ServerPointer) -> Bool {
        server.pointee.extras.shown.contains { $0.span.bytes.isEqual(to: name) }
    }

    /// A Parse or a Close that was to change what a server shows has come to nothing.
    func takeBackShown(_ entry: LedgerEntry, _ server: ServerPointer) {
        guard entry.kind == .parse || entry.kind == .close, entry.disposition != .answer else { return }
        let place = entry.changesName ? entry.place : entry.namePlace
        guard place.index != ClientStatements.Place.unnamed.index,
            place.index != ClientStatements.Place.nowhere.index, let client = clients[server.pointee.client]
        else { return }
        let name = client.pointee.statements.name(at: place)
        if entry.kind == .close {
            server.pointee.extras.shown.append(name)
        } else if let index = server.pointee.extras.shown.lastIndex(of: name) {
            server.pointee.extras.shown.remove(at: index)
        }
    }

    /// What the server shows under that name is about to be closed, or has been.
    func hide(_ name: RawSpan, on server: ServerPointer) {
        server.pointee.extras.shown.removeAll { $0.span.bytes.isEqual(to: name) }
    }
}
