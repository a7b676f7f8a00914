/// What came of a look at a catalog.
enum CatalogLook {
    case unchanged
    case changed(fingerprint: String, CatalogRows)
}
