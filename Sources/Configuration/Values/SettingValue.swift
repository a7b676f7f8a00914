/// A value that has passed its setting's check of form and range.
enum SettingValue: Sendable, Equatable {
    case boolean(Bool)
    case integer(Int)
    case duration(Duration)
    /// Bytes.
    case size(Int)
    /// One of the setting's names, in the spelling of the table.
    case choice(String)
    case text(String)
    case list([String])
    case secret(Secret)

    /// As one would write it in the file, without quotes; a secret is never shown.
    var rendered: String {
        switch self {
        case .boolean(let isOn): isOn ? "on" : "off"
        case .integer(let number): String(number)
        case .duration(let duration): DurationUnit.render(duration)
        case .size(let bytes): SizeUnit.render(bytes)
        case .choice(let name): name
        case .text(let text): text
        case .list(let items): items.joined(separator: ", ")
        case .secret(let secret): secret.description
        }
    }
}
