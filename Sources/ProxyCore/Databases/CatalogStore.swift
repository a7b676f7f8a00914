/// The catalogs of the databases that clients use: which are asked for, what is known of each, and whether that still
/// holds.
///
/// A catalog is asked for once a server has logged in to its database, so that names which clients make up are nobody's
/// business, and forgotten with the database's last pool.
package struct CatalogStore {
    private struct Record {
        var catalog: DatabaseCatalog?
        /// The newest change that has been noted, and the newest that what is known has seen.
        var change: UInt64 = 0
        var settled: UInt64 = 0
    }

    /// `max_catalogs`
    private let limit: Int
    private var records: [String: Record] = [:]
    private var changes: UInt64 = 0
    private var lastStamp: UInt32 = 1

    package init(limit: Int) { self.limit = limit }

    package var count: Int { records.count }

    /// A number for a way to understand texts, which classes that were found by it bear; none is given twice.
    package mutating func takeStamp() -> UInt32 {
        lastStamp &+= 1
        return lastStamp
    }

    /// A server has logged in to the database.
    /// - Returns: whether its catalog is to be asked for. Beyond the limit it is not: its texts are understood by what
    ///   PostgreSQL itself brings, and whatever calls a function of a user's goes to the primary.
    package mutating func want(_ database: String) -> Bool {
        guard records[database] == nil, records.count < limit else { return false }
        records[database] = Record()
        return true
    }

    /// No pool of the database is left, or it is no more the same database.
    /// - Returns: whether anything was known or asked for.
    package mutating func remove(_ database: String) -> Bool { records.removeValue(forKey: database) != nil }

    /// - Returns: whether anybody wants it.
    package mutating func load(_ database: String, _ catalog: DatabaseCatalog) -> Bool {
        if records[database] == nil { return false }
        records[database]?.catalog = catalog
        return true
    }

    /// Its facts are known, up to date or not.
    package func isLoaded(_ database: String) -> Bool { records[database]?.catalog != nil }

    package subscript(database: String) -> DatabaseCatalog { records[database]?.catalog ?? .builtin }

    /// A statement that may change the catalog is about to be sent, or is over.
    /// - Returns: the change's number, for whoever looks; nil where nobody does.
    package mutating func noteChange(_ database: String) -> UInt64? {
        guard records[database] != nil else { return nil }
        changes += 1
        records[database]?.change = changes
        return changes
    }

    /// A look has seen all changes up to this one.
    package mutating func settle(_ database: String, _ change: UInt64) {
        guard let record = records[database] else { return }
        records[database]?.settled = max(record.settled, change)
    }

    /// Something has changed that no look has seen.
    package func isOutdated(_ database: String) -> Bool { records[database].map { $0.change > $0.settled } ?? false }
}
