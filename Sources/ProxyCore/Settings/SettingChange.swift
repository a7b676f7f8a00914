import StatementRouting

/// What a statement of the client's does to its session's settings, once it has succeeded.
enum SettingChange: Equatable {
    case set(SessionSetting)
    /// Set to what its words do not say.
    case setUnseen(name: String)
    case reset(name: String)
    case resetAll

    /// Of a RESET ALL there is none.
    var name: String? {
        switch self {
        case .set(let setting): setting.name
        case .setUnseen(let name), .reset(let name): name
        case .resetAll: nil
        }
    }

    /// What the statements of a text do to the session's settings.
    struct Reading: Equatable {
        var changes: [SettingChange] = []
        /// Settings may be changed that are not named.
        var isIncomplete = false
        /// Custom ones may be among those: no server tells all that it has.
        var hidesCustom = false
        /// Transactions begin or end between the changes.
        var isUncertain = false
    }

    /// - Parameters:
    ///   - callsSetConfig: of each of them, whether it may call set_config or update `pg_settings`.
    ///   - parameters: those that were bound, where they are known.
    static func read(
        _ commands: [ParsedCommand],
        callsSetConfig: [Bool],
        parameters: [String?] = []
    ) -> Reading {
        var reading = Reading()
        for (parsed, calls) in zip(commands, callsSetConfig) { read(parsed.command, calls, parameters, &reading) }
        reading.changes.removeAll { $0.name.map(SessionSetting.isTransactionsOwn) ?? false }
        return reading
    }

    private static func read(
        _ command: SessionCommand,
        _ callsSetConfig: Bool,
        _ parameters: [String?],
        _ reading: inout Reading
    ) {
        switch command {
        case .set(let name, _, isLocal: true):
            // It is there from then on, with an empty value.
            if SessionSetting.isCustom(name) { reading.changes.append(.setUnseen(name: name)) }
        case .set(let name, let value, isLocal: false): reading.changes.append(change(name, value))
        case .reset(let name): reading.changes.append(.reset(name: name))
        case .resetAll: reading.changes.append(.resetAll)
        case .setConfig(let calls):
            for call in calls {
                let name: String
                switch call.name {
                case .text(let text): name = text
                case .parameter(let number) where parameters.indices.contains(number - 1):
                    // Of no name nothing is set.
                    guard let text = parameters[number - 1] else { continue }
                    name = SessionCommands.folded(text)
                case .null: continue
                case .parameter, .computed:
                    reading.isIncomplete = true
                    reading.hidesCustom = true
                    continue
                }
                if call.isLocal == true {
                    if SessionSetting.isCustom(name) { reading.changes.append(.setUnseen(name: name)) }
                    continue
                }
                switch call.value {
                case .text(let value) where call.isLocal == false:
                    reading.changes.append(.set(SessionSetting(name: name, value: value)))
                case .null where call.isLocal == false: reading.changes.append(.reset(name: name))
                default: reading.changes.append(.setUnseen(name: name))
                }
            }
        case .updateSettings: reading.isIncomplete = true
        case .setSessionCharacteristics(let options): reading.changes += characteristics(options)
        case .begin, .commit, .rollback, .savepoint, .releaseSavepoint, .rollbackToSavepoint, .prepareTransaction:
            reading.isUncertain = true
        case .other where callsSetConfig, .createTemporary where callsSetConfig, .declareCursor where callsSetConfig:
            // Where they are called is not seen.
            reading.isIncomplete = true
            reading.hidesCustom = true
        default: break
        }
    }

    /// The changes that a text makes, those that last to the end of the transaction (SET LOCAL) too; nil where they do
    /// not follow from its words and from what is bound.
    static func allChanges(in commands: [ParsedCommand], parameters: [String?]) -> [SettingChange]? {
        var changes: [SettingChange] = []
        for parsed in commands {
            switch parsed.command {
            case .set(let name, let value, isLocal: _):
                let change = change(name, value)
                if case .setUnseen = change { return nil }
                changes.append(change)
            case .reset(let name): changes.append(.reset(name: name))
            case .resetAll: changes.append(.resetAll)
            case .setConfig(let calls):
                for call in calls {
                    guard let name = call.name.known(parameters), let value = call.value.known(parameters) else {
                        return nil
                    }
                    guard let name else { continue }
                    let folded = SessionCommands.folded(name)
                    changes.append(
                        value.map { .set(SessionSetting(name: folded, value: $0)) } ?? .reset(name: folded)
                    )
                }
            case .closeCursor, .show, .showAll, .listen, .unlisten, .notify: break
            default: return nil
            }
        }
        return changes
    }

    private static func change(_ name: String, _ value: SettingValue) -> SettingChange {
        switch value {
        case .default: return .reset(name: name)
        case .current: return .setUnseen(name: name)
        case .list(let literals):
            guard !literals.contains(where: { $0.kind == .interval }), let text = value.text(for: name) else {
                return .setUnseen(name: name)
            }
            return .set(SessionSetting(name: name, value: text))
        }
    }

    /// SET SESSION CHARACTERISTICS is another way to write these (PostgreSQL documentation, SET TRANSACTION).
    private static func characteristics(_ options: TransactionOptions) -> [SettingChange] {
        var settings: [SessionSetting] = []
        if let isolation = options.isolation {
            settings.append(SessionSetting(name: "default_transaction_isolation", value: isolation.settingValue))
        }
        if let readOnly = options.readOnly {
            settings.append(SessionSetting(name: "default_transaction_read_only", value: readOnly ? "on" : "off"))
        }
        if let deferrable = options.deferrable {
            settings.append(SessionSetting(name: "default_transaction_deferrable", value: deferrable ? "on" : "off"))
        }
        return settings.map { .set($0) }
    }

    /// RESET ALL leaves these as they are (PostgreSQL documentation, RESET).
    private static let keptByResetAll: Set<String> = ["role", "session_authorization"]

    /// The settings after the change, where a reset brings back what `start` says.
    func applied(to settings: [SessionSetting], start: [SessionSetting]) -> [SessionSetting] {
        switch self {
        case .set(let setting):
            return settings.filter { $0.name != setting.name } + [setting]
        case .setUnseen: return settings
        case .reset(let name):
            let before = start.filter { $0.name == name }
            let empty = SessionSetting.isCustom(name) && before.isEmpty ? [SessionSetting(name: name, value: "")] : []
            return settings.filter { $0.name != name } + before + empty
        case .resetAll:
            return settings.filter { Self.keptByResetAll.contains($0.name) }
                + start.filter { !Self.keptByResetAll.contains($0.name) } + Self.emptied(settings, start)
        }
    }

    /// Custom settings that are not the session's from the start: what resets them leaves an empty value.
    static func emptied(_ settings: [SessionSetting], _ start: [SessionSetting]) -> [SessionSetting] {
        settings.filter { setting in setting.isCustom && !start.contains { $0.name == setting.name } }
            .map { SessionSetting(name: $0.name, value: "") }
    }
}

extension TransactionOptions.Isolation {
    fileprivate var settingValue: String {
        switch self {
        case .readUncommitted: "read uncommitted"
        case .readCommitted: "read committed"
        case .repeatableRead: "repeatable read"
        case .serializable: "serializable"
        }
    }
}

extension ConfigAssignment.Argument {
    /// The value, where the text and what is bound tell it: nil where they do not, NULL in a value.
    fileprivate func known(_ parameters: [String?]) -> String?? {
        switch self {
        case .text(let text): .some(text)
        case .null: .some(nil)
        case .parameter(let number):
            parameters.indices.contains(number - 1) ? .some(parameters[number - 1]) : nil
        case .computed: nil
        }
    }
}
