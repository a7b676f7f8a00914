/// A row of `SHOW CONFIG`: a setting as it is in effect. Secrets have been blotted out by whoever lists them.
package struct ListedSetting: Sendable, Equatable {
    package let key: String
    package let value: String
    package let defaultValue: String
    /// Whether RELOAD changes it.
    package let isChangeable: Bool

    package init(key: String, value: String, defaultValue: String, isChangeable: Bool) {
        self.key = key
        self.value = value
        self.defaultValue = defaultValue
        self.isChangeable = isChangeable
    }

    var row: [String?] { [key, value, defaultValue, isChangeable ? "yes" : "no"] }
}
