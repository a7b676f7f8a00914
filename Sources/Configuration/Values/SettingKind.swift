/// What a setting's value looks like, and which values it may have.
package enum SettingKind: Sendable, Equatable {
    case boolean
    case integer(ClosedRange<Int>)
    /// `unit` is that of a bare number. With `zeroDisables`, 0 is allowed beside the range and means "none".
    case duration(unit: DurationUnit, ClosedRange<Duration>, zeroDisables: Bool)
    /// Bytes.
    case size(ClosedRange<Int>)
    case choice([String])
    case text
    /// Separated by commas.
    case list
    case secret
    /// A libpq conninfo string or URI; secret, because it may hold a password.
    case conninfo

    var isSecret: Bool { self == .secret || self == .conninfo }

    /// Whether any text at all may be a value, so that there is nothing to say of it.
    var isFree: Bool {
        switch self {
        case .text, .list, .secret, .conninfo: true
        case .boolean, .integer, .duration, .size, .choice: false
        }
    }

    /// "an integer from 1 to 65535": fits after "it takes".
    var expectation: String {
        switch self {
        case .boolean: "on or off"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .duration(_, let range, let zeroDisables):
            "a time from \(DurationUnit.render(range.lowerBound)) to \(DurationUnit.render(range.upperBound))"
                + (zeroDisables ? ", or 0" : "")
        case .size(let range):
            "a size from \(SizeUnit.render(range.lowerBound)) to \(SizeUnit.render(range.upperBound))"
        case .choice(let names):
            names.count == 2 ? "\(names[0]) or \(names[1])" : "one of " + names.joined(separator: ", ")
        case .text: "text"
        case .list: "a list separated by commas"
        case .secret: "text"
        case .conninfo: "a libpq connection string or URI"
        }
    }

    /// The same, short, for a column of the reference.
    var summary: String {
        switch self {
        case .boolean: "`on`, `off`"
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .duration(let unit, let range, let zeroDisables):
            (zeroDisables ? "0 or " : "") + DurationUnit.render(range.lowerBound) + " to "
                + DurationUnit.render(range.upperBound) + " (bare number: \(unit.rawValue))"
        case .size(let range): "\(SizeUnit.render(range.lowerBound)) to \(SizeUnit.render(range.upperBound))"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .text: "text"
        case .list: "list"
        case .secret: "text, never shown"
        case .conninfo: "libpq conninfo or URI"
        }
    }
}
