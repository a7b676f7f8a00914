/// A relation that cannot simply be read on a replica. Ordinary tables, views and indexes have no row here.
package struct RelationFact: Sendable, Equatable {
    package enum Kind: UInt8, Sendable {
        /// `relpersistence = 'u'`: a hot standby has no contents for it.
        case unlogged
        /// `relpersistence = 't'`.
        case temporary
        /// `relkind = 'f'`.
        case foreign
        /// `relkind = 'S'`.
        case sequence
        /// A view (or table with row security) whose definition calls a volatile function or reads, through any
        /// number of views, a relation of one of the kinds above.
        case volatileView
    }

    package var schema: String
    package var name: String
    package var kind: Kind

    package init(schema: String, name: String, kind: Kind) {
        self.schema = schema
        self.name = name
        self.kind = kind
    }
}
