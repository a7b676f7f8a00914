import StatementRouting

/// What routing has to know of one database, as its catalog has it.
package struct CatalogRows: Sendable, Equatable {
    /// All but procedures, pg_catalog's included.
    package var functions: [FunctionRow]
    package var relations: [RelationRow]
    package var volatileOperators: [OperatorRow]
    package var volatileTypes: [TypeRow]
    package var sequenceWriters: [SequenceWriterFact]
    package var uniqueKeys: [UniqueKeyFact]
    /// Of `search_path`: names apart by commas, quoted where needed.
    package var searchPaths: RoleSettingRows
    /// Of `default_transaction_isolation`; empty where it is not known.
    package var isolations: RoleSettingRows

    package init(
        functions: [FunctionRow],
        relations: [RelationRow],
        volatileOperators: [OperatorRow],
        volatileTypes: [TypeRow],
        sequenceWriters: [SequenceWriterFact] = [],
        uniqueKeys: [UniqueKeyFact] = [],
        searchPaths: RoleSettingRows,
        isolations: RoleSettingRows
    ) {
        self.functions = functions
        self.relations = relations
        self.volatileOperators = volatileOperators
        self.volatileTypes = volatileTypes
        self.sequenceWriters = sequenceWriters
        self.uniqueKeys = uniqueKeys
        self.searchPaths = searchPaths
        self.isolations = isolations
    }
}
