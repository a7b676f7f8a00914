/// The URI form: `postgresql://user:password@host:port,host:port/dbname?keyword=value` (PostgreSQL documentation,
/// 34.1.1.2).
enum ConninfoURI {
    private static let schemes = ["postgresql://", "postgres://"]

    static func isURI(_ text: String) -> Bool { schemes.contains { text.hasPrefix($0) } }

    static func pairs(_ text: String) throws(Conninfo.ParseError) -> [ConninfoPair] {
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }) else {
            throw Conninfo.ParseError("a connection URI begins with postgresql://")
        }
        let (beforeQuery, query) = split(text.utf8.dropFirst(scheme.utf8.count), at: "?")
        let (authority, path) = split(beforeQuery, at: "/")
        let (userInfo, hosts) = splitAtUserInfo(authority)
        // An @ further on means that a character of the password, most likely, stands there unescaped.
        guard !hosts.contains(UInt8(ascii: "@")), path?.contains(UInt8(ascii: "@")) != true else {
            throw Conninfo.ParseError(
                "an \"@\" or \"/\" in the user name or password of a URI is written %40 or %2F"
            )
        }
        var pairs: [ConninfoPair] = []
        if let userInfo {
            let (user, password) = split(userInfo, at: ":")
            pairs.append(ConninfoPair(keyword: .user, value: try decoded(user)))
            if let password { pairs.append(ConninfoPair(keyword: .password, value: try decoded(password))) }
        }
        pairs += try hostPairs(hosts)
        if let path, !path.isEmpty { pairs.append(ConninfoPair(keyword: .dbname, value: try decoded(path))) }
        if let query, !query.isEmpty { pairs += try queryPairs(query) }
        return pairs.filter { !$0.value.isEmpty }
    }

    private static func hostPairs(_ hosts: Substring.UTF8View) throws(Conninfo.ParseError) -> [ConninfoPair] {
        guard !hosts.isEmpty else { return [] }
        var names: [String] = []
        var ports: [String] = []
        for item in hosts.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            var name = item
            var rest = item[item.endIndex...]
            if item.first == UInt8(ascii: "[") {
                guard let end = item.firstIndex(of: UInt8(ascii: "]")) else {
                    throw Conninfo.ParseError("an IPv6 address in the URI lacks its \"]\"")
                }
                name = item[item.index(after: item.startIndex)..<end]
                rest = item[item.index(after: end)...]
            } else if let colon = item.firstIndex(of: UInt8(ascii: ":")) {
                name = item[..<colon]
                rest = item[colon...]
            }
            guard rest.isEmpty || rest.first == UInt8(ascii: ":") else {
                throw Conninfo.ParseError("after the \"]\" of an IPv6 address only a port may stand")
            }
            names.append(try decoded(name))
            ports.append(try decoded(rest.dropFirst()))
        }
        let hasPorts = ports.contains { !$0.isEmpty }
        return [ConninfoPair(keyword: .host, value: names.joined(separator: ","))]
            + (hasPorts ? [ConninfoPair(keyword: .port, value: ports.joined(separator: ","))] : [])
    }

    private static func queryPairs(_ query: Substring.UTF8View) throws(Conninfo.ParseError) -> [ConninfoPair] {
        var pairs: [ConninfoPair] = []
        for item in query.split(separator: UInt8(ascii: "&")) {
            let (name, value) = split(item, at: "=")
            guard let value else {
                throw Conninfo.ParseError("a parameter behind the \"?\" of the URI lacks its \"=\"")
            }
            let mayShow = pairs.last?.keyword != .password
            let keyword = try ConninfoKeyword.named(try decoded(name), mayShow: mayShow)
            pairs.append(ConninfoPair(keyword: keyword, value: try decoded(value)))
        }
        return pairs
    }

    private static func splitAtUserInfo(
        _ authority: Substring.UTF8View
    ) -> (userInfo: Substring.UTF8View?, hosts: Substring.UTF8View) {
        guard let at = authority.firstIndex(of: UInt8(ascii: "@")) else { return (nil, authority) }
        return (authority[..<at], authority[authority.index(after: at)...])
    }

    private static func split(
        _ text: Substring.UTF8View,
        at separator: Unicode.Scalar
    ) -> (Substring.UTF8View, Substring.UTF8View?) {
        guard let index = text.firstIndex(of: UInt8(ascii: separator)) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    /// Percent-decoding; what it yields must be UTF-8.
    private static func decoded(_ text: Substring.UTF8View) throws(Conninfo.ParseError) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexadecimalDigit, let low = rest.popFirst()?.hexadecimalDigit else {
                throw Conninfo.ParseError(
                    "a \"%\" in the URI is not followed by two hexadecimal digits; itself it is %25"
                )
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Conninfo.ParseError("the URI holds what is not valid UTF-8")
        }
        return decoded
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
