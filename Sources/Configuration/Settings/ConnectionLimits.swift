/// Connections of the proxy allowed at once; nil is no limit. Those of a database and of a user hold beside
/// (`PoolOptions`).
package struct ConnectionLimits: Sendable, Equatable {
    /// Clients connected.
    package let clients: Int?
    /// Servers open on one node.
    package let servers: Int?

    init(_ layers: SettingLayers) {
        clients = layers.limit(.maxClientConnections)
        servers = layers.limit(.maxServerConnections)
    }
}
