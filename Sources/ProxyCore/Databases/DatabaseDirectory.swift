import Bytes

/// What is known of each database, and who has a part in it beside its pools; by its name on the servers.
struct DatabaseDirectory {
    var catalogs: CatalogStore
    var schemas = SchemaEpochs()
    var listening: [String: ListeningServer] = [:]
    /// Who needs a database to itself, by the client.
    var claims: [Handle: DatabaseClaim] = [:]

    /// - Parameter maximumCatalogs: `max_catalogs`
    init(maximumCatalogs: Int) { catalogs = CatalogStore(limit: maximumCatalogs) }
}
