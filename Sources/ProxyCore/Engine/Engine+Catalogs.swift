/// Catalog facts: when they are asked for, and how reads are routed while they may be out of date.
extension Engine {
    /// Facts of a database (by its name on the servers) have been loaded anew.
    package func catalogLoaded(database: String, _ catalog: DatabaseCatalog) {
        defer { endTurn() }
        let wasLoaded = databases.catalogs.isLoaded(database)
        guard databases.catalogs.load(database, catalog) else { return }
        if wasLoaded { schemaChanged(database) }
        forEachPool { pool in
            if pool.pointee.options.databaseOnServer == database { setCatalog(of: pool, catalog) }
        }
    }

    /// What has been loaded is right for all changes up to this one, as `.catalogChanged` numbered them.
    package func catalogSettled(database: String, change: UInt64) {
        defer { endTurn() }
        databases.catalogs.settle(database, change)
        markOutdated(database)
    }

    /// A server has logged in: there is such a database.
    func wantCatalog(of pool: PoolPointer) {
        let database = pool.pointee.options.databaseOnServer
        guard pool.pointee.replication != .physical, databases.catalogs.want(database) else { return }
        actions.append(.catalogWanted(database: database))
    }

    /// The pool has gone.
    func leaveCatalog(of database: String) {
        var isUsed = false
        forEachPool { if $0.pointee.options.databaseOnServer == database { isUsed = true } }
        if !isUsed, databases.catalogs.remove(database) { actions.append(.catalogUnwanted(database: database)) }
    }

    /// A statement is about to be sent that may change what the facts say. They are taken for outdated from now on, and
    /// looked at anew once the transaction is over.
    func catalogMayChange(_ server: ServerPointer) {
        server.pointee.changesCatalog = true
        let database = server.pointee.pool.pointee.options.databaseOnServer
        guard databases.catalogs.noteChange(database) != nil else { return }
        markOutdated(database)
    }

    /// The transaction is over in which such a statement stood, well or not.
    func catalogMayHaveChanged(_ server: ServerPointer) {
        server.pointee.changesCatalog = false
        let database = server.pointee.pool.pointee.options.databaseOnServer
        guard let change = databases.catalogs.noteChange(database) else { return }
        actions.append(.catalogChanged(database: database, change: change))
    }

    private func markOutdated(_ database: String) {
        let isOutdated = databases.catalogs.isOutdated(database)
        forEachPool { pool in
            if pool.pointee.options.databaseOnServer == database { pool.pointee.isCatalogOutdated = isOutdated }
        }
    }
}
