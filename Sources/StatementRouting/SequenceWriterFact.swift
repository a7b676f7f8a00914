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
