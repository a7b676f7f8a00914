/// The statements of one look at a catalog, in the order in which they run. Each is a transaction of its own, so that
/// no snapshot is held for longer than one of them takes: VACUUM cleans up what is older than the oldest.
enum CatalogStep: Int, CaseIterable {
    case ownSearchPath
    case ownIsolation
    case pinSearchPath
    case fingerprint
    case functions
    case relations
    case reads
    case calls
    case operators
    case types
    case sequenceWriters
    case uniqueKeys
    case searchPaths
    case isolations
    /// Whether the catalog is still the one of which the rows tell.
    case fingerprintAfter

    var text: String {
        switch self {
        case .ownSearchPath: CatalogQueries.own("search_path")
        case .ownIsolation: CatalogQueries.own("default_transaction_isolation")
        case .pinSearchPath: CatalogQueries.pinSearchPath
        case .fingerprint, .fingerprintAfter: CatalogQueries.fingerprint
        case .functions: CatalogQueries.functions
        case .relations: CatalogQueries.relations
        case .reads: CatalogQueries.reads
        case .calls: CatalogQueries.calls
        case .operators: CatalogQueries.volatileOperators
        case .types: CatalogQueries.volatileTypes
        case .sequenceWriters: CatalogQueries.sequenceWriters
        case .uniqueKeys: CatalogQueries.uniqueKeys
        case .searchPaths: CatalogQueries.settings(of: "search_path")
        case .isolations: CatalogQueries.settings(of: "default_transaction_isolation")
        }
    }

    var next: CatalogStep? { CatalogStep(rawValue: rawValue + 1) }
}
