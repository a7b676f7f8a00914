import Bytes
import PostgresWire

/// Clients' names for prepared statements, which take memory: bounded for each client, and together with the statements
/// for all.
extension Engine {
    /// Why a client may not have one more name; nil where it may. Names that mean nothing any more make room first,
    /// where no reply can refer to them.
    func refusal(ofName name: RawSpan, _ client: ClientPointer) -> PostgresError? {
        if name.byteCount == 0 || client.pointee.statements.find(name, hash: statements.nameHash.hash(name)) != nil {
            return nil
        }
        let size = ClientStatements.bytes(of: name)
        if client.pointee.statements.bytes + size > options.clientStatementNames {
            let isSettled =
                client.pointee.outstanding == 0 && client.pointee.undo.isEmpty
                && servers[client.pointee.server]?.pointee.conversation.ledger.isEmpty ?? true
            if isSettled { changeNames(client) { $0.compactNow() } }
            if client.pointee.statements.bytes + size > options.clientStatementNames {
                return .tooManyNames(options.clientStatementNames)
            }
        }
        return statements.hasRoom(forName: size) ? nil : .memoryLimit(statements.limit)
    }

    /// Changes a client's names, and what they count.
    @inline(__always)
    func changeNames<Result>(_ client: ClientPointer, _ change: (inout ClientStatements) -> Result) -> Result {
        let before = client.pointee.statements.bytes
        let result = change(&client.pointee.statements)
        statements.nameBytes &+= client.pointee.statements.bytes &- before
        return result
    }
}

extension PostgresError {
    fileprivate static func tooManyNames(_ limit: Int) -> PostgresError {
        PostgresError(
            .error,
            .configurationLimitExceeded,
            "too many names of prepared statements",
            detail: "All names that one client has for prepared statements may take \(limit) bytes together.",
            hint: "Raise client_statement_names, use shorter names, or close statements that are not needed any more."
        )
    }
}
