/// What may stand where a host, an address or a socket directory is expected.
enum HostRule {
    /// `sun_path` of unix(7) holds 108 bytes with its terminator; the socket's own name takes up to 15 of them.
    static let longestSocketDirectory = 107 - "/.s.PGSQL.65535".utf8.count
    private static let longestHostName = 253

    /// What is wrong, to follow the name of the thing; nil where nothing is. Never shows the text.
    static func problem(_ host: String) -> String? {
        if host.isEmpty { return "is empty" }
        if host.hasPrefix("/") { return socketDirectoryProblem(host) }
        if host.utf8.count > longestHostName { return "is longer than a host name can be" }
        let isAllowed = host.unicodeScalars.allSatisfy {
            $0.isNameCharacter || $0 == "-" || $0 == "." || $0 == ":" || $0 == "%" || !$0.isASCII
        }
        return isAllowed ? nil : "holds a character that no host name or address has"
    }

    static func socketDirectoryProblem(_ path: String) -> String? {
        if !path.hasPrefix("/") { return "is no absolute path" }
        return path.utf8.count > longestSocketDirectory
            ? "is longer than the \(longestSocketDirectory) bytes that a socket's directory can have" : nil
    }
}
