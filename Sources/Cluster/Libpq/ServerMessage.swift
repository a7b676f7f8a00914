/// The words of libpq's last error, taken apart.
///
/// libpq tells the SQLSTATE of a failed start-up only within its message (PostgreSQL documentation, 34.11,
/// PQsetErrorVerbosity), so connections are verbose: `FATAL:  28P01: password authentication failed …`, then lines such
/// as `LOCATION:  …`.
struct ServerMessage: Equatable {
    /// Of the last server error in the text; nil where the trouble was not the server's word.
    let sqlState: String?
    /// One line, without SQLSTATE and source location; cut off where it is longer than any error should be.
    let text: String
    /// Every address that was tried refused the connection, or has no socket.
    let isRefusal: Bool

    /// It is kept, logged and shown on the console, whatever the node says.
    private static let mostBytes = 4096

    init(_ message: String) {
        var state: String?
        var lines: [String] = []
        var attempts = 0
        var refusals = 0
        for raw in message.split(separator: "\n") {
            let line = Self.trimmed(raw)
            if line.hasPrefix("LOCATION:") || line.isEmpty { continue }
            if line.hasPrefix("connection to server") { attempts += 1 }
            if line.hasSuffix(": Connection refused") || line.hasSuffix(": No such file or directory") { refusals += 1 }
            // libpq's question whether a server runs there adds nothing to "refused".
            if line.hasPrefix("Is the server running") { continue }
            let (code, rest) = Self.takeState(from: line)
            if let code { state = code }
            lines.append(rest)
        }
        sqlState = state
        let all = lines.joined(separator: "; ")
        text =
            all.utf8.count > Self.mostBytes
            ? String(decoding: all.utf8.prefix(Self.mostBytes), as: UTF8.self) + "…" : all
        isRefusal = attempts > 0 && attempts == refusals
    }

    /// The failure that a connect that ended with these words is.
    func failure(user: String, database: String) -> ProbeFailure {
        switch sqlState {
        case "57P03": .notAccepting(text)
        case "53300": .tooManyConnections(user: user, text)
        case "42501": .notGranted(user: user, database: database, text)
        case "3D000": .notAdmitted(user: user, database: database, text)
        case .some(let state) where state.hasPrefix("28"): .notAdmitted(user: user, database: database, text)
        // libpq's own words: the server asks for a password and there is none.
        case nil where text.hasSuffix("no password supplied"): .notAdmitted(user: user, database: database, text)
        default: isRefusal ? .refused(text) : .connectionLost(text)
        }
    }

    /// Finds `SEVERITY:  CODE: ` and leaves `SEVERITY: `.
    private static func takeState(from line: String) -> (String?, String) {
        let bytes = Array(line.utf8)
        var index = 0
        while index + 9 <= bytes.count {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == UInt8(ascii: " "),
                bytes[index + 2] == UInt8(ascii: " "), bytes[index + 8] == UInt8(ascii: ":")
            else { continue }
            let code = bytes[(index + 3)..<(index + 8)]
            guard code.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }) else { continue }
            let before = String(decoding: bytes[...index], as: UTF8.self)
            let after = String(decoding: bytes[(index + 9)...], as: UTF8.self)
            return (String(decoding: code, as: UTF8.self), before + after)
        }
        return (nil, line)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let last = text.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(text[...last].drop(while: isBlank))
    }
}
