/// What came of a look at a catalog.
enum CatalogLook {
    case unchanged
    /// The fingerprint is nil where the catalog has changed while its rows were read.
    case changed(fingerprint: CatalogFingerprint?, CatalogRows)
}
