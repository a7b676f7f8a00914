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
