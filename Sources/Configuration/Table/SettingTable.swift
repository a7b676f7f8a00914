/// The one source of every setting: its sections, kind, range, default and description.
package enum SettingTable {
    /// In the order of the example file and of the reference.
    package static let definitions: [SettingDefinition] =
        connections + authentication + pools + routing + consistency + preparedStatements + buffers + eventLoop
        + monitoring + discovery + failover + coordination + log + nodes + databases

    package static func definition(of name: SettingName) -> SettingDefinition {
        guard let definition = byName[name] else { fatalError("\(name.rawValue) is missing in the table of settings") }
        return definition
    }

    static func defaultValue(of name: SettingName) -> SettingValue {
        guard let value = defaults[name] else { fatalError("\(name.rawValue) has no default that it would accept") }
        return value
    }

    static func names(in scope: SettingScope) -> [SettingName] {
        definitions.filter { $0.scopes.contains(scope) }.map(\.name)
    }

    /// Settings that a reload leaves as they are.
    static let fixedNames = Set(definitions.filter { $0.change == .restart }.map(\.name))

    private static let byName = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })

    private static let defaults: [SettingName: SettingValue] = byName.compactMapValues { definition in
        try? definition.kind.parse(definition.defaultText)
    }

    // Shorthands of the rows below.

    static let proxyOnly: [SettingScope] = [.proxy]
    /// The proxy's value, which a database may override, and a user again.
    static let perPool: [SettingScope] = [.proxy, .database, .user]
    static let longestTime = Duration.seconds(86_400 * 365)
    /// A wait that must end: every wait has a limit.
    static let boundedWait = SettingKind.duration(unit: .seconds, .milliseconds(1)...longestTime, zeroDisables: false)
    static let optionalTime = SettingKind.duration(unit: .seconds, .milliseconds(1)...longestTime, zeroDisables: true)
    static let memory = SettingKind.size((1 << 20)...(1 << 40))

    static func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> SettingKind
    where Choice.RawValue == String {
        .choice(Choice.allCases.map(\.rawValue))
    }
}
