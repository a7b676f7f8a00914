import Authentication
import PostgresWire

/// What few clients need, and those for a short time: kept off the session's slot.
final class ClientExtras {
    var authenticator: ClientAuthenticator?
    /// While it is authenticating.
    var awaits = Awaited.client
    var version = ProtocolVersion.v3_0
    var user = ""
    var database = ""
    var replication = ReplicationMode.off
    /// The start-up packet's settings.
    var settings: [SessionSetting] = []
    var ownSettings = OwnSettings()
    var position: SessionPosition?
    /// The BEGIN that has been answered and not sent, with the SET TRANSACTION that followed it.
    var begin = ""
    /// The error that the next batch gets instead of a server.
    var refusal: PostgresError?
    /// Of a client of the admin console.
    var console: ConsoleSession?
    /// What the cycle in flight does to the session's settings if it ends well.
    var pendingSettings: [SettingsJournal.Step] = []
    /// The parameters of the last Bind of a statement that calls set_config: they may be names of settings.
    var bound: [String?] = []
    /// What must be asked for when the transaction is over.
    var doubts = SettingDoubts()
    /// What the server is being asked.
    var inquiry: SettingsInquiry?
    /// What the transaction has done to them so far.
    var journal = SettingsJournal()
    /// What transactions that have committed in the cycle under way have done to settings: it holds, whatever follows
    /// in their text or batch.
    var committedSettings: [SettingChange] = []
    /// The statements under way whose tags may be ROLLBACK, in order.
    var ends: [End] = []
    /// What transactions that have committed in the cycle under way have done to channels.
    var committedChannels: [ChannelChange] = []
    /// A transaction is over that has changed settings of Howdah's own.
    var hasSettledOwn = false
    /// RESET ALL is among what the cycle in flight does.
    var resetsOwnSettings = false

    /// What a statement does whose tag may be ROLLBACK.
    enum End {
        case transaction
        case goesBack(toSavepoint: String)
    }

    /// What a client's log-in goes on with.
    enum Awaited {
        /// Its own next message.
        case client
        /// What the shell has been asked for.
        case credential
        case key
    }

    /// A LISTEN or UNLISTEN has run, and with it all that was sent before it.
    func channelHasChanged() {
        let isChannel: (SettingsJournal.Step) -> Bool = { if case .channel = $0 { true } else { false } }
        guard let index = pendingSettings.firstIndex(where: isChannel) else { return }
        for step in pendingSettings[...index] { journal.apply(step) }
        pendingSettings.removeFirst(index + 1)
    }

    /// Whether the changes of the cycle in flight hold is not known: transactions begin or end among them.
    func doubtPending() {
        for case .change(let change) in pendingSettings { doubts.addWhole(change) }
    }

    /// The same for those that the transaction has made before it.
    func doubtJournal() {
        doubtPending()
        journal.forEachChange { doubts.addWhole($0) }
    }
}
