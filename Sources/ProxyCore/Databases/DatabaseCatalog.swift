import StatementRouting

/// What the control plane has read of one database's catalog.
package struct DatabaseCatalog: Sendable {
    package let facts: CatalogFacts
    /// The value of search_path in a session that sets none, by role.
    package let searchPathOfRole: [String: String]
    /// The same for roles without a value of their own.
    package let searchPath: String

    /// The value of default_transaction_isolation, in the same way; empty where it is not known.
    package let isolationOfRole: [String: String]
    package let isolation: String

    package init(
        facts: CatalogFacts,
        searchPath: String,
        searchPathOfRole: [String: String],
        isolation: String = "read committed",
        isolationOfRole: [String: String] = [:]
    ) {
        self.facts = facts
        self.searchPath = searchPath
        self.searchPathOfRole = searchPathOfRole
        self.isolation = isolation
        self.isolationOfRole = isolationOfRole
    }

    /// Before anything has been read: what PostgreSQL itself brings.
    static let builtin = DatabaseCatalog(
        facts: .builtin,
        searchPath: "\"$user\", public",
        searchPathOfRole: [:],
        isolation: ""
    )

    /// The isolation level of a transaction in a session of the role that sets none; nil where it is not known.
    func isolation(forRole role: String) -> TransactionOptions.Isolation? {
        TransactionOptions.Isolation(name: isolationOfRole[role] ?? isolation)
    }

    func searchPath(forRole role: String) -> SearchPath {
        SearchPath(setting: searchPathOfRole[role] ?? searchPath, user: role)
    }
}
