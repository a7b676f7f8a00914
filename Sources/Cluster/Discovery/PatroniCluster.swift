import CJansson
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
    /// - Throws: where it is not that of a cluster; members that cannot be understood make all of it an error, since whoever is not
    ///   listed is taken to have left.
    package init(json: [UInt8]) throws(PatroniFailure) {
        var problem = json_error_t()
        let root = json.withUnsafeBytes { bytes in
            json_loadb(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, 0, &problem)
        }
        guard let root else { throw .malformed("it is not JSON, line \(problem.line)") }
        defer { json_decref(root) }
        guard let list = json_object_get(root, "members"), list.pointee.type == JSON_ARRAY else {
            throw .malformed("it has no list of members")
        }
        members = []
        for index in 0..<json_array_size(list) {
            guard let item = json_array_get(list, index) else { continue }
            members.append(try Self.member(item))
        }
        isPaused = Self.isTrue(json_object_get(root, "pause"))
        if let planned = json_object_get(root, "scheduled_switchover"), let at = Self.text(planned, "at") {
            switchover = Switchover(at: at, to: Self.text(planned, "to"))
        }
    }

    private static func member(_ item: UnsafeMutablePointer<json_t>) throws(PatroniFailure) -> PatroniMember {
        guard let name = text(item, "name"), !name.isEmpty, let role = text(item, "role") else {
            throw .malformed("a member has no name or no role")
        }
        var member = PatroniMember(name: name, role: role, state: text(item, "state") ?? "")
        if let host = text(item, "host"), !host.isEmpty {
            guard let port = json_object_get(item, "port"), port.pointee.type == JSON_INTEGER,
                let number = UInt16(exactly: json_integer_value(port)), number > 0
            else { throw .malformed("member \(name) has no port") }
            member.address = host.hasPrefix("/") ? .unix(directory: host, port: number) : .tcp(host: host, port: number)
        }
        member.apiURL = text(item, "api_url")
        if let timeline = json_object_get(item, "timeline"), timeline.pointee.type == JSON_INTEGER {
            member.timeline = Int(json_integer_value(timeline))
        }
        if let tags = json_object_get(item, "tags") {
            member.zone = text(tags, "zone")
            member.takesNoReads = isTrue(json_object_get(tags, "noloadbalance"))
            member.isNeverPromoted = isTrue(json_object_get(tags, "nofailover"))
            if let priority = json_object_get(tags, "failover_priority"), priority.pointee.type == JSON_INTEGER,
                json_integer_value(priority) <= 0
            {
                member.isNeverPromoted = true
            }
        }
        return member
    }

    /// Nil where it is no string, or longer than any name could be.
    private static func text(_ object: UnsafeMutablePointer<json_t>, _ key: String) -> String? {
        guard let value = json_object_get(object, key), value.pointee.type == JSON_STRING,
            json_string_length(value) <= 1024, let bytes = json_string_value(value)
        else { return nil }
        return String(cString: bytes)
    }

    /// Tags come from YAML files, where people write what they like.
    private static func isTrue(_ value: UnsafeMutablePointer<json_t>?) -> Bool {
        guard let value else { return false }
        if value.pointee.type == JSON_TRUE { return true }
        guard value.pointee.type == JSON_STRING, let bytes = json_string_value(value) else { return false }
        return ["true", "on", "yes", "1"].contains(String(cString: bytes).lowercased())
    }
}
