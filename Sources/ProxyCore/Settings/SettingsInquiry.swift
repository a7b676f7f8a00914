import StatementRouting

/// What a server is asked about a session's settings after they have been changed there, and what follows from its
/// answer.
///
/// A value as a statement has it is not yet the setting's: `SET datestyle = 'ISO'` keeps the order of day and month,
/// SET SESSION AUTHORIZATION takes the role back, a RESET of a custom setting leaves an empty value, and what code has
/// set shows nowhere. What travels is what the server says.
struct SettingsInquiry {
    /// What statements have changed, by their words, in order.
    let changes: [SettingChange]
    /// Settings whose values are asked for.
    let names: [String]
    /// Settings of which it is asked whether the session has set them at all, and to what. Not every user may set what
    /// nobody has set.
    let doubted: [String]
    /// Whether the server tells all that its session has set, for more may have been changed than `changes` says.
    let isComplete: Bool
    /// How often it has been asked in vain: a time limit of the session's own, or a cancel request, may hit the
    /// question.
    var attempts = 0
    /// By name in small letters; nil where there is no such setting.
    private(set) var told: [String: String?] = [:]

    /// How often the same is asked.
    static let mostAttempts = 3

    init(changes: [SettingChange], names: [String], doubted: [String] = [], isComplete: Bool) {
        self.changes = changes
        self.names = names
        self.doubted = doubted
        self.isComplete = isComplete
    }

    /// One row a setting, name and value. `pg_settings` has no custom settings and no role: those are asked for by
    /// name.
    var query: String {
        var parts: [String] = []
        if isComplete {
            let own = SessionSetting.transactionsOwn.map { ProfileStore.literal($0) }.joined(separator: ",")
            parts.append(
                """
                SELECT name,pg_catalog.current_setting(name,true) FROM pg_catalog.pg_settings \
                WHERE source='session' AND name NOT IN (\(own))
                """
            )
        }
        if !isComplete, !doubted.isEmpty {
            let those = doubted.map { ProfileStore.literal($0) }.joined(separator: ",")
            parts.append(
                """
                SELECT name,pg_catalog.current_setting(name,true) FROM pg_catalog.pg_settings \
                WHERE source='session' AND pg_catalog.lower(name) IN (\(those))
                """
            )
        }
        parts += names.map { name in
            let literal = ProfileStore.literal(name)
            return "SELECT \(literal),pg_catalog.current_setting(\(literal),true)"
        }
        return parts.joined(separator: " UNION ALL ")
    }

    mutating func tell(_ name: String, _ value: String?) {
        told[SessionCommands.folded(name)] = .some(value)
    }

    /// A new try: what an earlier one has told is void.
    mutating func beginAnew() {
        attempts += 1
        told = [:]
    }

    /// The settings after the changes.
    /// - Parameters:
    ///   - settings: before them.
    ///   - start: those that a reset brings back.
    ///   - user: as whom the server was logged in to.
    func applied(to settings: [SessionSetting], start: [SessionSetting], user: String) -> [SessionSetting] {
        var after = settings
        for change in changes { after = change.applied(to: after, start: start) }
        if isComplete {
            // What is not told is not set any more.
            after = after.filter { $0.isCustom || $0.isRole }
            after += start.filter { setting in
                !setting.isCustom && !setting.isRole && told[setting.name] == nil
            }
        }
        for name in doubted where told[name] == nil {
            after = after.filter { $0.name != name } + start.filter { $0.name == name }
        }
        for (name, value) in told {
            let written = after.first { $0.name == name }?.value
            after.removeAll { $0.name == name }
            guard let value else { continue }
            let setting = SessionSetting(name: name, value: Self.exact(written, told: value))
            if !setting.isOrdinary(for: user) { after.append(setting) }
        }
        return after
    }

    /// PostgreSQL shows six digits of a number that has more: then what was written is the value.
    static func exact(_ written: String?, told: String) -> String {
        guard let written, written.count > told.count, let exact = Double(written), let shown = Double(told),
            exact != shown, abs(exact - shown) <= abs(exact) * 1e-5
        else { return told }
        return written
    }
}
