/// How several proxies agree on who promotes which replica.
package struct CoordinationSettings: Sendable, Equatable {
    package let mode: Coordination
    /// Without a slash at the end.
    package let urls: [String]
    /// Of all keys, the scope among them: begins and ends with a slash.
    package let prefix: String
    package let scope: String
    /// Of the lease.
    package let seconds: Int
    /// Path as the process can open it.
    package let caFile: String?
    package let user: String?
    package let password: Secret?

    init(_ layers: SettingLayers) {
        mode = layers.choice(.coordination)
        urls = layers.list(.etcdURLs).map { Self.withoutSlash($0) }
        scope = layers.text(.etcdScope)
        prefix = Self.withoutSlash(layers.text(.etcdPrefix)) + "/" + scope + "/"
        let ttl = layers.duration(.etcdTTL).components
        seconds = Int(ttl.seconds) + (ttl.attoseconds > 0 ? 1 : 0)
        caFile = layers.optionalText(.etcdCAFile)
        user = layers.optionalText(.etcdUser)
        password = layers.secret(.etcdPassword)
    }

    private static func withoutSlash(_ text: String) -> String {
        var text = text
        while text.utf8.last == UInt8(ascii: "/") { text.removeLast() }
        return text
    }
}

/// How several proxies agree which of them promotes a replica.
package enum Coordination: String, CaseIterable, Sendable {
    case none
    case etcd
}
