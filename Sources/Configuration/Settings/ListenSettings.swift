/// Where clients connect.
package struct ListenSettings: Sendable, Equatable {
    /// Host names or addresses, not yet resolved; `*` is every address.
    package let addresses: [String]
    package let port: Int
    /// Absolute; nil for no Unix-domain socket.
    package let unixSocketDirectory: String?
    package let backlog: Int

    init(_ layers: SettingLayers) {
        addresses = layers.list(.listenAddresses)
        port = layers.integer(.listenPort)
        unixSocketDirectory = layers.optionalText(.unixSocketDirectory)
        backlog = layers.integer(.listenBacklog)
    }

    /// Whether nobody on another machine can connect.
    var isThisMachineAlone: Bool {
        addresses.allSatisfy { $0 == "localhost" || $0 == "::1" || $0.hasPrefix("127.") }
    }
}
