/// One call of set_config(name, value, is_local).
package struct ConfigAssignment: Equatable, Sendable {
    /// An argument, as far as the text tells it.
    package enum Argument: Equatable, Sendable {
        case text(String)
        case null
        /// `$1` is 1.
        case parameter(Int)
        /// Known when the statement runs, or not known whether the call is made at all.
        case computed
    }

    /// In small letters where it is a text.
    package var name: Argument
    /// NULL sets the default.
    package var value: Argument
    /// Nil where the text does not tell.
    package var isLocal: Bool?

    package init(name: Argument, value: Argument, isLocal: Bool?) {
        self.name = name
        self.value = value
        self.isLocal = isLocal
    }

    /// - Parameter value: nil for NULL.
    package init(name: String, value: String?, isLocal: Bool) {
        self.init(name: .text(name), value: value.map { .text($0) } ?? .null, isLocal: isLocal)
    }
}
