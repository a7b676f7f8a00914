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
