/// Tells statements whose plan cannot hang on the values that are bound, so that clients may share it.
///
/// PostgreSQL plans a prepared statement for its values in its first five executions, and may take a plan for any
/// values from then on (PREPARE, Notes). Where there is but one way to run it, both are the same: without parameters,
/// where rows are only put in, where one row is looked up by a unique key, and where no row is left out.
struct FixedPlan {
    /// Something among the nodes that have been visited takes more than one relation, or a plan of its own.
    private var isCompound = false
    private(set) var hasParameters = false
    private var selects = 0

    init() {}

    mutating func visit(_ kind: Int) {
        switch kind {
        case ParseTreeNode.paramRef: hasParameters = true
        case ParseTreeNode.subLink, ParseTreeNode.joinExpr, ParseTreeNode.rangeSubselect, ParseTreeNode.rangeFunction,
            ParseTreeNode.withClause:
            isCompound = true
        case ParseTreeNode.selectStmt: selects += 1
        default: break
        }
    }

    /// - Parameter statement: all of whose nodes have been visited.
    func holds(for kind: Int, _ statement: WireFields.Range, _ facts: CatalogFacts, _ path: SearchPath?) -> Bool {
        if !hasParameters { return true }
        if isCompound || selects > 1 { return false }
        switch kind {
        case ParseTreeNode.insertStmt: return putsRowsIn(kind, statement)
        case ParseTreeNode.selectStmt:
            // from_clause = 4, where_clause = 5, larg = 19.
            let from = statement.all(4)
            guard statement.bytes(19) == nil, from.count <= 1 else { return false }
            guard let relation = from.first?.node else { return true }
            guard relation.kind == ParseTreeNode.rangeVar else { return false }
            // limit_offset = 12, limit_count = 13: how many rows are wanted may decide how they are found.
            if statement.bytes(12) != nil || statement.bytes(13) != nil, statement.bytes(5) == nil { return false }
            return Self.isKeyed(relation.range, by: statement.bytes(5), facts, path)
        case ParseTreeNode.updateStmt:
            // relation = 1, where_clause = 3, from_clause = 4.
            guard statement.all(4).isEmpty, let relation = statement.bytes(1) else { return false }
            return Self.isKeyed(relation, by: statement.bytes(3), facts, path)
        case ParseTreeNode.deleteStmt:
            // relation = 1, using_clause = 2, where_clause = 3.
            guard statement.all(2).isEmpty, let relation = statement.bytes(1) else { return false }
            return Self.isKeyed(relation, by: statement.bytes(3), facts, path)
        default: return false
        }
    }

    /// Whether a statement is an INSERT of rows that are written in it, with nothing looked up.
    func putsRowsIn(_ kind: Int, _ statement: WireFields.Range) -> Bool {
        guard kind == ParseTreeNode.insertStmt, !isCompound, selects <= 1 else { return false }
        // select_stmt = 3. SelectStmt: values_lists = 10.
        guard let source = statement.bytes(3)?.node else { return true }
        return source.kind == ParseTreeNode.selectStmt && source.range.bytes(10) != nil
    }

    /// Whether a condition leaves at most one row of a plain table, by a unique index, or there is none.
    private static func isKeyed(
        _ relation: WireFields.Range,
        by condition: WireFields.Range?,
        _ facts: CatalogFacts,
        _ path: SearchPath?
    ) -> Bool {
        guard let condition else { return true }
        var columns: Set<String> = []
        collect(condition, &columns)
        return facts.hasUniqueKey(
            schema: relation.bytes(2)?.string,
            name: relation.string(3),
            path: path,
            among: columns
        )
    }

    /// The columns that must equal a value, of conditions that are joined by AND.
    private static func collect(_ node: WireFields.Range, _ columns: inout Set<String>) {
        guard let (kind, range) = node.node else { return }
        switch kind {
        // BoolExpr: boolop = 2, args = 3; AND_EXPR = 1.
        case ParseTreeNode.boolExpr where range.number(2) == 1:
            for argument in range.all(3) { collect(argument, &columns) }
        // A_Expr: kind = 1, name = 2, lexpr = 3, rexpr = 4; AEXPR_OP = 1.
        case ParseTreeNode.aExpr where range.number(1) == 1:
            guard ParseTreeClassifier.names(range.all(2)) == ["="], let left = range.bytes(3),
                let right = range.bytes(4)
            else { return }
            if let column = column(left), isValue(right) {
                columns.insert(column)
            } else if let column = column(right), isValue(left) {
                columns.insert(column)
            }
        default: break
        }
    }

    private static func column(_ node: WireFields.Range) -> String? {
        guard let (kind, range) = node.node, kind == ParseTreeNode.columnRef else { return nil }
        return ParseTreeClassifier.names(range.all(1)).last
    }

    private static func isValue(_ node: WireFields.Range) -> Bool {
        guard let (kind, range) = node.node else { return false }
        switch kind {
        case ParseTreeNode.paramRef, ParseTreeNode.aConst: return true
        // TypeCast: arg = 1.
        case ParseTreeNode.typeCast: return range.bytes(1).map(isValue) ?? false
        default: return false
        }
    }
}
