/// What the loader keeps of one database.
struct WatchedDatabase {
    /// The rows published last, and the fingerprint of the catalog that they are known to be right for.
    var loaded: (fingerprint: String, rows: CatalogRows)?
    /// When it is to be looked at next; nanoseconds of `MonotonicClock`.
    var due: UInt64
    /// Why the last look failed, as it was logged; nil where it did not.
    var failure: String?
}
