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
