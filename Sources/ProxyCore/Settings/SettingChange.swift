import StatementRouting

/// What a statement of the client's does to its session's settings, once it has succeeded.
enum SettingChange: Equatable {
    case set(SessionSetting)
    case reset(name: String)
    case resetAll

    /// The changes that a text makes; nil where settings may be changed in ways that cannot be followed, or to values that cannot be carried.
    /// - Parameter callsSetConfig: whether set_config is called in it.
    static func changes(in commands: [ParsedCommand], callsSetConfig: Bool) -> [SettingChange]? {
        var changes: [SettingChange] = []
        for parsed in commands {
            switch parsed.command {
            case .set(_, _, isLocal: true): break
            case .set(let name, let value, isLocal: false):
                switch value {
                case .default: changes.append(.reset(name: name))
                case .current: return nil
                case .list(let literals):
                    guard !literals.contains(where: { $0.kind == .interval }), let text = value.text(for: name) else {
                        return nil
                    }
                    changes.append(.set(SessionSetting(name: name, value: text)))
                }
            case .reset(let name): changes.append(.reset(name: name))
            case .resetAll: changes.append(.resetAll)
            case .setConfig(let assignments):
                for assignment in assignments {
                    if assignment.isLocal { continue }
                    let name = SessionCommands.folded(assignment.name)
                    changes.append(
                        assignment.value.map { .set(SessionSetting(name: name, value: $0)) } ?? .reset(name: name)
                    )
                }
            // What connection pools of applications put beside RESET ALL.
            case .closeCursor, .show, .showAll: break
            // Noted on their own.
            case .listen, .unlisten, .notify: break
            case .other where !callsSetConfig: break
            case .setSessionCharacteristics(let options): changes += characteristics(options)
            default: return nil
            }
        }
        return changes
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
        case .reset(let name):
            return settings.filter { $0.name != name } + start.filter { $0.name == name }
        case .resetAll:
            return settings.filter { Self.keptByResetAll.contains($0.name) }
                + start.filter { !Self.keptByResetAll.contains($0.name) }
        }
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
