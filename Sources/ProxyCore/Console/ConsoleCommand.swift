/// What the admin console understands.
enum ConsoleCommand: CaseIterable {
    case showHelp
    case showPins
    case showVersion

    /// As it is typed, in capitals.
    var words: String {
        switch self {
        case .showHelp: "SHOW HELP"
        case .showPins: "SHOW PINS"
        case .showVersion: "SHOW VERSION"
        }
    }

    var summary: String {
        switch self {
        case .showHelp: "the commands of this console"
        case .showPins: "clients that keep their server, why, since when, and the statement that made it so"
        case .showVersion: "the version of this proxy"
        }
    }

    var columns: [String] {
        switch self {
        case .showHelp: ["command", "description"]
        case .showPins: ["client", "user", "database", "node", "reason", "since", "statement"]
        case .showVersion: ["version"]
        }
    }

    /// All of them, for a hint.
    static let list = allCases.map(\.words).joined(separator: ", ")

    /// - Returns: nil for a text that is none of them.
    init?(_ text: String) {
        let words = text.uppercased().split { $0.isWhitespace || $0 == ";" }.joined(separator: " ")
        guard let command = Self.allCases.first(where: { $0.words == words }) else { return nil }
        self = command
    }
}
