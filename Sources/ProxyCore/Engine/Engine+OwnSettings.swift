import PostgresWire
import ProxyTerms

/// `howdah.route`, `howdah.read_your_writes` and `howdah.transaction_reads` of a session, which no server hears of.
/// They are kept where they are looked at; `OwnSettingsJournal` knows what they go back to.
extension Engine {
    /// What the start-up packet says of them.
    func beginOwnSettings(_ client: ClientPointer, _ extras: ClientExtras) {
        if let position = extras.position { require(position, client) }
        guard extras.ownSettings != OwnSettings() else { return }
        consistency(of: client).journal.start = extras.ownSettings
        setOwnSettings(extras.ownSettings, client)
    }

    func changeOwnSettings(_ client: ClientPointer, isLocal: Bool, _ change: (inout OwnSettings) -> Void) {
        let consistency = consistency(of: client)
        var settings = ownSettings(of: client)
        let isInTransaction = client.pointee.transaction != .none
        consistency.journal.change(&settings, isLocal: isLocal, isInTransaction: isInTransaction, change)
        // How the transaction ends is told to those who have them.
        if isInTransaction { _ = extras(of: client) }
        setOwnSettings(settings, client)
    }

    /// RESET ALL or DISCARD ALL.
    func resetOwnSettings(_ client: ClientPointer) {
        let start = client.pointee.consistency?.journal.start ?? OwnSettings()
        if ownSettings(of: client) == start, client.pointee.consistency?.journal.isOpen != true { return }
        changeOwnSettings(client, isLocal: false) { $0 = start }
    }

    /// A cycle has ended, well or not.
    /// - Returns: whether they were reset, or a transaction that has changed some is over.
    func settleOwnSettings(
        _ client: ClientPointer,
        _ extras: ClientExtras,
        _ server: ServerPointer,
        hasFailed: Bool
    ) -> Bool {
        let wereReset = extras.resetsOwnSettings
        if wereReset {
            extras.resetsOwnSettings = false
            if !hasFailed { resetOwnSettings(client) }
        }
        let wereSettled = extras.hasSettledOwn
        extras.hasSettledOwn = false
        guard client.pointee.consistency?.journal.isOpen == true, server.pointee.conversation.status == .idle else {
            return wereReset || wereSettled
        }
        // No tag has told of its end.
        ownTransactionEnded(client, committed: !hasFailed)
        return true
    }

    /// The transaction is over that may have changed some.
    func ownTransactionEnded(_ client: ClientPointer, committed: Bool) {
        guard let settings = client.pointee.consistency?.journal.end(committed: committed) else { return }
        setOwnSettings(settings, client)
    }

    /// What few clients need goes, but for what the end of a transaction is to be told to.
    func dropExtras(_ client: ClientPointer) {
        client.pointee.extras = nil
        if client.pointee.consistency?.journal.isOpen == true { _ = extras(of: client) }
    }

    private func ownSettings(of client: ClientPointer) -> OwnSettings {
        OwnSettings(
            route: client.pointee.preference,
            readYourWrites: client.pointee.consistency?.mode,
            transactionReads: client.pointee.consistency?.transactionReads
        )
    }

    private func setOwnSettings(_ settings: OwnSettings, _ client: ClientPointer) {
        let consistency = consistency(of: client)
        client.pointee.preference = settings.route
        consistency.transactionReads = settings.transactionReads
        guard consistency.mode != settings.readYourWrites else { return }
        consistency.mode = settings.readYourWrites
        readYourWritesChanged(client)
    }
}
