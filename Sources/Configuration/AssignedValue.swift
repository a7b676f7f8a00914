/// A value and where it was given.
struct AssignedValue: Sendable {
    var value: SettingValue
    let location: ConfigurationLocation
}
