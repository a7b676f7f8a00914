/// The kind of section that a setting may stand in.
package enum SettingScope: String, CaseIterable, Sendable {
    case proxy
    case node
    case database
    case user

    /// The section's header as a user writes it.
    var header: String { self == .proxy ? "[proxy]" : "[\(rawValue) NAME]" }
}
