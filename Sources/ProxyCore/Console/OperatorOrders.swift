import Bytes

/// What the operator has ordered for the whole proxy, and which of the console's clients wait until it is done.
struct OperatorOrders {
    var paused = PausedDatabases()
    /// No new clients come, and those that are here are let go.
    var isDraining = false
    /// Clients of the console whose command is not done yet.
    var waits: [Handle] = []
    /// RELOADs so far: each is answered with what its own reading has come to.
    var reloads: UInt64 = 0
    /// What SHOW CONFIG tells.
    var settings: [ListedSetting] = []
}

/// Databases whose clients get nothing new to run: PAUSE.
struct PausedDatabases {
    private var isAll = false
    private var names: Set<String> = []

    func contains(_ database: String) -> Bool { isAll || names.contains(database) }

    /// - Parameter database: nil for all.
    mutating func pause(_ database: String?) {
        if let database { names.insert(database) } else { isAll = true }
    }

    /// - Parameter database: nil ends every pause.
    mutating func resume(_ database: String?) {
        if let database { names.remove(database) } else { self = PausedDatabases() }
    }
}
