/// One row of the table that the parser, the example file, the reference and `SHOW CONFIG` are made from.
package struct SettingDefinition: Sendable {
    package let name: SettingName
    package let group: SettingGroup
    package let scopes: [SettingScope]
    package let kind: SettingKind
    /// The default as one would write it in the file.
    package let defaultText: String
    package let change: SettingChange
    package let documentation: String
    /// What the example file sets, where a file without this setting could not be used.
    let example: String?

    init(
        _ name: SettingName,
        _ group: SettingGroup,
        _ scopes: [SettingScope],
        _ kind: SettingKind,
        default defaultText: String,
        _ change: SettingChange,
        example: String? = nil,
        _ documentation: String
    ) {
        self.name = name
        self.group = group
        self.scopes = scopes
        self.kind = kind
        self.defaultText = defaultText
        self.change = change
        self.example = example
        self.documentation = documentation
    }
}

/// When a changed value takes effect.
package enum SettingChange: String, Sendable {
    case reload
    case restart
}

/// The kind of section that a setting may stand in.
package enum SettingScope: String, CaseIterable, Sendable {
    case proxy
    case node
    case database
    case user

    /// The section's header as a user writes it.
    var header: String { self == .proxy ? "[proxy]" : "[\(rawValue) NAME]" }
}

/// Headings of the example file and of the reference, in the order in which they appear there.
package enum SettingGroup: String, CaseIterable, Sendable {
    case connections = "Listening and clients"
    case authentication = "Authentication of clients"
    case pools = "Pools"
    case routing = "Read routing"
    case consistency = "Consistency and lag"
    case preparedStatements = "Prepared statements"
    case buffers = "Buffers and limits"
    case eventLoop = "Event loop and TCP"
    case monitoring = "Watching the nodes"
    case discovery = "Finding the nodes"
    case failover = "Failover"
    case log = "Log"
    case nodes = "Nodes"
    case databases = "Databases"
}
