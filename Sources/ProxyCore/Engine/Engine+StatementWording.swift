import Bytes
import PostgresWire
import StatementRouting

/// Errors and notices of a server in the client's words.
extension Engine {
    /// The body of the server's error in answer to an EXECUTE, as the client is to see it.
    func executeError(_ body: RawSpan, _ entry: LedgerEntry, _ client: ClientPointer, _ server: ServerPointer)
        -> [UInt8]
    {
        if let error = server.pointee.extras.ahead.error {
            // The statement itself could not be prepared: EXECUTE would have said so.
            server.pointee.extras.ahead = .nothing
            return error
        }
        return reworded(body, entry, client)
    }

    /// A server's error or notice in the client's words: with the client's name for the statement, and positions in
    /// the client's text.
    func reworded(_ body: RawSpan, _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        let proxyName = name(of: entry.serial)
        let start = Int(entry.nameStart)
        var changed: [UInt8] = []
        var offset = 0
        while offset < body.byteCount, body.byte(at: offset) != 0, let end = body.firstZero(from: offset + 1) {
            let field = body.byte(at: offset)
            var value = body.array(offset + 1..<end)
            if field == ErrorFields.position, entry.isExchanged || entry.nameSize > 0,
                var position = Int(body.text(offset + 1..<end))
            {
                if entry.nameSize > 0, position > start {
                    let isBehind = position > start + proxyName.count
                    // A server may say any number.
                    position = isBehind ? position &- proxyName.count &+ Int(entry.nameSize) : start + 1
                }
                if entry.isExchanged, let server = servers[client.pointee.server] {
                    position = ExchangedPlace.position(position, server.pointee.extras.exchanged)
                }
                value = Array("\(position)".utf8)
            } else if field != ErrorFields.position {
                value = withOwnNames(value, entry, client)
            }
            changed.append(field)
            changed += value
            changed.append(0)
            offset = end + 1
        }
        changed.append(0)
        return changed
    }

    /// Statements are told by the client's names for them, those that it has none for as the unnamed one.
    private func withOwnNames(_ value: [UInt8], _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        var value = value
        var offset = 0
        while let (range, serial) = StatementSerial.find(in: value.span.bytes, from: offset) {
            let name = ownName(of: serial, entry, client)
            value.replaceSubrange(range, with: name)
            offset = range.lowerBound + name.count
        }
        return value
    }

    private func ownName(of serial: StatementSerial, _ entry: LedgerEntry, _ client: ClientPointer) -> [UInt8] {
        if entry.serial == serial, entry.namePlace.index != ClientStatements.Place.nowhere.index {
            if entry.namePlace.index == ClientStatements.Place.unnamed.index { return [] }
            return client.pointee.statements.name(at: entry.namePlace)
        }
        return client.pointee.statements.name { id in
            statements[id].pointee.serial == serial
        } ?? []
    }
}
