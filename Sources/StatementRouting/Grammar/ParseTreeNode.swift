/// Numbers of the parse tree messages that are looked at: their fields in `Node` of pg_query.proto.
enum ParseTreeNode {
    static let rangeVar = 2
    static let boolExpr = 16
    static let subLink = 17
    static let joinExpr = 47
    static let intoClause = 50
    static let rawStmt = 52
    static let insertStmt = 54
    static let deleteStmt = 55
    static let updateStmt = 56
    static let mergeStmt = 57
    static let selectStmt = 58
    static let plAssignStmt = 60
    static let alterTableCmd = 62
    static let setOperationStmt = 64
    static let grantStmt = 65
    static let grantRoleStmt = 66
    static let alterDefaultPrivilegesStmt = 67
    static let closePortalStmt = 68
    static let clusterStmt = 69
    static let copyStmt = 70
    static let createStmt = 71
    static let defineStmt = 72
    static let dropStmt = 73
    static let truncateStmt = 74
    static let commentStmt = 75
    static let fetchStmt = 76
    static let indexStmt = 77
    static let doStmt = 80
    static let renameStmt = 81
    static let notifyStmt = 83
    static let listenStmt = 84
    static let unlistenStmt = 85
    static let transactionStmt = 86
    static let viewStmt = 87
    static let loadStmt = 88
    static let createdbStmt = 90
    static let dropdbStmt = 91
    static let vacuumStmt = 92
    static let explainStmt = 93
    static let createTableAsStmt = 94
    static let createSeqStmt = 95
    static let variableSetStmt = 97
    static let variableShowStmt = 98
    static let discardStmt = 99
    static let createRoleStmt = 102
    static let alterRoleStmt = 103
    static let dropRoleStmt = 104
    static let lockStmt = 105
    static let constraintsSetStmt = 106
    static let reindexStmt = 107
    static let checkPointStmt = 108
    static let alterDatabaseStmt = 110
    static let alterDatabaseSetStmt = 112
    static let alterRoleSetStmt = 113
    static let prepareStmt = 119
    static let executeStmt = 120
    static let deallocateStmt = 121
    static let declareCursorStmt = 122
    static let dropOwnedStmt = 130
    static let refreshMatViewStmt = 155
    static let callStmt = 169
    static let aExpr = 171
    static let columnRef = 172
    static let paramRef = 173
    static let funcCall = 174
    static let aIndirection = 177
    static let typeCast = 181
    static let rangeSubselect = 185
    static let rangeFunction = 186
    static let typeName = 190
    static let defElem = 195
    static let lockingClause = 208
    static let withClause = 211
    static let integer = 230
    static let float = 231
    static let string = 233
    static let list = 235
    static let aConst = 238

    /// From InsertStmt to AlterStatsStmt all messages are statements, but for three.
    static func isStatement(_ kind: Int) -> Bool {
        kind >= insertStmt && kind <= 170
            && kind != alterTableCmd && kind != setOperationStmt && kind != plAssignStmt
    }
}
