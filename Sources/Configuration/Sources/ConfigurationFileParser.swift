/// Reads the text of proxy.conf: sections, `name = value` lines and comments, in the manner of postgresql.conf
/// (PostgreSQL documentation, 20.1.2).
struct ConfigurationFileParser {
    /// The section that the next setting belongs to.
    private enum Position {
        case beforeFirstSection
        case inside(ConfigurationSection)
        /// Its header is a problem already; its settings are passed over.
        case insideRejected
    }

    private let path: String
    private var position = Position.beforeFirstSection
    private var draft = ConfigurationDraft()

    static func parse(_ bytes: [UInt8], path: String) -> ConfigurationDraft {
        var parser = ConfigurationFileParser(path: path)
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: byteOrderMark) ? bytes[3...] : bytes[...]
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            parser.parseLine(line.last == UInt8(ascii: "\r") ? line.dropLast() : line, number: number)
        }
        return parser.draft
    }

    private init(path: String) { self.path = path }

    private mutating func parseLine(_ bytes: ArraySlice<UInt8>, number: Int) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            draft.problems.add(.file(path: path, line: number, column: 1), "this line is not valid UTF-8")
            return
        }
        var line = ConfigurationLine(text, path: path, number: number)
        line.skipBlanks()
        switch line.next {
        case nil, "#": return
        case "[": parseHeader(&line)
        default: parseSetting(&line)
        }
    }

    // MARK: Section headers

    private mutating func parseHeader(_ line: inout ConfigurationLine) {
        let start = line.location
        position = .insideRejected
        do {
            let header = try line.takeHeader()
            guard let section = section(header, at: start), draft.open(section, at: start) else { return }
            position = .inside(section)
        } catch {
            draft.problems.add(error.location, error.message)
        }
    }

    private mutating func section(
        _ header: (kind: String, name: String),
        at location: ConfigurationLocation
    ) -> ConfigurationSection? {
        guard let scope = SettingScope(rawValue: header.kind.lowercased()) else {
            let suggestion = NearestName.of(header.kind, among: SettingScope.allCases.map(\.rawValue))
                .flatMap(SettingScope.init(rawValue:)).map { "; did you mean \($0.header)?" }
            let known = SettingScope.allCases.map(\.header).joined(separator: ", ")
            draft.problems.add(
                location,
                "unknown section \("[\(header.kind)]".quotedForMessage)" + (suggestion ?? "; the sections are \(known)")
            )
            return nil
        }
        switch (scope, header.name) {
        case (.proxy, ""): return .proxy
        case (.proxy, _):
            draft.problems.add(location, "[proxy] has no name; there is one such section")
        case (_, ""):
            draft.problems.add(location, "[\(scope.rawValue)] needs a name: \(scope.header)")
        case (.node, ConfigurationSection.anyName):
            draft.problems.add(location, "[node *] is no node; settings for every node belong in [proxy]")
        case (.user, ConfigurationSection.anyName):
            draft.problems.add(location, "[user *] is no user; settings for every user belong in [proxy]")
        default: return ConfigurationSection(scope: scope, name: header.name)
        }
        return nil
    }

    // MARK: Settings

    private mutating func parseSetting(_ line: inout ConfigurationLine) {
        let section: ConfigurationSection
        switch position {
        case .inside(let current): section = current
        case .insideRejected: return
        case .beforeFirstSection:
            draft.problems.add(line.location, "a setting before the first section; put a line \"[proxy]\" above it")
            position = .insideRejected
            return
        }
        let nameLocation = line.location
        do {
            let text = try line.takeName()
            guard let name = draft.resolve(text, in: section, at: nameLocation) else { return }
            try line.takeEquals(after: name.rawValue)
            let valueLocation = line.location
            let value = try line.takeValue(of: name.rawValue)
            draft.assign(name, value, in: section, at: valueLocation, nameAt: nameLocation)
        } catch {
            draft.problems.add(error.location, error.message)
        }
    }
}
