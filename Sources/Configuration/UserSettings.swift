/// What holds for all clients of one user together.
package struct UserSettings: Sendable, Equatable {
    package let name: String
    package let connectionLimits: ConnectionLimits

    init(name: String, sections: [SettingLayers.Values]) {
        self.name = name
        connectionLimits = ConnectionLimits(ofSections: sections)
    }
}
