import ProxyTerms

/// Everything that an operator can decide: checked, resolved and immutable. A reload makes a new one.
package struct Configuration: Sendable, Equatable {
    package let proxy: ProxySettings
    /// What holds for the clients and servers of each database and user.
    package let pools: PoolRules
    /// At least one; names and endpoints are unique. In the order in which they were given.
    package let nodes: [NodeSettings]

    /// Of each section, by its header.
    private let sections: [ConfigurationSection: SettingLayers.Values]

    init(sections: [ConfigurationSection: SettingLayers.Values], nodes: [NodeSettings]) {
        self.sections = sections
        self.nodes = nodes
        proxy = ProxySettings(SettingLayers([sections[.proxy] ?? [:]]))
        pools = PoolRules(sections)
    }

    /// Reads and checks everything that configures a proxy.
    ///
    /// - Parameters:
    ///   - file: Path of proxy.conf, or nil for none. Messages show it as given.
    ///   - environment: All variables of the process; those that do not begin with `HOWDAH_` are passed over. A setting
    ///     here beats the file's.
    ///   - nodes: One connection string or URI for each `--node`. Where there is any, `HOWDAH_NODES` and the file's
    ///     `[node]` sections are not used; where there is none, `HOWDAH_NODES` likewise replaces those sections.
    /// - Throws: Every problem found, not only the first.
    package static func load(
        file: String?,
        environment: [String: String],
        nodes: [String]
    ) throws(ConfigurationError) -> Configuration {
        try ConfigurationLoader.load(file: file, environment: environment, nodes: nodes)
    }

    /// The same, but for settings of `[proxy]` that stay as they are in another.
    func keeping(_ names: Set<SettingName>, of other: Configuration) -> Configuration {
        var sections = sections
        for name in names { sections[.proxy, default: [:]][name] = other.sections[.proxy]?[name] }
        return Configuration(sections: sections, nodes: nodes)
    }

    /// A setting of `[proxy]` as it is in effect.
    func value(_ name: SettingName) -> SettingValue {
        // What is meant where it is not set hangs on others.
        if name == .authType { return .choice(proxy.authenticationMethod.rawValue) }
        return SettingLayers([sections[.proxy] ?? [:]]).value(name)
    }

    /// Whether a setting is set in `[proxy]`.
    func sets(_ name: SettingName) -> Bool { sections[.proxy]?[name] != nil }

    /// What the sections of a kind say, by their names.
    func sections(_ scope: SettingScope) -> [String: SettingLayers.Values] {
        var found: [String: SettingLayers.Values] = [:]
        for (section, values) in sections {
            switch section {
            case .proxy: break
            case .node(let name), .database(let name), .user(let name):
                if section.scope == scope { found[name] = values }
            }
        }
        return found
    }

    /// Databases with a section of their own, sorted.
    package var databaseNames: [String] {
        sections.keys.compactMap { section in
            if case .database(let name) = section, name != ConfigurationSection.anyName { name } else { nil }
        }.sorted()
    }

    /// Users with a section, sorted.
    package var userNames: [String] {
        sections.keys.compactMap { section in if case .user(let name) = section { name } else { nil } }.sorted()
    }

    /// The settings of `[proxy]` in the order of the reference, for `SHOW CONFIG`; secrets are not shown.
    package var listing: [SettingListing] {
        SettingTable.definitions.filter { $0.scopes.contains(.proxy) }.map { definition in
            SettingListing(
                name: definition.name.rawValue,
                value: value(definition.name).rendered,
                defaultValue: SettingTable.defaultValue(of: definition.name).rendered,
                change: definition.change
            )
        }
    }
}

extension Configuration: CustomStringConvertible {
    /// What differs from the defaults, a section a line, for the log; secrets are not shown.
    package var description: String {
        let proxyLine = Self.line(.proxy, sections[.proxy] ?? [:])
        let nodeLines = nodes.map { node in
            "[node \(node.name)] host = \(node.host), port = \(node.port), weight = \(node.weight), "
                + "priority = \(node.priority), nofailover = \(node.nofailover ? "on" : "off"), "
                + "monitor_user = \(node.monitorUser), monitor_password = \(node.monitorPassword?.description ?? ""), "
                + "monitor_database = \(node.monitorDatabase)"
        }
        let others = sections.filter { $0.key.scope == .database || $0.key.scope == .user }
            .map { Self.line($0.key, $0.value) }.sorted()
        return ([proxyLine] + nodeLines + others).joined(separator: "\n")
    }

    private static func line(_ section: ConfigurationSection, _ values: SettingLayers.Values) -> String {
        let settings = values.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.rawValue) = \($1.rendered)" }
        return settings.isEmpty ? "\(section)" : "\(section) " + settings.joined(separator: ", ")
    }
}

/// One row of `SHOW CONFIG`.
package struct SettingListing: Sendable, Equatable {
    package let name: String
    /// As one would write it in the file, in its largest exact unit; a secret as asterisks.
    package let value: String
    package let defaultValue: String
    package let change: SettingChange
}
