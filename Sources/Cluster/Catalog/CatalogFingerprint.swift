/// Tells one state of a database's catalog from another.
struct CatalogFingerprint: Equatable {
    var functions: String
    /// Of all else that the rows are made from; views depend on functions, too, and are read anew with either.
    var others: String
}
