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
