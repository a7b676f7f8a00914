/// A libpq connection string, `host=a port=1` or `postgresql://…`, taken apart (PostgreSQL documentation, 34.1.1).
///
/// Several hosts in it are several nodes. What Howdah cannot honour is refused, never passed over. No message shows a
/// value: a password with a character that was not escaped may turn up in any of them.
struct Conninfo {
    struct ParseError: Error, Equatable {
        let message: String

        init(_ message: String) { self.message = message }
    }

    let endpoints: [NodeEndpoint]
    /// `weight`, and the login for watching: what the string says beside where the node is.
    let values: SettingLayers.Values

    init(_ text: String) throws(ParseError) {
        try self.init(pairs: ConninfoURI.isURI(text) ? ConninfoURI.pairs(text) : ConninfoScanner.pairs(text))
    }

    private init(pairs: [ConninfoPair]) throws(ParseError) {
        var given: [ConninfoKeyword: String] = [:]
        for pair in pairs {
            guard !pair.value.unicodeScalars.contains(where: \.isControl) else {
                throw ParseError("the value of \"\(pair.keyword.rawValue)\" holds a control character")
            }
            guard given.updateValue(pair.value, forKey: pair.keyword) == nil else {
                throw ParseError("\"\(pair.keyword.rawValue)\" is given for the second time")
            }
        }
        try Self.checkEncryption(given)
        endpoints = try Self.endpoints(given)
        values = try Self.values(given)
    }

    private static func checkEncryption(_ given: [ConninfoKeyword: String]) throws(ParseError) {
        if let mode = given[.sslmode], !["", "disable", "allow", "prefer"].contains(mode) {
            let isKnown = ["require", "verify-ca", "verify-full"].contains(mode)
            throw ParseError(
                isKnown
                    ? "sslmode=\(mode) cannot be kept: there is no TLS to nodes yet; use prefer or disable"
                    : "sslmode must be disable, allow or prefer"
            )
        }
        if let mode = given[.gssencmode], !["", "disable", "prefer"].contains(mode) {
            throw ParseError("gssencmode must be disable or prefer: GSSAPI encryption is not supported")
        }
    }

    private static func endpoints(_ given: [ConninfoKeyword: String]) throws(ParseError) -> [NodeEndpoint] {
        let hosts = items(given[.host])
        let addresses = items(given[.hostaddr])
        guard !hosts.isEmpty || !addresses.isEmpty else { throw ParseError("it names no host; add host=") }
        guard hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count else {
            throw ParseError("\(hosts.count) items in host but \(addresses.count) in hostaddr")
        }
        let count = max(hosts.count, addresses.count)
        let ports = items(given[.port])
        guard ports.count <= 1 || ports.count == count else {
            throw ParseError("\(ports.count) ports for \(count) hosts; give one port, or one for each host")
        }
        var endpoints: [NodeEndpoint] = []
        for index in 0..<count {
            let address = addresses.isEmpty ? "" : addresses[index]
            let host = address.isEmpty && !hosts.isEmpty ? hosts[index] : address
            if let problem = HostRule.problem(host) { throw ParseError("host number \(index + 1) \(problem)") }
            let port = ports.isEmpty ? "" : ports[ports.count == 1 ? 0 : index]
            guard let number = port.isEmpty ? 5432 : Int(port), (1...65_535).contains(number) else {
                throw ParseError("the port of host number \(index + 1) is no integer from 1 to 65535")
            }
            endpoints.append(NodeEndpoint(host: host, port: number))
        }
        return endpoints
    }

    private static func items(_ list: String?) -> [String] {
        guard let list, !list.isEmpty else { return [] }
        return list.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
    }

    private static func values(_ given: [ConninfoKeyword: String]) throws(ParseError) -> SettingLayers.Values {
        var values: SettingLayers.Values = [:]
        if let user = given[.user], !user.isEmpty { values[.monitorUser] = .text(user) }
        if let password = given[.password], !password.isEmpty { values[.monitorPassword] = .secret(Secret(password)) }
        if let database = given[.dbname], !database.isEmpty { values[.monitorDatabase] = .text(database) }
        if let weight = given[.weight] {
            let kind = SettingTable.definition(of: .weight).kind
            guard let value = try? kind.parse(weight) else { throw ParseError("weight takes \(kind.expectation)") }
            values[.weight] = value
        }
        return values
    }
}

/// One `keyword=value` of a connection string.
struct ConninfoPair {
    let keyword: ConninfoKeyword
    let value: String
}
