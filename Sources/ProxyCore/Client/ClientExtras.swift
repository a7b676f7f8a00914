import Authentication
import PostgresWire

/// What few clients need, and those for a short time: kept off the session's slot.
final class ClientExtras {
    var authenticator: ClientAuthenticator?
    var version = ProtocolVersion.v3_0
    var user = ""
    var database = ""
    /// The start-up packet's settings.
    var settings: [SessionSetting] = []
    /// The BEGIN that has been answered and not sent, with the SET TRANSACTION that followed it.
    var begin = ""
    /// The error that the next batch gets instead of a server.
    var refusal: PostgresError?
    /// Changes of settings that hold once the cycle in flight has ended well.
    var pendingSettings: [SettingChange] = []
}
