/// One PostgreSQL instance, and how to log in to watch it. Its role is discovered, never declared.
package struct NodeSettings: Sendable, Equatable {
    /// Unique. Of its section, or `host:port` for a node without one.
    package let name: String
    /// Host name, address, or absolute path of the directory of its Unix-domain socket.
    package let host: String
    package let port: Int
    /// Share of the reads in relation to other nodes; 0 for none.
    package let weight: Int
    /// Empty: in no zone.
    package let zone: String
    /// Among replicas that could be promoted.
    package let priority: Int
    /// Never promoted.
    package let nofailover: Bool
    package let monitorUser: String
    package let monitorPassword: Secret?
    package let monitorDatabase: String

    package var isUnixSocket: Bool { host.utf8.first == UInt8(ascii: "/") }

    init(name: String, endpoint: NodeEndpoint, _ layers: SettingLayers) {
        self.name = name
        host = endpoint.host
        port = endpoint.port
        weight = layers.integer(.weight)
        zone = layers.text(.zone)
        priority = layers.integer(.priority)
        nofailover = layers.boolean(.nofailover)
        monitorUser = layers.text(.monitorUser)
        monitorPassword = layers.secret(.monitorPassword)
        monitorDatabase = layers.text(.monitorDatabase)
    }
}

/// Where a node listens.
struct NodeEndpoint: Hashable, Sendable {
    let host: String
    let port: Int

    /// `host:port`, with an IPv6 address in brackets.
    var name: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
