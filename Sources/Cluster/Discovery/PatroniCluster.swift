import ProxyCore

/// The answer to Patroni's `GET /cluster`.
package struct PatroniCluster: Sendable, Equatable {
    package struct Switchover: Sendable, Equatable {
        package let at: String
        package let to: String?
    }

    package var members: [PatroniMember]
    /// Maintenance mode: Patroni promotes nobody.
    package var isPaused: Bool
    package var switchover: Switchover?

    package var leader: String? { members.first(where: \.isLeader)?.name }

    /// Reads JSON.
    ///
    /// - Throws: where it is not that of a cluster; members that cannot be understood make all of it an error, since
    ///   whoever is not listed is taken to have left.
    package init(json: [UInt8]) throws(PatroniFailure) {
        guard let cluster = JSONValue(json) else { throw .malformed("it is not JSON") }
        guard let items = cluster["members"]?.items else { throw .malformed("it has no list of members") }
        members = []
        for item in items { members.append(try Self.member(item)) }
        isPaused = Self.isTrue(cluster["pause"])
        if let planned = cluster["scheduled_switchover"], let at = Self.text(planned, "at") {
            switchover = Switchover(at: at, to: Self.text(planned, "to"))
        }
    }

    private static func member(_ item: JSONValue) throws(PatroniFailure) -> PatroniMember {
        guard let name = text(item, "name"), !name.isEmpty, let role = text(item, "role") else {
            throw .malformed("a member has no name or no role")
        }
        var member = PatroniMember(name: name, role: role, state: text(item, "state") ?? "")
        if let host = text(item, "host"), !host.isEmpty {
            guard let port = item["port"]?.number.flatMap({ UInt16(exactly: $0) }), port > 0 else {
                throw .malformed("member \(name) has no port")
            }
            member.address = host.hasPrefix("/") ? .unix(directory: host, port: port) : .tcp(host: host, port: port)
        }
        member.apiURL = text(item, "api_url")
        member.timeline = item["timeline"]?.number.map { Int($0) }
        if let tags = item["tags"] {
            member.zone = text(tags, "zone")
            member.takesNoReads = isTrue(tags["noloadbalance"])
            let isUnwanted = tags["failover_priority"]?.number.map { $0 <= 0 } ?? false
            member.isNeverPromoted = isTrue(tags["nofailover"]) || isUnwanted
        }
        return member
    }

    /// Nil where it is no string, or longer than any name could be.
    private static func text(_ object: JSONValue, _ key: String) -> String? {
        object[key]?.text.flatMap { $0.utf8.count <= 1024 ? $0 : nil }
    }

    /// Tags come from YAML files, where people write what they like.
    private static func isTrue(_ value: JSONValue?) -> Bool {
        guard let value else { return false }
        return value.isTrue || ["true", "on", "yes", "1"].contains(value.text?.lowercased() ?? "")
    }
}

/// Why Patroni told nothing.
package enum PatroniFailure: Error, Sendable, Equatable {
    case malformed(String)
    /// libcurl's words.
    case unreachable(String)
    case status(Int)

    package var reason: String {
        switch self {
        case .malformed(let what): "its answer cannot be understood: \(what)"
        case .unreachable(let words): words
        case .status(let number): "it answers with HTTP status \(number)"
        }
    }
}
