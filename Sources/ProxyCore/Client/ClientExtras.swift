import Authentication
import PostgresWire

/// What few clients need, and those for a short time: kept off the session's slot.
final class ClientExtras {
    var authenticator: ClientAuthenticator?
    var version = ProtocolVersion.v3_0
    var user = ""
    var database = ""
    var replication = ReplicationMode.off
    /// The start-up packet's settings.
    var settings: [SessionSetting] = []
    /// The BEGIN that has been answered and not sent, with the SET TRANSACTION that followed it.
    var begin = ""
    /// The error that the next batch gets instead of a server.
    var refusal: PostgresError?
    /// Of a client of the admin console.
    var console: ConsoleSession?
    /// What the cycle in flight does to the session's settings if it ends well.
    var pendingSettings: [SettingsJournal.Step] = []
    /// A COMMIT follows them in the same cycle.
    var commitsPending = false
    /// What the transaction has done to them so far.
    var journal = SettingsJournal()
    /// The cycle in flight ends the transaction, though another is open behind it (AND CHAIN).
    var endsTransaction = false
    /// Whether the last command tag was ROLLBACK: a COMMIT of a failed transaction is one too.
    var hasRolledBack = false
}
