import Bytes
import PostgresWire
import StatementRouting

/// `pg_prepared_statements` shows a client what it has prepared, under its own names, and nothing of anybody else.
///
/// In front of a batch that reads it the server is rid of what clients share, and is given the client's statements
/// under the client's names. Nobody else meets them: behind the client everything on that server is discarded.
extension Engine {
    func showOwnStatements(_ client: ClientPointer, _ server: ServerPointer) {
        guard server.pointee.conversation.status != .failed, server.pointee.pool.pointee.options.preparedStatements,
            client.pointee.pin != .replication
        else { return }
        var others: [StatementSerial] = []
        server.pointee.conversation.statements.forEach { others.append($0) }
        for serial in others { server.pointee.conversation.close(serial, from: buffers) }
        for name in server.pointee.extras.shown { closeOnServer(server, name) }
        server.pointee.extras.shown = []
        server.pointee.needs(.discardAll)
        injectSync(server)
        var own: [(name: [UInt8], statement: StatementID)] = []
        client.pointee.statements.forEachName { own.append(($0, $1)) }
        for (name, id) in own {
            let names = enterSettings(of: id, client, server)
            parseUnderOwnName(name, id, server)
            leaveSettings(names, server)
            injectSync(server)
        }
    }

    private func parseUnderOwnName(_ name: [UInt8], _ id: StatementID, _ server: ServerPointer) {
        let body = statements[id].pointee.body
        server.pointee.conversation.parse(LedgerEntry(.parse, .swallow), named: name, body, from: buffers)
        server.pointee.extras.shown.append(name)
        touch(server)
    }

    /// Whether a statement is known to servers by the client's own name for it: it is to find itself there.
    @inline(__always)
    func goesByOwnName(_ id: StatementID, _ name: RawSpan) -> Bool {
        name.byteCount > 0 && statements[id].pointee.statementClass.effects.contains(.readsPrepared)
    }
}
