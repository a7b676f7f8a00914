/// Something that a read of a relation comes upon.
package enum RelationReach: Sendable, Hashable {
    /// A hot standby has no contents for it.
    case unlogged
    case foreign
    case sequence
    /// A function whose volatility (an aggregate's: its support functions') is volatile.
    case volatileFunction(schema: String, name: String)
    /// A view of pg_catalog or information_schema, which may show state of the server that is asked.
    case systemView(schema: String, name: String)
}

extension RelationReach: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.order < right.order }

    private var order: (Int, String, String) {
        switch self {
        case .unlogged: (0, "", "")
        case .foreign: (1, "", "")
        case .sequence: (2, "", "")
        case .volatileFunction(let schema, let name): (3, schema, name)
        case .systemView(let schema, let name): (4, schema, name)
        }
    }
}
