import StatementRouting

/// What the control plane has read of one database's catalog.
package struct DatabaseCatalog: Sendable {
    package let facts: CatalogFacts
    /// The value of search_path in a session that sets none, by role.
    package let searchPathOfRole: [String: String]
    /// The same for roles without a value of their own.
    package let searchPath: String

    package init(facts: CatalogFacts, searchPath: String, searchPathOfRole: [String: String]) {
        self.facts = facts
        self.searchPath = searchPath
        self.searchPathOfRole = searchPathOfRole
    }

    /// Before anything has been read: what PostgreSQL itself brings.
    static let builtin = DatabaseCatalog(facts: .builtin, searchPath: "\"$user\", public", searchPathOfRole: [:])

    func searchPath(forRole role: String) -> SearchPath {
        SearchPath(setting: searchPathOfRole[role] ?? searchPath, user: role)
    }
}
