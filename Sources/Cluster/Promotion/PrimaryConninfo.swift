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

    /// Where it leads, one host after the other ("PostgreSQL documentation, 34.1.1.3").
    ///
    /// - Returns: nil for a connection string that libpq does not understand; nothing where it names no host.
    static func targets(_ text: String) -> [NodeAddress]? {
        guard let options = PQconninfoParse(text, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var lists: [String: [String]] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            defer { option += 1 }
            guard let value = option.pointee.val, value.pointee != 0 else { continue }
            let parts = String(cString: value).split(separator: ",", omittingEmptySubsequences: false)
            lists[String(cString: keyword)] = parts.map(String.init)
        }
        // An address is used in place of the name.
        let (hosts, ports) = (lists["hostaddr"] ?? lists["host"] ?? [], lists["port"] ?? [])
        return hosts.enumerated().map { place, host in
            let digits = ports.count == 1 ? ports[0] : ports.indices.contains(place) ? ports[place] : ""
            let port = UInt16(digits) ?? 5432
            return host.hasPrefix("/") ? .unix(directory: host, port: port) : .tcp(host: host, port: port)
        }
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
