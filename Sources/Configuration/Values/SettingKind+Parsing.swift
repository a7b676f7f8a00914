extension SettingKind {
    /// Why a text is no value of a setting. `hint` goes behind the general "it takes …".
    struct ValueError: Error, Equatable {
        var hint: String?
    }

    /// Reads a value; the text is what stood between the quotes, if there were any.
    func parse(_ text: String) throws(ValueError) -> SettingValue {
        switch self {
        case .boolean: return .boolean(try Self.boolean(text))
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else { throw ValueError() }
            return .integer(number)
        case .duration(let unit, let range, let zeroDisables):
            let duration = try Self.duration(text, bareUnit: unit)
            guard range.contains(duration) || (zeroDisables && duration == .zero) else { throw ValueError() }
            return .duration(duration)
        case .size(let range):
            let bytes = try Self.size(text)
            guard range.contains(bytes) else { throw ValueError() }
            return .size(bytes)
        case .choice(let names):
            let lowercased = text.lowercased()
            guard names.contains(lowercased) else {
                throw ValueError(hint: NearestName.of(lowercased, among: names).map { "did you mean \"\($0)\"?" })
            }
            return .choice(lowercased)
        case .text: return .text(text)
        case .list: return .list(try Self.list(text))
        case .secret, .conninfo: return .secret(Secret(text))
        }
    }

    private static func boolean(_ text: String) throws(ValueError) -> Bool {
        switch text.lowercased() {
        case "on", "true", "yes", "1": return true
        case "off", "false", "no", "0": return false
        default: throw ValueError()
        }
    }

    private static func list(_ text: String) throws(ValueError) -> [String] {
        if text.trimmed.isEmpty { return [] }
        let items = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        guard !items.contains("") else { throw ValueError(hint: "an item is empty") }
        return items
    }

    private static func duration(_ text: String, bareUnit: DurationUnit) throws(ValueError) -> Duration {
        let quantity = try Quantity(text)
        guard let unit = quantity.unit.isEmpty ? bareUnit : DurationUnit(rawValue: quantity.unit) else {
            throw unknownUnit(quantity.unit, known: DurationUnit.allCases.map(\.rawValue))
        }
        return .microseconds(try quantity.count(of: unit.microseconds))
    }

    private static func size(_ text: String) throws(ValueError) -> Int {
        let quantity = try Quantity(text)
        guard let unit = quantity.unit.isEmpty ? SizeUnit.bytes : SizeUnit(rawValue: quantity.unit) else {
            throw unknownUnit(quantity.unit, known: SizeUnit.allCases.map(\.rawValue))
        }
        return try quantity.count(of: unit.bytes)
    }

    /// Units are told apart by capitals, as in postgresql.conf; a slip there is named.
    private static func unknownUnit(_ unit: String, known: [String]) -> ValueError {
        if let meant = known.first(where: { $0.lowercased() == unit.lowercased() }) {
            return ValueError(hint: "the unit is written \"\(meant)\"")
        }
        return ValueError(hint: "its units are " + known.joined(separator: ", "))
    }
}
