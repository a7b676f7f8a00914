/// One row of `SHOW CONFIG`.
package struct SettingListing: Sendable, Equatable {
    package let name: String
    /// As one would write it in the file, in its largest exact unit; a secret as asterisks.
    package let value: String
    package let defaultValue: String
    package let change: SettingChange
}
