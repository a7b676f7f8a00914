/// What of a session's settings must be asked for at the end of its transaction, whatever has become of it: words do
/// not tell what they are then.
struct SettingDoubts: Equatable {
    private(set) var names: Set<String> = []
    /// More may have changed than can be named.
    private(set) var isComplete = false

    var isEmpty: Bool { names.isEmpty && !isComplete }

    /// - Parameter name: in small letters.
    mutating func add(_ name: String) {
        if names.count < ProfileStore.mostCarried { names.insert(name) } else { isComplete = true }
    }

    mutating func addAll() { isComplete = true }

    /// What a change leaves in doubt even where it is rolled back: a custom setting is there from then on, and a role
    /// may have been taken back.
    mutating func add(_ change: SettingChange) {
        if let name = change.name, SessionSetting.isCustom(name) || SessionSetting.isRole(name) { add(name) }
    }

    /// The change may or may not hold.
    mutating func addWhole(_ change: SettingChange) {
        if let name = change.name { add(name) } else { isComplete = true }
    }
}
