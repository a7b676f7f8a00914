/// Values of several sections laid over each other, the most specific first; below all of them lie the defaults.
struct SettingLayers: Sendable, Equatable {
    typealias Values = [SettingName: SettingValue]

    private let layers: [Values]

    init(_ layers: [Values]) { self.layers = layers }

    func value(_ name: SettingName) -> SettingValue {
        for layer in layers {
            if let value = layer[name] { return value }
        }
        return SettingTable.defaultValue(of: name)
    }

    func isSet(_ name: SettingName) -> Bool { layers.contains { $0[name] != nil } }

    // A setting read as another kind than the table gives it is a slip in this module, which its tests meet.

    func boolean(_ name: SettingName) -> Bool {
        guard case .boolean(let isOn) = value(name) else { wrongKind(name) }
        return isOn
    }

    func integer(_ name: SettingName) -> Int {
        guard case .integer(let number) = value(name) else { wrongKind(name) }
        return number
    }

    /// Nil for 0, which means "no limit" wherever this is used.
    func limit(_ name: SettingName) -> Int? {
        let number = integer(name)
        return number == 0 ? nil : number
    }

    func duration(_ name: SettingName) -> Duration {
        guard case .duration(let duration) = value(name) else { wrongKind(name) }
        return duration
    }

    /// 0 means "never" wherever that is allowed.
    func microseconds(_ name: SettingName) -> Int64 { duration(name).wholeMicroseconds }

    /// Nil for 0, which means "never" wherever this is used.
    func optionalDuration(_ name: SettingName) -> Duration? {
        let duration = duration(name)
        return duration == .zero ? nil : duration
    }

    func size(_ name: SettingName) -> Int {
        guard case .size(let bytes) = value(name) else { wrongKind(name) }
        return bytes
    }

    func choice<Choice: RawRepresentable>(_ name: SettingName) -> Choice where Choice.RawValue == String {
        guard case .choice(let text) = value(name), let choice = Choice(rawValue: text) else { wrongKind(name) }
        return choice
    }

    func text(_ name: SettingName) -> String {
        guard case .text(let text) = value(name) else { wrongKind(name) }
        return text
    }

    /// Nil for the empty text.
    func optionalText(_ name: SettingName) -> String? {
        let text = text(name)
        return text.isEmpty ? nil : text
    }

    func list(_ name: SettingName) -> [String] {
        guard case .list(let items) = value(name) else { wrongKind(name) }
        return items
    }

    /// Nil for the empty one.
    func secret(_ name: SettingName) -> Secret? {
        guard case .secret(let secret) = value(name) else { wrongKind(name) }
        return secret.isEmpty ? nil : secret
    }

    private func wrongKind(_ name: SettingName) -> Never {
        fatalError("\(name.rawValue) is read as a kind that it is not")
    }
}
