/// Connections allowed at once; nil is no limit. Those of the proxy, of a database and of a user hold side by side.
package struct ConnectionLimits: Sendable, Equatable {
    /// Clients connected.
    package let clients: Int?
    /// Servers open on one node.
    package let servers: Int?

    init(_ layers: SettingLayers) {
        clients = layers.limit(.maxClientConnections)
        servers = layers.limit(.maxServerConnections)
    }

    /// Of a database or user: what its own sections say, for the proxy's limits are not theirs.
    init(ofSections sections: [SettingLayers.Values]) {
        self.init(SettingLayers(sections + [[.maxClientConnections: .integer(0), .maxServerConnections: .integer(0)]]))
    }
}

/// What holds for all clients of one database together.
package struct DatabaseSettings: Sendable, Equatable {
    /// The name that clients ask for.
    package let name: String
    /// Its name on the nodes.
    package let dbname: String
    package let connectionLimits: ConnectionLimits

    init(name: String, sections: [SettingLayers.Values]) {
        self.name = name
        dbname = SettingLayers(sections).optionalText(.dbname) ?? name
        connectionLimits = ConnectionLimits(ofSections: sections)
    }
}

/// What holds for all clients of one user together.
package struct UserSettings: Sendable, Equatable {
    package let name: String
    package let connectionLimits: ConnectionLimits

    init(name: String, sections: [SettingLayers.Values]) {
        self.name = name
        connectionLimits = ConnectionLimits(ofSections: sections)
    }
}
