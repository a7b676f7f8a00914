/// What a reload comes to, as plain data: what holds from now on, what of that is new, and what stays as it was.
package struct ConfigurationChange: Sendable, Equatable {
    /// A setting that waits for a restart.
    package struct Kept: Sendable, Equatable {
        package let name: SettingName
        /// As in `SettingListing.value`: what is in effect, and what was asked for.
        package let value: String
        package let wanted: String
    }

    /// Names of what is new, gone, or another than before.
    package struct Names: Sendable, Equatable {
        package private(set) var added: [String] = []
        package private(set) var removed: [String] = []
        package private(set) var changed: [String] = []

        /// - Parameters: what there is by name, before and after.
        init<Value: Equatable>(_ old: [String: Value], _ new: [String: Value]) {
            added = new.keys.filter { old[$0] == nil }.sorted()
            removed = old.keys.filter { new[$0] == nil }.sorted()
            changed = new.filter { name, value in old[name].map { $0 != value } ?? false }.keys.sorted()
        }

        var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

        fileprivate func words(_ kind: String) -> [String] {
            [("added", added), ("removed", removed), ("changed", changed)].compactMap { verb, names in
                names.isEmpty ? nil : "\(kind) \(names.joined(separator: ", ")) \(verb)"
            }
        }
    }

    /// All that is in effect from now on.
    package let effective: Configuration
    /// Settings of `[proxy]` with another value than before, in the order of the reference.
    package let changed: [SettingName]
    /// Settings that differ and need a restart, in the same order.
    package let kept: [Kept]
    package let nodes: Names
    package let databases: Names
    package let users: Names

    /// - Parameters:
    ///   - current: what is in effect.
    ///   - wanted: what has been read.
    package init(from current: Configuration, to wanted: Configuration) {
        let effective = wanted.keeping(SettingTable.fixedNames, of: current)
        let names = SettingTable.names(in: .proxy)
        self.effective = effective
        changed = names.filter { effective.value($0) != current.value($0) }
        kept = names.compactMap { name in
            let (value, wish) = (effective.value(name), wanted.value(name))
            guard SettingTable.fixedNames.contains(name), value != wish else { return nil }
            return Kept(name: name, value: value.rendered, wanted: wish.rendered)
        }
        nodes = Names(Self.byName(current.nodes), Self.byName(effective.nodes))
        databases = Names(current.sections(.database), effective.sections(.database))
        users = Names(current.sections(.user), effective.sections(.user))
    }

    private static func byName(_ nodes: [NodeSettings]) -> [String: NodeSettings] {
        Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
    }

    package var isEmpty: Bool {
        changed.isEmpty && kept.isEmpty && nodes.isEmpty && databases.isEmpty && users.isEmpty
    }

    /// What is new, for the log; secrets are not shown.
    package var summary: String {
        let settings = changed.map { "\($0.rawValue) = \(effective.value($0).rendered)" }
        let others = nodes.words("node") + databases.words("database") + users.words("user")
        let all = settings + others
        return all.isEmpty ? "no setting has changed" : all.joined(separator: "; ")
    }
}

/// Where a configuration comes from, so that it can be read again.
package struct ConfigurationSource: Sendable {
    private let file: String?
    private let environment: [String: String]
    private let nodes: [String]

    /// - Parameters: those of `Configuration.load`.
    package init(file: String?, environment: [String: String], nodes: [String]) {
        self.file = file
        self.environment = environment
        self.nodes = nodes
    }

    package func load() throws(ConfigurationError) -> Configuration {
        try Configuration.load(file: file, environment: environment, nodes: nodes)
    }

    /// Reads everything again.
    /// - Throws: as `load`, and where what has been read and what must stay as it is contradict each other.
    package func change(from current: Configuration) throws(ConfigurationError) -> ConfigurationChange {
        let wanted = try ConfigurationLoader.load(
            file: file,
            environment: environment,
            nodes: nodes,
            besides: current
        )
        return ConfigurationChange(from: current, to: wanted)
    }
}
