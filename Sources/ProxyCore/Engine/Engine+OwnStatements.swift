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
        var own: [(name: [UInt8], statement: StatementID)] = []
        client.pointee.statements.forEachName { own.append(($0, $1)) }
        // A Close that an error has undone may have left one there.
        for (name, _) in own where server.pointee.isShowing { closeOnServer(server, name) }
        server.pointee.extras.shown = []
        server.pointee.isShowing = true
        server.pointee.needs(.discardAll)
        injectSync(server)
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

    /// A Close of what the server shows under that name is about to be sent.
    func hide(_ name: RawSpan, on server: ServerPointer) {
        server.pointee.extras.shown.removeAll { $0.span.bytes.isEqual(to: name) }
    }
}
