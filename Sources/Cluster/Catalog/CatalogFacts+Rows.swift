import StatementRouting

extension CatalogFacts {
    /// The facts for sessions of one role: rows of a catalog in the words of routing.
    ///
    /// - Parameters:
    ///   - role: whose `search_path` is the default; only that differs between roles.
    ///   - generation: counts up with each loading of the same database.
    package convenience init(rows: CatalogRows, role: String, generation: UInt64) {
        self.init(
            functions: rows.functions.map(\.fact),
            relations: rows.relations.map(\.fact),
            volatileOperators: rows.volatileOperators.map(\.name),
            volatileTypes: rows.volatileTypes.map(\.name),
            sequenceWriters: rows.sequenceWriters,
            uniqueKeys: rows.uniqueKeys,
            defaultSearchPath: SearchPath(setting: rows.searchPaths.value(forRole: role), user: role),
            generation: generation
        )
    }
}

extension FunctionRow {
    var fact: FunctionFact {
        let atLeast = arguments - max(defaults, isVariadic ? 1 : 0)
        let volatility: FunctionFact.Volatility
        switch self.volatility {
        case .immutable: volatility = .immutable
        case .stable: volatility = .stable
        case .volatile: volatility = .volatile
        }
        return FunctionFact(
            schema: schema,
            name: name,
            minimumArguments: max(0, atLeast),
            maximumArguments: isVariadic ? nil : arguments,
            volatility: volatility,
            acceptsRow: acceptsRow
        )
    }
}

extension RelationRow {
    /// A view of foreign tables alone follows the setting for foreign tables; whatever is mixed needs the primary.
    var fact: RelationFact {
        let kind: RelationFact.Kind
        switch reaches {
        case [.unlogged]: kind = .unlogged
        case [.foreign]: kind = .foreign
        case [.sequence]: kind = .sequence
        default: kind = .volatileView
        }
        return RelationFact(schema: schema, name: name, kind: kind)
    }
}
