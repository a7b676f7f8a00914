import StatementRouting

/// The settings on which the meaning of a text depends.
struct ContextKey: Hashable {
    var searchPath: String?
    var standardConformingStrings = true
    var encodingKeepsASCII = true
    /// Stands for `$user` in search_path.
    var role: String?

    /// Encodings in which a byte below 0x80 may be the second half of a character.
    private static let unsafeEncodings: Set<String> = [
        "sjis", "mskanji", "shiftjis", "win932", "windows932", "big5", "win950", "windows950", "gbk", "win936",
        "windows936",
        "uhc", "win949", "windows949", "gb18030", "johab", "shiftjis2004", "shiftjis2004",
    ]

    static let ordinary = ContextKey()

    init() {}

    init(_ settings: [SessionSetting]) {
        for setting in settings {
            switch setting.name {
            case "search_path": searchPath = setting.value
            case "standard_conforming_strings":
                standardConformingStrings = !SettingLiteral.isOff(setting.value)
            case "client_encoding":
                let name = setting.value.lowercased().filter { $0.isLetter || $0.isNumber }
                encodingKeepsASCII = !Self.unsafeEncodings.contains(name)
            case "role", "session_authorization":
                if setting.value != "none", setting.value != "default" { role = setting.value }
            default: break
            }
        }
    }
}

/// How the texts of sessions with certain settings are to be understood: shared by all sessions of a pool that have the
/// same of them.
final class SessionContext {
    var context: ClassificationContext
    var stamp: UInt32

    init(context: ClassificationContext, stamp: UInt32) {
        self.context = context
        self.stamp = stamp
    }
}
