/// One call of set_config(name, value, is_local) with literal arguments.
package struct ConfigAssignment: Equatable, Sendable {
    package var name: String
    /// Nil for NULL, which sets the default.
    package var value: String?
    package var isLocal: Bool

    package init(name: String, value: String?, isLocal: Bool) {
        self.name = name
        self.value = value
        self.isLocal = isLocal
    }
}
