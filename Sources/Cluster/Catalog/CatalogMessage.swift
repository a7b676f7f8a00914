/// What other threads tell the catalog loader's thread.
enum CatalogMessage: Sendable {
    case view(ClusterView)
    case watch(database: String)
    case forget(database: String)
    case refresh(database: String, CatalogChange)
    case vacate(database: String)
    case release(database: String)
}
