/// One setting of a session, as `set_config` takes it: a value is the text that SHOW would print.
struct SessionSetting: Hashable, Comparable {
    /// In lower case, as PostgreSQL compares names.
    let name: String
    let value: String

    static func < (left: SessionSetting, right: SessionSetting) -> Bool { left.name < right.name }
}
