import StatementRouting

/// Settings of a client's start-up packet that a batch has reset: the server's own RESET takes them to its default, and
/// the client's is the value that it came with (PostgreSQL documentation, RESET).
struct StartReset {
    /// In small letters; those that are at their default when the batch has succeeded.
    private var names: Set<String> = []
    /// Transactions begin or end in the batch: the reset may have been taken back.
    private(set) var isUncertain = false

    var isEmpty: Bool { names.isEmpty }

    func contains(_ name: String) -> Bool { names.contains(name) }

    mutating func doubt() { isUncertain = true }

    /// The next statement of the batch, once it has succeeded.
    mutating func note(
        _ commands: [ParsedCommand],
        callsSetConfig: Bool,
        parameters: [String?],
        start: [SessionSetting]
    ) {
        for parsed in commands {
            switch parsed.command {
            case .set(let name, _, isLocal: true): names.remove(name)
            case .discard(.all): names.formUnion(start.map(\.name))
            default:
                let reading = SettingChange.read([parsed], callsSetConfig: [callsSetConfig], parameters: parameters)
                if reading.isUncertain { doubt() }
                for change in reading.changes { note(change, start: start) }
            }
        }
    }

    private mutating func note(_ change: SettingChange, start: [SessionSetting]) {
        switch change {
        case .set(let setting): names.remove(setting.name)
        case .setUnseen(let name): names.remove(name)
        case .reset(let name): if start.contains(where: { $0.name == name }) { names.insert(name) }
        case .resetAll: for setting in start where !setting.isRole { names.insert(setting.name) }
        }
    }

    /// Those among the settings that are to be brought back, a role after the authorization that would end it.
    func settings(of start: [SessionSetting]) -> [SessionSetting] {
        let wanted = start.filter { names.contains($0.name) }
        return wanted.filter { !$0.isRole } + wanted.filter(\.isRole).sorted { $0.name > $1.name }
    }

    /// Lists whose parts SET takes one by one, each as a name (PostgreSQL documentation, SET).
    private static let lists: Set<String> = [
        "search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries",
    ]

    /// What brings them back. Where it is not certain that the reset holds, only those that the session has not set.
    /// SET takes no snapshot, as a SELECT does: what must come before any query may still come behind it.
    static func statement(_ settings: [SessionSetting], isUncertain: Bool) -> String {
        if isUncertain {
            let values = settings.map {
                "(\(ProfileStore.literal($0.name)),\(ProfileStore.literal($0.value)))"
            }
            return """
                SELECT pg_catalog.set_config(v.name,v.value,false) FROM (VALUES \(values.joined(separator: ","))) \
                v(name,value) JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name)=v.name \
                WHERE s.source<>'session'
                """
        }
        if !settings.contains(where: { lists.contains($0.name) }) {
            return settings.map { "SET \(ProfileStore.quotedName($0.name)) TO \(ProfileStore.literal($0.value))" }
                .joined(separator: ";")
        }
        let calls = settings.map {
            "pg_catalog.set_config(\(ProfileStore.literal($0.name)),\(ProfileStore.literal($0.value)),false)"
        }
        return "SELECT " + calls.joined(separator: ",")
    }
}
