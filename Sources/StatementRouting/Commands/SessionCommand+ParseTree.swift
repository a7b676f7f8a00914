extension SessionCommand {
    /// From a statement of the parse tree. Field numbers are those of its message in pg_query.proto.
    init(kind: Int, _ range: WireFields.Range) {
        switch kind {
        case ParseTreeNode.transactionStmt: self = Self.transaction(range)
        case ParseTreeNode.variableSetStmt: self = Self.variableSet(range)
        case ParseTreeNode.variableShowStmt:
            let name = SessionCommands.folded(range.string(1))
            self = name == "all" ? .showAll : .show(name)
        case ParseTreeNode.discardStmt: self = DiscardTarget(rawValue: range.number(1)).map { .discard($0) } ?? .other
        case ParseTreeNode.deallocateStmt: self = .deallocate(Self.name(range.string(1)))
        case ParseTreeNode.listenStmt: self = .listen(range.string(1))
        case ParseTreeNode.unlistenStmt: self = .unlisten(Self.name(range.string(1)))
        case ParseTreeNode.notifyStmt: self = .notify(channel: range.string(1), payload: range.string(2))
        case ParseTreeNode.declareCursorStmt:
            self = .declareCursor(name: range.string(1), options: CursorOptions(rawValue: range.number(2)))
        case ParseTreeNode.fetchStmt: self = .fetch(range.string(3))
        case ParseTreeNode.closePortalStmt: self = .closeCursor(Self.name(range.string(1)))
        case ParseTreeNode.loadStmt: self = .load(range.string(1))
        case ParseTreeNode.lockStmt: self = .lockTable
        case ParseTreeNode.selectStmt: self = Self.select(range) ?? Self.calling(kind, range)
        case ParseTreeNode.createStmt: self = Self.temporary(.table, range.bytes(1)) ?? .other
        case ParseTreeNode.viewStmt: self = Self.temporary(.view, range.bytes(1)) ?? .other
        case ParseTreeNode.createSeqStmt: self = Self.temporary(.sequence, range.bytes(1)) ?? .other
        case ParseTreeNode.createTableAsStmt: self = Self.temporary(.table, range.bytes(2)?.bytes(1)) ?? .other
        default: self = ClusterCommand(kind: kind, range).map { .cluster($0) } ?? Self.calling(kind, range)
        }
    }

    /// The tree has no name where a statement says ALL or an asterisk.
    private static func name(_ text: String) -> String? { text.isEmpty ? nil : text }

    private static func transaction(_ range: WireFields.Range) -> SessionCommand {
        let chain = range.number(5) != 0
        switch range.number(1) {
        case 1, 2: return .begin(TransactionOptions(nodes: range.all(2)))
        case 3: return .commit(chain: chain)
        case 4: return .rollback(chain: chain)
        case 5: return .savepoint(range.string(3))
        case 6: return .releaseSavepoint(range.string(3))
        case 7: return .rollbackToSavepoint(range.string(3))
        case 8: return .prepareTransaction(range.string(4))
        case 9: return .commitPrepared(range.string(4))
        case 10: return .rollbackPrepared(range.string(4))
        default: return .other
        }
    }

    private static func variableSet(_ range: WireFields.Range) -> SessionCommand {
        let name = SessionCommands.folded(range.string(2))
        let arguments = range.all(3)
        let isLocal = range.number(4) != 0
        switch VariableSetKind(rawValue: range.number(1)) {
        case .value:
            let literals = arguments.compactMap { SettingLiteral(node: $0) }
            guard literals.count == arguments.count else { return .other }
            return .set(name: name, value: .list(literals), isLocal: isLocal)
        case .default: return .set(name: name, value: .default, isLocal: isLocal)
        case .current: return .set(name: name, value: .current, isLocal: isLocal)
        case .reset: return .reset(name)
        case .resetAll: return .resetAll
        case .multi:
            if name == "transaction snapshot" {
                let snapshot = arguments.first.flatMap { SettingLiteral(node: $0) }
                return .setTransaction(TransactionOptions(snapshot: snapshot?.text))
            }
            let options = TransactionOptions(nodes: arguments)
            return name == "session characteristics" ? .setSessionCharacteristics(options) : .setTransaction(options)
        case nil: return .other
        }
    }

    /// RangeVar: relname = 3, relpersistence = 5.
    private static func temporary(_ kind: TemporaryKind, _ relation: WireFields.Range?) -> SessionCommand? {
        guard let relation else { return nil }
        let isTemporary =
            relation.bytes(5)?.equals("t") == true || relation.bytes(2)?.begins(with: "pg_temp") == true
        return isTemporary ? .createTemporary(kind: kind, name: relation.string(3)) : nil
    }

    // MARK: - set_config

    /// A SELECT of nothing but calls of set_config.
    private static func select(_ range: WireFields.Range) -> SessionCommand? {
        var assignments: [ConfigAssignment] = []
        var fields = WireFields(range)
        while let field = fields.next() {
            switch (field.number, field.value) {
            // target_list; ResTarget: val = 3.
            case (3, .bytes(let target)):
                guard let (_, item) = target.node, let value = item.bytes(3), let (kind, call) = value.node,
                    kind == ParseTreeNode.funcCall, let assignment = assignment(call)
                else { return nil }
                assignments.append(assignment)
            // limit_option and op are numbers and always there.
            case (_, .number): break
            // Any other clause.
            default: return nil
            }
        }
        return assignments.isEmpty ? nil : .setConfig(assignments)
    }

    /// Any other statement, in which such calls may be made or not.
    private static func calling(_ kind: Int, _ range: WireFields.Range) -> SessionCommand {
        var assignments: [ConfigAssignment] = []
        var updates = kind == ParseTreeNode.updateStmt && isUpdateOfSettings(range)
        let isWhole = ParseTreeWalker().walk(statement: kind, range) { kind, range in
            if kind == ParseTreeNode.funcCall, var call = assignment(range) {
                call.value = .computed
                assignments.append(call)
            }
            if kind == ParseTreeNode.updateStmt, isUpdateOfSettings(range) { updates = true }
        }
        if !isWhole || updates && !assignments.isEmpty {
            assignments.append(ConfigAssignment(name: .computed, value: .computed, isLocal: nil))
        }
        return !assignments.isEmpty ? .setConfig(assignments) : updates ? .updateSettings : .other
    }

    /// UpdateStmt: relation = 1, a RangeVar with relname = 3.
    static func isUpdateOfSettings(_ range: WireFields.Range) -> Bool {
        range.bytes(1)?.bytes(3)?.equals("pg_settings") == true
    }

    /// FuncCall: funcname = 1, args = 2. Nil where it calls something else.
    private static func assignment(_ call: WireFields.Range) -> ConfigAssignment? {
        let names = ParseTreeClassifier.names(call.all(1))
        guard names.last == "set_config", names.count == 1 || names == ["pg_catalog", "set_config"] else { return nil }
        let arguments = call.all(2)
        guard arguments.count == 3 else {
            return ConfigAssignment(name: .computed, value: .computed, isLocal: nil)
        }
        var name = argument(arguments[0])
        if case .text(let text) = name { name = .text(SessionCommands.folded(text)) }
        let isLocal = SettingLiteral(node: arguments[2]).flatMap { boolean($0.text) }
        return ConfigAssignment(name: name, value: argument(arguments[1]), isLocal: isLocal)
    }

    /// TypeCast: arg = 1. ParamRef: number = 1. A_Const: isnull = 10.
    private static func argument(_ node: WireFields.Range) -> ConfigAssignment.Argument {
        guard let (kind, range) = node.node else { return .computed }
        switch kind {
        case ParseTreeNode.paramRef: return .parameter(Int(truncatingIfNeeded: range.number(1)))
        case ParseTreeNode.typeCast:
            guard let inner = range.bytes(1), let type = range.bytes(2),
                ["text", "varchar"].contains(ParseTreeClassifier.names(type.all(1)).last ?? "")
            else { return .computed }
            return argument(inner)
        case ParseTreeNode.aConst where range.number(10) != 0: return .null
        default:
            guard let literal = SettingLiteral(node: node), literal.kind == .string else { return .computed }
            return .text(literal.text)
        }
    }

    /// What PostgreSQL's boolean takes, as far as clients write it.
    private static func boolean(_ text: String) -> Bool? {
        switch SessionCommands.folded(text) {
        case "true", "t", "on", "yes", "y", "1": true
        case "false", "f", "off", "no", "n", "0": false
        default: nil
        }
    }
}

/// `VariableSetStmt.kind` of pg_query.proto.
enum VariableSetKind: UInt64 {
    case value = 1
    case `default`
    case current
    case multi
    case reset
    case resetAll
}
