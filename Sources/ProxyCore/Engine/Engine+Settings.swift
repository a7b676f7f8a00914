import Bytes
import PostgresWire
import StatementRouting

/// How a server comes by the settings of the session that is to use it.
extension Engine {
    /// From so many changes on they are sent as values of a prepared statement: to parse and plan a text with ten calls of
    /// set_config costs a server several times what it costs to run it.
    static let manySettings = 3
    /// Up to so many: the text of each number of changes is kept.
    private static let mostPrepared = 64

    /// Puts what brings the server to the client's settings in front of the client's own messages.
    func injectSettings(_ client: ClientPointer, _ server: ServerPointer) {
        let current = server.pointee.profile
        let wanted = client.pointee.profile
        profiles.retain(wanted)
        server.pointee.profile = wanted
        if let changes = profiles.changes(from: current, to: wanted),
            Self.manySettings...Self.mostPrepared ~= changes.count, let statement = settingsStatement(changes.count)
        {
            injectValues(changes, statement, server)
        } else {
            inject(server, profiles.statement(from: current, to: wanted), purpose: .settings)
        }
        profiles.release(current)
    }

    /// The statement that makes so many changes, as a client could have prepared it; nil where there is no room for it.
    private func settingsStatement(_ count: Int) -> StatementID? {
        while settingsBodies.count <= count { settingsBodies.append(Self.settingsBody(settingsBodies.count)) }
        let body = settingsBodies[count]
        if let id = statements.find(body.span.bytes) { return id }
        return statements.intern(
            body.span.bytes,
            textSize: body.count - 3,
            statementClass: StatementClass(access: .read, reason: .sessionCommand),
            classStamp: 0
        )
    }

    /// Text, its zero, and that no types of parameters are given.
    private static func settingsBody(_ count: Int) -> [UInt8] {
        let calls = (0..<count).map { "pg_catalog.set_config($\(2 * $0 + 1),$\(2 * $0 + 2),false)" }
        return Array(("SELECT " + calls.joined(separator: ",")).utf8) + [0, 0, 0]
    }

    /// A cycle of its own: part of the client's, it would be undone with that.
    private func injectValues(_ changes: [(name: String, value: String?)], _ id: StatementID, _ server: ServerPointer) {
        let serial = statements[id].pointee.serial
        if !server.pointee.statements.use(serial) {
            injectParse(id, isShared: true, isAgain: false, server)
            server.pointee.ledger[server.pointee.ledger.count - 1].purpose = .settings
        }
        var parameters: [[UInt8]?] = []
        parameters.reserveCapacity(2 * changes.count)
        for change in changes {
            parameters.append(Array(change.name.utf8))
            parameters.append(change.value.map { Array($0.utf8) })
        }
        var builder = MessageBuilder()
        builder.bind(
            portal: "",
            statement: String(decoding: name(of: serial), as: UTF8.self),
            parameters: parameters
        )
        builder.execute(portal: "", maximumRows: 0)
        builder.sync()
        server.pointee.output.append(builder.bytes, from: buffers)
        for kind in [LedgerEntry.Kind.bind, .execute, .sync] {
            var entry = LedgerEntry(kind, .swallow)
            entry.purpose = .settings
            server.pointee.ledger.append(entry)
        }
        touch(server)
    }
}
