import Bytes
import PostgresWire
import StatementRouting

/// A client has reset what came with its start-up packet: before it gets ReadyForQuery the server has the start value
/// again, and the client has been told no other.
extension Engine {
    /// Notes what a statement that is about to be sent resets.
    func noteStartReset(
        _ statementClass: StatementClass,
        _ text: RawSpan,
        _ client: ClientPointer,
        _ server: ServerPointer
    ) {
        if statementClass.transaction != .none, server.pointee.resetsToStart {
            server.pointee.extras.startReset.doubt()
        }
        guard client.pointee.startProfile != .base,
            statementClass.effects.meets(.set | .reset | .setConfig | .discard),
            let commands = parse(text, client)
        else { return }
        server.pointee.extras.startReset.note(
            commands,
            callsSetConfig: statementClass.effects.contains(.setConfig),
            parameters: client.pointee.extras?.bound ?? [],
            start: profiles.settings(of: client.pointee.startProfile)
        )
        server.pointee.resetsToStart = !server.pointee.extras.startReset.isEmpty
        // What was in doubt goes, too: the next batch is another.
        if !server.pointee.resetsToStart { forgetStartReset(server) }
    }

    /// The cycle in which something was reset has ended.
    /// - Returns: whether ReadyForQuery must wait until the start values are back, in the same transaction.
    func bringsStartBack(_ client: ClientPointer, _ server: ServerPointer, hasFailed: Bool) -> Bool {
        let settings = server.pointee.extras.startReset.settings(of: profiles.settings(of: client.pointee.startProfile))
        guard !hasFailed, server.pointee.conversation.status != .failed, !settings.isEmpty else {
            forgetStartReset(server)
            return false
        }
        let isUncertain = server.pointee.extras.startReset.isUncertain
        inject(server, StartReset.statement(settings, isUncertain: isUncertain), purpose: .startValues)
        return true
    }

    /// The start values are back, or could not be brought back: then the next statement tries again, or the transaction
    /// has failed.
    func startIsBack(_ client: ClientPointer, _ server: ServerPointer, hasFailed: Bool) {
        if !hasFailed {
            let reset = server.pointee.extras.startReset
            let changes = reset.settings(of: profiles.settings(of: client.pointee.startProfile)).map(SettingChange.set)
            let extras = extras(of: client)
            if reset.isUncertain {
                for change in changes { extras.doubts.addWhole(change) }
            } else {
                extras.pendingSettings += changes.map { .change($0) }
            }
        }
        forgetStartReset(server)
    }

    func forgetStartReset(_ server: ServerPointer) {
        server.pointee.resetsToStart = false
        server.pointee.extras.startReset = StartReset()
    }

    /// Whether the value that the server reports is the default to which its RESET has gone.
    func isPassingDefault(_ name: String, _ server: ServerPointer) -> Bool {
        server.pointee.resetsToStart && server.pointee.conversation.ledger.first?.purpose != .startValues
            && !server.pointee.extras.startReset.isUncertain
            && server.pointee.extras.startReset.contains(SessionCommands.folded(name))
    }
}
