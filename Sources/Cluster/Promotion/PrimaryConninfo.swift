import CLibpq
import Glibc
import ProxyCore

/// `primary_conninfo` of a replica ("PostgreSQL documentation, 20.6.3").
enum PrimaryConninfo {
    /// The same login and options, at another address.
    ///
    /// - Returns: nil for a connection string that libpq does not understand.
    static func pointing(_ old: String, at address: NodeAddress) -> String? {
        guard let options = PQconninfoParse(old, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var parts: [String]
        switch address {
        case .tcp(let host, let port): parts = ["host=\(quoted(host))", "port=\(port)"]
        case .unix(let directory, let port): parts = ["host=\(quoted(directory))", "port=\(port)"]
        }
        var option = options
        while let keyword = option.pointee.keyword {
            defer { option += 1 }
            let name = String(cString: keyword)
            guard let value = option.pointee.val, !["host", "hostaddr", "port"].contains(name) else { continue }
            parts.append("\(name)=\(quoted(String(cString: value)))")
        }
        return parts.joined(separator: " ")
    }

    /// As a value in a connection string ("PostgreSQL documentation, 34.1.1.1").
    private static func quoted(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            if character == "'" || character == "\\" { text += "\\" }
            text.unicodeScalars.append(character)
        }
        let isPlain = !value.isEmpty && text == value && !value.unicodeScalars.contains { $0.properties.isWhitespace }
        return isPlain ? value : "'\(text)'"
    }
}
