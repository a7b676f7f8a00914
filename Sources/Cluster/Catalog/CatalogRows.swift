/// What routing has to know of one database, as its catalog has it.
package struct CatalogRows: Sendable, Equatable {
    /// All but procedures, pg_catalog's included.
    package var functions: [FunctionRow]
    package var relations: [RelationRow]
    package var volatileOperators: [OperatorRow]
    package var volatileTypes: [TypeRow]
    package var searchPaths: SearchPathRows

    package init(
        functions: [FunctionRow],
        relations: [RelationRow],
        volatileOperators: [OperatorRow],
        volatileTypes: [TypeRow],
        searchPaths: SearchPathRows
    ) {
        self.functions = functions
        self.relations = relations
        self.volatileOperators = volatileOperators
        self.volatileTypes = volatileTypes
        self.searchPaths = searchPaths
    }
}
