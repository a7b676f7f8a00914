/// What SET gives a setting.
package enum SettingValue: Equatable, Sendable {
    /// SET … TO DEFAULT.
    case `default`
    /// SET … FROM CURRENT, which only means something in CREATE FUNCTION.
    case current
    case list([SettingLiteral])

    /// Settings whose values are lists of names, each of which the server keeps quoted where it must be.
    private static let quotedLists: Set<String> = [
        "search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries",
        "shared_preload_libraries", "unix_socket_directories",
    ]

    /// The setting's value as one string, as SHOW tells it and as set_config and a start-up packet take it; nil where
    /// there is none.
    ///
    /// - Parameter name: the setting, which decides whether names in a list are quoted.
    package func text(for name: String) -> String? {
        guard case .list(let literals) = self else { return nil }
        let quotes = Self.quotedLists.contains(SessionCommands.folded(name))
        return literals.map { literal in
            switch literal.kind {
            case .number: literal.text
            case .interval: "INTERVAL '\(literal.text)'"
            case .string: quotes ? Self.quotedIfNeeded(literal.text) : literal.text
            }
        }.joined(separator: ", ")
    }

    private static func quotedIfNeeded(_ name: String) -> String {
        let isPlain =
            name.utf8.first.map { $0 == UInt8(ascii: "_") || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) }
            == true
            && name.utf8.allSatisfy { byte in
                ByteTable.kinds[Int(byte)] & ByteTable.continuesTag != 0 && byte < 0x80
                    && ByteTable.lowercased[Int(byte)] == byte
            }
        guard !isPlain else { return name }
        var quoted = "\""
        for character in name {
            if character == "\"" { quoted.append(character) }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
