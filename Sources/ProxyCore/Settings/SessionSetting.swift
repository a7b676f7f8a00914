/// One setting of a session, as `set_config` takes it: a value is the text that SHOW would print.
struct SessionSetting: Hashable, Comparable {
    /// In lower case, as PostgreSQL compares names.
    let name: String
    let value: String

    static func < (left: SessionSetting, right: SessionSetting) -> Bool { left.name < right.name }
}

extension SessionSetting {
    /// Of no module that is known to the server: any value is taken as it is, and a reset leaves an empty one.
    var isCustom: Bool { Self.isCustom(name) }

    static func isCustom(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: ".")) }

    var isRole: Bool { Self.isRole(name) }

    /// Setting one of them changes the other, also where a transaction is rolled back.
    static func isRole(_ name: String) -> Bool { name == "role" || name == "session_authorization" }

    /// What a transaction is like is nothing of its session's.
    static let transactionsOwn = [
        "transaction_isolation", "transaction_read_only", "transaction_deferrable",
    ]

    static func isTransactionsOwn(_ name: String) -> Bool { transactionsOwn.contains(name) }

    /// Whether it is as in any session of the user's that has set nothing.
    func isOrdinary(for user: String) -> Bool {
        name == "role" && value == "none" || name == "session_authorization" && value == user
    }
}
