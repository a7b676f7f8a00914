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
        case ParseTreeNode.selectStmt: self = Self.select(range)
        case ParseTreeNode.createStmt: self = Self.temporary(.table, range.bytes(1)) ?? .other
        case ParseTreeNode.viewStmt: self = Self.temporary(.view, range.bytes(1)) ?? .other
        case ParseTreeNode.createSeqStmt: self = Self.temporary(.sequence, range.bytes(1)) ?? .other
        case ParseTreeNode.createTableAsStmt: self = Self.temporary(.table, range.bytes(2)?.bytes(1)) ?? .other
        default: self = .other
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

    // MARK: - SELECT set_config(…)

    private static func select(_ range: WireFields.Range) -> SessionCommand {
        var assignments: [ConfigAssignment] = []
        var fields = WireFields(range)
        while let field = fields.next() {
            switch (field.number, field.value) {
            // target_list; ResTarget: val = 3.
            case (3, .bytes(let target)):
                guard let (_, item) = target.node, let value = item.bytes(3), let assignment = assignment(value) else {
                    return .other
                }
                assignments.append(assignment)
            // limit_option and op are numbers and always there.
            case (_, .number): break
            // Any other clause.
            default: return .other
            }
        }
        return assignments.isEmpty ? .other : .setConfig(assignments)
    }

    private static func assignment(_ node: WireFields.Range) -> ConfigAssignment? {
        guard let (kind, call) = node.node, kind == ParseTreeNode.funcCall else { return nil }
        let names = ParseTreeClassifier.names(call.all(1))
        guard names == ["set_config"] || names == ["pg_catalog", "set_config"] else { return nil }
        let arguments = call.all(2)
        guard arguments.count == 3,
            let name = SettingLiteral(node: arguments[0]), name.kind == .string,
            let isLocal = SettingLiteral(node: arguments[2]), let local = boolean(isLocal.text)
        else { return nil }
        let value = SettingLiteral(node: arguments[1])
        guard value != nil || isNull(arguments[1]) else { return nil }
        return ConfigAssignment(name: SessionCommands.folded(name.text), value: value?.text, isLocal: local)
    }

    private static func isNull(_ node: WireFields.Range) -> Bool {
        guard let (kind, range) = node.node else { return false }
        return kind == ParseTreeNode.aConst && range.number(10) != 0
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
