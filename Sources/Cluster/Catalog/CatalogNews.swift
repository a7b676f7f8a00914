/// What the catalog loader tells others, on its thread.
struct CatalogNews {
    /// A database's rows, when they were loaded first and whenever they have changed.
    let publish: (String, CatalogRows) -> Void
    /// A look has ended that saw all changes up to this one: what is published is right for them.
    let settled: (String, CatalogChange) -> Void
    /// No connection of the loader's is left to this database, nor will one be made until it is released.
    let vacated: (String) -> Void
    let log: (ClusterEvent) -> Void
}
