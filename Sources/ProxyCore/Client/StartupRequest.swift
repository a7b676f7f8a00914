import PostgresWire
import StatementRouting

/// What a start-up packet asks for, checked (PostgreSQL documentation, 55.7, StartupMessage).
struct StartupRequest {
    var user = ""
    var database = ""
    var settings: [SessionSetting] = []
    /// Those among them that are Howdah's.
    var own = OwnSettings()
    var position: SessionPosition?
    var replication = ReplicationMode.off
    /// Protocol options (`_pq_.`) that are not known here.
    var unrecognized: [String] = []

    init(version: ProtocolVersion, parameters: [StartupPacket.Parameter]) throws(PostgresError) {
        var fromOptions: [SessionSetting] = []
        for parameter in parameters {
            switch parameter.name {
            case "user": user = parameter.value
            case "database": database = parameter.value
            case "replication": replication = try Self.replication(parameter.value)
            case "options": fromOptions = try Self.settings(inOptions: parameter.value)
            case let name where name.hasPrefix("_pq_."): unrecognized.append(name)
            case let name: set(name, parameter.value)
            }
        }
        // Wherever it stands in the packet, `options` is read first: the packet's own parameters win over it.
        for setting in fromOptions where !settings.contains(where: { $0.name == setting.name }) {
            set(setting.name, fromOptions.last { $0.name == setting.name }?.value ?? setting.value)
        }
        if user.isEmpty {
            throw PostgresError(
                .fatal,
                .invalidAuthorization,
                "no PostgreSQL user name specified in startup packet"
            )
        }
        if database.isEmpty { database = user }
        try takeOwn()
    }

    private mutating func set(_ name: String, _ value: String) {
        let setting = SessionSetting(name: name.lowercased(), value: value)
        settings.removeAll { $0.name == setting.name }
        settings.append(setting)
    }

    /// Servers know nothing of `howdah.route` and its like.
    private mutating func takeOwn() throws(PostgresError) {
        for setting in settings where setting.name.hasPrefix("howdah.") {
            let word = SessionCommands.folded(setting.value)
            do throws(PostgresError) {
                if let name = OwnSettings.Name(rawValue: setting.name) {
                    try own.set(name, to: word)
                } else if setting.name == SessionPosition.setting {
                    position = try SessionPosition(written: setting.value)
                } else {
                    throw .unknownOwnSetting(setting.name)
                }
            } catch {
                var fatal = error
                fatal.severity = .fatal
                throw fatal
            }
        }
        settings.removeAll { $0.name.hasPrefix("howdah.") }
    }

    private static func replication(_ value: String) throws(PostgresError) -> ReplicationMode {
        if let mode = ReplicationMode(parameter: value) { return mode }
        throw PostgresError(
            .fatal,
            .invalidParameterValue,
            "invalid value for parameter \"replication\": \"\(value)\"",
            hint: "Valid values are: \"false\", 0, \"true\", 1, \"database\"."
        )
    }

    /// The settings in `options`: `-c name=value`, `-cname=value` and `--name=value`, words apart by spaces that a
    /// backslash can escape.
    static func settings(inOptions text: String) throws(PostgresError) -> [SessionSetting] {
        var settings: [SessionSetting] = []
        var words = words(text)[...]
        while let word = words.popFirst() {
            let assignment: String
            if word == "-c" {
                guard let next = words.popFirst() else { throw malformed(word) }
                assignment = next
            } else if word.hasPrefix("-c") || word.hasPrefix("--") {
                assignment = String(word.dropFirst(2))
            } else {
                throw malformed(word)
            }
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw malformed(assignment) }
            // The server takes dashes for underscores in names that come this way.
            let name = parts[0].replacing("-", with: "_").lowercased()
            settings.append(SessionSetting(name: name, value: String(parts[1])))
        }
        return settings
    }

    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
                isInWord = true
            } else if character.isWhitespace {
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            } else {
                word.append(character)
                isInWord = true
            }
        }
        if isInWord { words.append(word) }
        return words
    }

    private static func malformed(_ word: String) -> PostgresError {
        PostgresError(
            .fatal,
            .syntaxError,
            "invalid command-line argument for server process: \(word)",
            hint: "The start-up parameter \"options\" takes -c name=value and --name=value."
        )
    }
}
