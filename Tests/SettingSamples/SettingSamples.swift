import Configuration

/// Values for tests that go through every setting.
extension SettingDefinition {
    /// A valid value that is not the default.
    package var otherValue: String {
        switch kind {
        case .boolean: defaultText == "on" ? "off" : "on"
        case .integer(let range):
            // The lower bound itself is often "no limit", which is the default of databases and users.
            "\(range.lowerBound + 1)" == defaultText ? "\(range.lowerBound)" : "\(range.lowerBound + 1)"
        case .duration: "7s"
        case .size(let range):
            // These three have others that must stay below them.
            switch name {
            case .bufferMemory: "2MB"
            case .clientBufferLimit, .sendHighWater: "128kB"
            default: "\(range.lowerBound + 1)"
            }
        case .choice(let names): names.first { $0 != defaultText } ?? ""
        case .text, .list: name == .unixSocketDirectory ? "/tmp" : "another"
        case .secret: "another"
        case .conninfo: "host=another"
        }
    }
}
