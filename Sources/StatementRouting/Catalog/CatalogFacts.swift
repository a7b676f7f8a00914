import Synchronization

/// What a database's catalog says of the names in statements. Immutable; the control plane makes a new value when the
/// catalog has changed.
package final class CatalogFacts: Sendable {
    /// What is known before a database's catalog has been read: the functions of pg_catalog. Every other function
    /// counts as a write until then.
    package static let builtin = CatalogFacts(
        functions: [],
        relations: [],
        defaultSearchPath: SearchPath(schemas: ["public"]),
        generation: 0
    )

    /// Counts up with each reading of the same database's catalog; told in EXPLAIN ROUTE.
    package let generation: UInt64
    /// The search_path of a session that sets none, for this database and role.
    package let defaultSearchPath: SearchPath
    let identity = UniqueIdentity.next()

    private let functions: [String: [FunctionFact]]
    private let relations: [String: [RelationFact]]
    private let volatileOperators: Set<String>
    private let volatileTypes: Set<String>
    private let sequenceWriters: [String: [SequenceWriterFact]]
    private let uniqueKeys: [String: [UniqueKeyFact]]

    /// - Parameters:
    ///   - functions: a row for each function, aggregate and window function outside pg_catalog. Rows of pg_catalog
    ///     may be given too: they replace what is built in for their names (and make a newer server's functions
    ///     known).
    ///   - relations: a row for each relation that cannot simply be read on a replica.
    ///   - volatileOperators: `oprname` of each operator outside pg_catalog whose function is volatile.
    ///   - volatileTypes: `typname` of each type outside pg_catalog that a cast with a volatile function leads to, or a
    ///     domain whose CHECK calls one.
    ///   - uniqueKeys: a row for each unique index by which plain tables are looked up.
    ///   - sequenceWriters: a row for each relation a write to which may move a sequence.
    ///   - defaultSearchPath: for sessions that set none.
    ///   - generation: see there.
    package init(
        functions: [FunctionFact],
        relations: [RelationFact],
        volatileOperators: [String] = [],
        volatileTypes: [String] = [],
        sequenceWriters: [SequenceWriterFact] = [],
        uniqueKeys: [UniqueKeyFact] = [],
        defaultSearchPath: SearchPath,
        generation: UInt64
    ) {
        self.functions = Dictionary(grouping: functions, by: \.name)
        self.relations = Dictionary(grouping: relations, by: \.name)
        self.volatileOperators = Set(volatileOperators)
        self.volatileTypes = Set(volatileTypes)
        self.sequenceWriters = Dictionary(grouping: sequenceWriters, by: \.name)
        self.uniqueKeys = Dictionary(grouping: uniqueKeys, by: \.table)
        self.defaultSearchPath = defaultSearchPath
        self.generation = generation
    }

    // MARK: - Functions

    /// Whether all functions that a call may resolve to can run on a replica.
    ///
    /// PostgreSQL chooses among the functions of all schemas of the path by their argument types, which are not known
    /// here: so every function of the name that takes so many arguments counts (PostgreSQL documentation, 10.3).
    ///
    /// - Parameter path: nil where it is not known; then every schema counts.
    /// - Returns: also whether one of them may leave something behind in the session that calls it, and whether one of
    ///   them is no function of pg_catalog's.
    func resolveFunction(
        schema: String?,
        name: String,
        argumentCount: Int,
        path: SearchPath?
    ) -> (resolution: FunctionResolution, mayChangeSession: Bool, mayBeUsers: Bool) {
        var found = FunctionResolution.unknown
        var mayChangeSession = false
        var mayBeUsers = false
        var hasCatalogRow = false
        for fact in functions[name] ?? [] {
            guard Self.isVisible(fact.schema, schema, path), fact.accepts(argumentCount: argumentCount) else {
                continue
            }
            if fact.schema == "pg_catalog" {
                hasCatalogRow = true
                found.merge(BuiltinFunctions.resolve(name, volatility: fact.volatility))
            } else {
                mayBeUsers = true
                if fact.mayChangeSession { mayChangeSession = true }
                found.merge(fact.volatility == .volatile ? .needsPrimary : .harmless)
            }
        }
        if !hasCatalogRow, schema == nil || schema == "pg_catalog" {
            found.merge(BuiltinFunctions.resolve(name))
        }
        return (found, mayChangeSession || found == .unknown, mayBeUsers || found == .unknown)
    }

    /// Whether `t.name` may call a function that needs the primary, if `name` is no column of `t`
    /// (PostgreSQL documentation, 8.16.5).
    func rowFunctionNeedsPrimary(name: String, path: SearchPath?) -> Bool {
        hasRowFunction(name: name, path: path) { $0 == .volatile }
    }

    /// Whether `t.name` may call a function of a user's.
    func isRowFunction(name: String, path: SearchPath?) -> Bool {
        hasRowFunction(name: name, path: path) { _ in true }
    }

    private func hasRowFunction(
        name: String,
        path: SearchPath?,
        _ isMeant: (FunctionFact.Volatility) -> Bool
    ) -> Bool {
        (functions[name] ?? []).contains { fact in
            fact.acceptsRow && isMeant(fact.volatility) && fact.schema != "pg_catalog"
                && fact.accepts(argumentCount: 1) && Self.isVisible(fact.schema, nil, path)
        }
    }

    func isVolatileOperator(_ name: String) -> Bool { volatileOperators.contains(name) }

    func isVolatileType(_ name: String) -> Bool { volatileTypes.contains(name) }

    // MARK: - Relations

    /// The kind of the relation, if it cannot simply be read on a replica. With the same name in two schemas of the
    /// path the row counts, since a plain table in an earlier schema has no row.
    func relationKind(schema: String?, name: String, path: SearchPath?) -> RelationFact.Kind? {
        relations[name]?.first { Self.isVisible($0.schema, schema, path) }?.kind
    }

    /// Whether the columns hold all of a unique key of the table that is meant.
    func hasUniqueKey(schema: String?, name: String, path: SearchPath?, among columns: Set<String>) -> Bool {
        guard let path, let keys = uniqueKeys[name], relationKind(schema: schema, name: name, path: path) == nil else {
            return false
        }
        // With tables of the name in two schemas it is not asked which is meant.
        let visible = keys.filter { Self.isVisible($0.schema, schema, path) }
        return Set(visible.map(\.schema)).count == 1 && visible.contains { $0.columns.isSubset(of: columns) }
    }

    /// Whether a write to the relation is known to move a sequence, as it may. A pin hangs on it; what another client
    /// must not see does not.
    /// - Parameter inserts: whether rows come to be by it.
    func movesSequence(schema: String?, name: String, path: SearchPath?, inserts: Bool) -> Bool {
        (sequenceWriters[name] ?? []).contains { fact in
            (inserts || fact.isByAnyWrite) && Self.isVisible(fact.schema, schema, path)
        }
    }

    /// - Parameters:
    ///   - home: the schema that something is in.
    ///   - named: the schema that the statement names, if it does.
    private static func isVisible(_ home: String, _ named: String?, _ path: SearchPath?) -> Bool {
        if let named { return home == named }
        guard let path else { return true }
        return home == "pg_catalog" || path.schemas.contains(home)
    }
}

extension FunctionResolution {
    /// The worse of both: what needs the primary wins, and what is known wins over what is not.
    fileprivate mutating func merge(_ other: FunctionResolution) {
        switch (self, other) {
        case (.needsPrimary, _), (_, .needsPrimary): self = .needsPrimary
        case (.harmless, _), (_, .harmless): self = .harmless
        case (.unknown, .unknown): break
        }
    }
}

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

/// A relation a write to which may move a sequence.
package struct SequenceWriterFact: Sendable, Equatable {
    package var schema: String
    package var name: String
    /// By a trigger, by a rule, or since what stands behind a view is not known; else by the default of a column alone.
    package var isByAnyWrite: Bool

    package init(schema: String, name: String, isByAnyWrite: Bool) {
        self.schema = schema
        self.name = name
        self.isByAnyWrite = isByAnyWrite
    }
}

/// A unique index over columns of a plain table without children, in whole: by it a row is looked up whatever the
/// values.
package struct UniqueKeyFact: Sendable, Equatable {
    package var schema: String
    package var table: String
    package var columns: Set<String>

    package init(schema: String, table: String, columns: Set<String>) {
        self.schema = schema
        self.table = table
        self.columns = columns
    }
}

/// Numbers for values that caches tell apart by identity, so that no two can ever be taken for one another.
enum UniqueIdentity {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 {
        last.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
