/// How nodes that are not in the configuration are found, and how the monitor logs in to them.
package struct DiscoverySettings: Sendable, Equatable {
    package let mode: DiscoveryMode
    /// Nil: the primary's.
    package let port: Int?
    package let forget: Duration
    package let maxNodes: Int
    /// Without a slash at the end.
    package let patroniURLs: [String]
    /// Path as the process can open it.
    package let patroniCAFile: String?
    package let monitorUser: String
    package let monitorPassword: Secret?
    package let monitorDatabase: String
    /// Of a node that was found.
    package let weight: Int
    package let zone: String

    init(_ layers: SettingLayers) {
        mode = layers.choice(.discover)
        port = layers.limit(.discoverPort)
        forget = layers.duration(.discoverForget)
        maxNodes = layers.integer(.maxNodes)
        patroniURLs = layers.list(.patroniURLs).map { url in
            var url = url
            while url.utf8.last == UInt8(ascii: "/") { url.removeLast() }
            return url
        }
        patroniCAFile = layers.optionalText(.patroniCAFile)
        monitorUser = layers.text(.monitorUser)
        monitorPassword = layers.secret(.monitorPassword)
        monitorDatabase = layers.text(.monitorDatabase)
        zone = layers.text(.zone)
        weight = layers.integer(.weight)
    }
}

/// How nodes that are not in the configuration are found.
package enum DiscoveryMode: String, CaseIterable, Sendable {
    case none
    case replication
    case patroni
}
