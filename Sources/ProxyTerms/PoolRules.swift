/// What holds for every database and user: layers over each other, each of which says what it has to say. The user's
/// section comes first, then the database's, then that of every database (`[database *]`), then the proxy's.
package struct PoolRules: Sendable, Equatable {
    /// The lowest layer, which says everything.
    package var proxy: PoolOptions
    package var everyDatabase: [PoolOption] = []
    /// By the names that clients ask for.
    package var databases: [String: [PoolOption]] = [:]
    package var users: [String: [PoolOption]] = [:]

    package init(proxy: PoolOptions = PoolOptions()) { self.proxy = proxy }

    /// Cheap enough for a log-in, not for a query.
    package func options(database: String, user: String) -> PoolOptions {
        var options = proxy
        for layer in [everyDatabase, databases[database] ?? [], users[user] ?? []] {
            for option in layer { option.apply(to: &options) }
        }
        if options.databaseOnServer.isEmpty { options.databaseOnServer = database }
        return options
    }
}
