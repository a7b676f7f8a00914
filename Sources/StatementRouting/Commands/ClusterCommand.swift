/// A statement about roles or databases, with the names in it.
package enum ClusterCommand: Equatable, Sendable {
    /// After it log-ins of these roles, or to these databases, may begin in another way, or not at all; both empty: of
    /// anybody.
    case changesLogins(roles: [String], databases: [String])
    /// It runs only while nobody else is connected to the database. A forced DROP DATABASE ends who is.
    case claimsDatabase(String, isForced: Bool)

    /// From a statement of the parse tree; nil for any other. Field numbers are those of its message in pg_query.proto.
    init?(kind: Int, _ range: WireFields.Range) {
        switch kind {
        case ParseTreeNode.createdbStmt:
            self = .claimsDatabase(Self.option("template", range.all(2)) ?? "template1", isForced: false)
        case ParseTreeNode.dropdbStmt:
            let isForced = range.all(3).contains { Self.name(ofOption: $0) == "force" }
            self = .claimsDatabase(range.string(1), isForced: isForced)
        case ParseTreeNode.renameStmt:
            switch range.number(1) {
            case Self.objectDatabase: self = .claimsDatabase(range.string(5), isForced: false)
            case Self.objectRole: self = .changesLogins(roles: [range.string(5), range.string(6)], databases: [])
            default: return nil
            }
        case ParseTreeNode.alterDatabaseStmt:
            if range.all(2).contains(where: { Self.name(ofOption: $0) == "tablespace" }) {
                self = .claimsDatabase(range.string(1), isForced: false)
            } else {
                self = .changesLogins(roles: [], databases: [range.string(1)])
            }
        case ParseTreeNode.alterDatabaseSetStmt: self = .changesLogins(roles: [], databases: [range.string(1)])
        case ParseTreeNode.createRoleStmt: self = .changesLogins(roles: [range.string(2)], databases: [])
        case ParseTreeNode.alterRoleStmt: self = Self.roles([range.bytes(1)])
        // Without a role it is ALTER ROLE ALL.
        case ParseTreeNode.alterRoleSetStmt: self = Self.roles([range.bytes(1)])
        case ParseTreeNode.dropRoleStmt, ParseTreeNode.dropOwnedStmt:
            self = Self.roles(range.all(1).map { $0.node?.range })
        case ParseTreeNode.grantRoleStmt: self = Self.roles(range.all(2).map { $0.node?.range })
        case ParseTreeNode.grantStmt:
            guard range.number(3) == Self.objectDatabase else { return nil }
            self = .changesLogins(roles: [], databases: range.all(4).compactMap { $0.node?.range.string(1) })
        default: return nil
        }
    }

    /// Values of `ObjectType`.
    private static let objectDatabase: UInt64 = 10
    private static let objectRole: UInt64 = 34

    /// RoleSpec: roletype = 1, rolename = 2. CURRENT_USER and the like are somebody who is not named.
    private static func roles(_ specifications: [WireFields.Range?]) -> ClusterCommand {
        let names = specifications.map { $0?.number(1) == 1 ? $0?.string(2) : nil }
        if names.contains(nil) { return .changesLogins(roles: [], databases: []) }
        return .changesLogins(roles: names.compactMap { $0 }, databases: [])
    }

    /// DefElem: defname = 2, arg = 3.
    private static func name(ofOption node: WireFields.Range) -> String? {
        guard let (kind, option) = node.node, kind == ParseTreeNode.defElem else { return nil }
        return option.string(2)
    }

    private static func option(_ name: String, _ options: [WireFields.Range]) -> String? {
        for node in options where self.name(ofOption: node) == name {
            guard let (kind, value) = node.node?.range.bytes(3)?.node, kind == ParseTreeNode.string else { continue }
            return value.string(1)
        }
        return nil
    }
}
