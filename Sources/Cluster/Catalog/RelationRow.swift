/// A relation that cannot be read on a replica without a thought. Ordinary tables, and views of nothing else, have no
/// row.
package struct RelationRow: Sendable, Equatable {
    package let schema: String
    package let name: String
    /// What a read of it comes upon, itself included, through views, row security policies, children and partitions at
    /// any depth; never empty, in a fixed order.
    package let reaches: [RelationReach]
}
