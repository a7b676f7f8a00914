/// How catalog facts are kept fresh.
package struct CatalogOptions: Sendable {
    /// A database's catalog is looked at for changes this often. Setting `catalog_check_interval`.
    package var interval: Duration
    /// Time for one look or one load, connecting included.
    package var timeout: Duration

    package init(interval: Duration = .seconds(10), timeout: Duration = .seconds(15)) {
        self.interval = interval
        self.timeout = timeout
    }
}
