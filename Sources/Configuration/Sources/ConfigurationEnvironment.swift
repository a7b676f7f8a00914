/// Settings from environment variables: `HOWDAH_LISTEN_PORT` and the like for `[proxy]`; `HOWDAH_NODES`,
/// `HOWDAH_DATABASES` and `HOWDAH_USERS` for the sections with names.
struct ConfigurationEnvironment {
    private static let prefix = "HOWDAH_"
    private static let nodesVariable = "HOWDAH_NODES"
    private static let sectionVariables: [String: SettingScope] = [
        "HOWDAH_DATABASES": .database, "HOWDAH_USERS": .user,
    ]
    /// Not settings of the proxy: the demonstration, the tests, and where the PostgreSQL programs of both are.
    private static let foreignPrefixes = ["HOWDAH_DEMO_", "HOWDAH_TEST_", "HOWDAH_PG_BIN"]

    private(set) var draft = ConfigurationDraft()
    /// Connection strings of `HOWDAH_NODES`; nil where the variable is not there.
    private(set) var nodes: [(conninfo: String, location: ConfigurationLocation)]?

    init(_ environment: [String: String]) {
        // Sorted, so that the same mistakes are always told in the same order.
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix(Self.prefix) {
            if Self.foreignPrefixes.contains(where: variable.hasPrefix) { continue }
            read(variable, text)
        }
    }

    private mutating func read(_ variable: String, _ text: String) {
        let location = ConfigurationLocation.environment(variable: variable)
        if variable == Self.nodesVariable {
            nodes = Self.items(text).map { ($0, location) }
        } else if let scope = Self.sectionVariables[variable] {
            for item in Self.items(text) { readSection(item, scope, location) }
        } else if let name = SettingTable.names(in: .proxy).first(where: { $0.environmentVariable == variable }) {
            draft.assign(name, text, in: .proxy, at: location, nameAt: location)
        } else {
            let known = SettingTable.names(in: .proxy).map(\.environmentVariable) + Self.sectionVariables.keys.sorted()
            // Compared without the prefix that all have in common.
            let bare = (known + [Self.nodesVariable]).map { String($0.dropFirst(Self.prefix.count)) }
            let nearest = NearestName.of(String(variable.dropFirst(Self.prefix.count)), among: bare)
            let suggestion = nearest.map { "; did you mean \(Self.prefix)\($0)?" } ?? ""
            draft.problems.add(location, "there is no such setting\(suggestion)")
        }
    }

    /// `NAME: pool_size=5 pool_mode=session`, in the notation of a connection string.
    private mutating func readSection(_ item: String, _ scope: SettingScope, _ location: ConfigurationLocation) {
        guard let colon = item.firstIndex(of: ":") else {
            draft.problems.add(location, "expected NAME: setting=value …, with \";\" before the next name")
            return
        }
        let name = String(item[..<colon]).trimmed
        let isAllowed = !name.isEmpty && (scope == .database || name != ConfigurationSection.anyName)
        guard isAllowed, let section = ConfigurationSection(scope: scope, name: name) else {
            draft.problems.add(location, "expected the name of a \(scope.rawValue) before the \":\"")
            return
        }
        guard draft.open(section, at: location) else { return }
        do {
            for (name, value) in try ConninfoScanner.assignments(String(item[item.index(after: colon)...])) {
                guard let setting = draft.resolve(name, in: section, at: location) else { continue }
                draft.assign(setting, value, in: section, at: location, nameAt: location)
            }
        } catch {
            draft.problems.add(location, "\(section): \(error.message)")
        }
    }

    /// Pieces between semicolons outside single quotes.
    private static func items(_ text: String) -> [String] {
        var items: [String] = []
        var item = ""
        var isQuoted = false
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if scalar == ";" && !isQuoted && !isEscaped {
                items.append(item)
                item = ""
                continue
            }
            if scalar == "'" && !isEscaped { isQuoted.toggle() }
            isEscaped = scalar == "\\" && !isEscaped
            item.unicodeScalars.append(scalar)
        }
        return (items + [item]).map(\.trimmed).filter { !$0.isEmpty }
    }
}
