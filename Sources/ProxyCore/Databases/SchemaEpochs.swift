/// Counts, for each database, the changes of its schema, so that a Parse behind one meets nothing that was parsed
/// before it (the epoch is a part of `ParseScope`).
///
/// One change moves the epoch more than once: when DDL is sent, since the session itself must see it in its
/// transaction; when that transaction is over, since only then others do; and when every replica has replayed it, since
/// until then replicas parse by the old schema what is asked of them under the new epoch.
struct SchemaEpochs {
    private var epochs: [String: UInt32] = [:]
    /// The looks at the primary's position that cover what has been changed, where replicas may not have replayed it:
    /// one a database, the newest.
    private(set) var awaitingReplay: [String: SampleNumber] = [:]
    private var last: UInt32 = 0

    init() {}

    var isAwaitingReplay: Bool { !awaitingReplay.isEmpty }

    /// - Parameter database: by its name on the servers.
    func current(_ database: String) -> UInt32 { epochs[database] ?? 0 }

    /// The schema has changed, or may have.
    /// - Returns: the new epoch. Numbers are not given twice, also where a database is forgotten in between.
    mutating func move(_ database: String) -> UInt32 {
        last &+= 1
        epochs[database] = last
        return last
    }

    /// A change has been committed which look `number` covers.
    mutating func awaitReplay(of database: String, by number: SampleNumber) {
        awaitingReplay[database] = max(number, awaitingReplay[database] ?? 0)
    }

    /// Databases whose last change has been replayed everywhere.
    /// - Parameter covered: the newest look that all replicas cover.
    mutating func takeReplayed(covered: SampleNumber) -> [String] {
        let replayed = awaitingReplay.filter { $0.value <= covered }.map(\.key)
        for database in replayed { awaitingReplay[database] = nil }
        return replayed
    }
}
