/// Options of TCP sockets towards clients and nodes; nil leaves the system's own value.
package struct TCPSettings: Sendable, Equatable {
    package let keepalivesIdle: Duration?
    package let keepalivesInterval: Duration?
    package let keepalivesCount: Int?
    package let userTimeout: Duration?

    init(_ layers: SettingLayers) {
        keepalivesIdle = layers.optionalDuration(.tcpKeepalivesIdle)
        keepalivesInterval = layers.optionalDuration(.tcpKeepalivesInterval)
        keepalivesCount = layers.limit(.tcpKeepalivesCount)
        userTimeout = layers.optionalDuration(.tcpUserTimeout)
    }
}
