extension ParseTreeClassifier {
    /// What a whole statement does to the session and to the transaction. What it does to data is seen by the walk.
    mutating func note(statement kind: Int, _ range: WireFields.Range) {
        switch kind {
        case ParseTreeNode.selectStmt, ParseTreeNode.explainStmt, ParseTreeNode.insertStmt, ParseTreeNode.updateStmt,
            ParseTreeNode.deleteStmt, ParseTreeNode.mergeStmt, ParseTreeNode.truncateStmt, ParseTreeNode.lockStmt,
            ParseTreeNode.executeStmt, ParseTreeNode.vacuumStmt, ParseTreeNode.checkPointStmt,
            ParseTreeNode.refreshMatViewStmt, ParseTreeNode.clusterStmt, ParseTreeNode.reindexStmt:
            break
        case ParseTreeNode.transactionStmt: noteTransaction(range)
        case ParseTreeNode.variableSetStmt: noteVariableSet(range)
        case ParseTreeNode.variableShowStmt: noteShow(range)
        case ParseTreeNode.copyStmt: noteCopy(range)
        case ParseTreeNode.discardStmt: session(.discard)
        case ParseTreeNode.prepareStmt: session(.prepare)
        case ParseTreeNode.deallocateStmt: session(.deallocate)
        case ParseTreeNode.declareCursorStmt:
            session(.declareCursor)
            if range.number(2) & Self.cursorOptionHold != 0 { found.effects.insert(.holdCursor) }
        case ParseTreeNode.fetchStmt: session(.fetch)
        case ParseTreeNode.closePortalStmt: session(.closeCursor)
        case ParseTreeNode.constraintsSetStmt: session(.setConstraints)
        case ParseTreeNode.listenStmt: found.effects.insert(.listen)
        case ParseTreeNode.unlistenStmt: found.effects.insert(.unlisten)
        case ParseTreeNode.notifyStmt: found.effects.insert(.notify)
        case ParseTreeNode.loadStmt:
            found.effects.insert(.load)
            made = .everything
        case ParseTreeNode.doStmt, ParseTreeNode.callStmt:
            found.effects.insert(.codeBlock)
            made = .everything
        default:
            if ClusterCommand(kind: kind, range) != nil { found.effects.insert(.clusterCommand) }
            noteDefinition(kind)
        }
    }

    /// CURSOR_OPT_HOLD in `DeclareCursorStmt.options`.
    static let cursorOptionHold: UInt64 = 0x20

    private mutating func session(_ effect: SessionEffects) {
        found.effects.insert(effect)
        runsAnywhere(.sessionCommand)
    }

    private mutating func noteDefinition(_ kind: Int) {
        found.effects.insert(.ddl)
        // CREATE TABLE AS runs its query.
        isDefinition = kind != ParseTreeNode.createTableAsStmt
        switch kind {
        case ParseTreeNode.indexStmt, ParseTreeNode.commentStmt, ParseTreeNode.grantStmt, ParseTreeNode.grantRoleStmt,
            ParseTreeNode.alterDefaultPrivilegesStmt, ParseTreeNode.createRoleStmt, ParseTreeNode.alterRoleStmt,
            ParseTreeNode.dropRoleStmt, ParseTreeNode.createdbStmt, ParseTreeNode.dropdbStmt:
            break
        default: found.effects.insert(.changesCatalogFacts)
        }
        noteNames(made: kind)
        noteTemporaryPath()
    }

    /// Which names a definition may add to the temporary schema: of relations those that are said to be temporary
    /// there, which the walk finds.
    private mutating func noteNames(made kind: Int) {
        switch kind {
        case ParseTreeNode.createStmt, ParseTreeNode.createTableAsStmt, ParseTreeNode.createSeqStmt,
            ParseTreeNode.dropStmt, ParseTreeNode.indexStmt, ParseTreeNode.commentStmt, ParseTreeNode.grantStmt,
            ParseTreeNode.grantRoleStmt:
            break
        case ParseTreeNode.viewStmt: isView = true
        // It may rename, or make what is found by name in other ways.
        default: made = .everything
        }
    }

    /// Whatever is created goes to the temporary schema where that comes first in the path.
    mutating func noteTemporaryPath() {
        if path?.schemas.contains(where: { $0.hasPrefix("pg_temp") }) == true {
            found.effects.insert(.temporaryObject)
            made = .everything
        }
    }

    /// CopyStmt: is_from = 4, is_program = 5, filename = 6.
    private mutating func noteCopy(_ range: WireFields.Range) {
        let isFile = range.number(5) != 0 || range.bytes(6) != nil
        if range.number(4) != 0 {
            if !isFile { found.effects.insert(.copyIn) }
            needPrimary(.copyFrom)
        } else if isFile {
            needPrimary(.copyServerFile)
        } else {
            found.effects.insert(.copyOut)
        }
    }

    // MARK: - Transactions

    /// TransactionStmt: kind = 1, options = 2, chain = 5.
    private mutating func noteTransaction(_ range: WireFields.Range) {
        let chain = range.number(5) != 0
        switch range.number(1) {
        case 1, 2: transaction = Self.begin(TransactionOptions(nodes: range.all(2)))
        case 3: transaction = chain ? .commitChain : .commit
        case 4: transaction = chain ? .rollbackChain : .rollback
        case 5: transaction = .savepoint
        case 6: transaction = .releaseSavepoint
        case 7: transaction = .rollbackToSavepoint
        case 8: transaction = .prepareTransaction
        case 9: transaction = .commitPrepared
        case 10: transaction = .rollbackPrepared
        default: return needPrimary(.ddl)
        }
        switch transaction {
        case .begin, .beginReadWrite, .beginSerializable, .prepareTransaction, .commitPrepared, .rollbackPrepared:
            needPrimary(.transactionControl)
        default: runsAnywhere(.transactionControl)
        }
    }

    private static func begin(_ options: TransactionOptions) -> TransactionEffect {
        if options.isolation == .serializable { return .beginSerializable }
        switch options.readOnly {
        case nil: return .begin
        case true?: return .beginReadOnly
        case false?: return .beginReadWrite
        }
    }

    private static func setTransaction(_ options: TransactionOptions) -> TransactionEffect {
        if options.isolation == .serializable { return .setTransactionSerializable }
        switch options.readOnly {
        case nil: return .setTransaction
        case true?: return .setTransactionReadOnly
        case false?: return .setTransactionReadWrite
        }
    }

    // MARK: - Settings

    /// VariableSetStmt: kind = 1, name = 2, args = 3, is_local = 4.
    private mutating func noteVariableSet(_ range: WireFields.Range) {
        let kind = VariableSetKind(rawValue: range.number(1))
        let name = SessionCommands.folded(range.string(2))
        if name.hasPrefix("howdah.") {
            switch name {
            case "howdah.route": note(howdah: kind == .reset ? .resetRoute : .setRoute)
            case "howdah.position": note(howdah: .setPosition)
            case "howdah.read_your_writes": note(howdah: .setReadYourWrites)
            case "howdah.transaction_reads": note(howdah: .setTransactionReads)
            default: note(howdah: .other)
            }
            return
        }
        switch kind {
        case .multi:
            noteSetTransaction(range, name)
        case .reset where name.hasPrefix("transaction_"):
            // Where a replica obeys, the transaction may not write there all the same.
            transaction = .setTransaction
            return name == "transaction_read_only"
                ? needPrimary(.transactionControl) : runsAnywhere(.transactionControl)
        case .reset, .resetAll:
            session(.reset)
        case .value, .default, .current, nil:
            if name.hasPrefix("transaction_") {
                transaction = .setTransaction
                // A replica refuses it, also outside a transaction, where it lasts as long as the statement.
                return asksForPrimary(name, range.all(3).first.flatMap { SettingLiteral(node: $0) })
                    ? needPrimary(.transactionControl) : runsAnywhere(.transactionControl)
            }
            session(range.number(4) != 0 ? .setLocal : .set)
            // A custom one is there from then on, with an empty value.
            if name.utf8.contains(UInt8(ascii: ".")) { found.effects.insert(.set) }
            // It may name the temporary schema, which a literal hides.
            if name == "search_path" { found.effects.insert(.set) }
        }
        if name == "role" || name == "session_authorization" { found.effects.insert(.setRole) }
        if name == "seed" { found.effects.insert(.setSeed) }
    }

    /// Whether a transaction's mode, set like a setting, may be one that only the primary has. What stands in quotes is
    /// not seen here.
    private func asksForPrimary(_ name: String, _ value: SettingLiteral?) -> Bool {
        guard let value else { return false }
        switch name {
        case "transaction_isolation": return true
        case "transaction_read_only": return !SettingLiteral.isOn(value.text)
        default: return false
        }
    }

    private mutating func noteSetTransaction(_ range: WireFields.Range, _ name: String) {
        switch name {
        case "session characteristics":
            transaction = .setSessionCharacteristics
            found.effects.insert(.set)
        case "transaction snapshot": transaction = .setTransactionSnapshot
        default: transaction = Self.setTransaction(TransactionOptions(nodes: range.all(3)))
        }
        switch transaction {
        case .setTransactionReadWrite, .setTransactionSerializable, .setTransactionSnapshot:
            needPrimary(.transactionControl)
        default: runsAnywhere(.transactionControl)
        }
    }

    private mutating func noteShow(_ range: WireFields.Range) {
        let name = SessionCommands.folded(range.string(1))
        switch name {
        case "howdah.route": note(howdah: .showRoute)
        case "howdah.position": note(howdah: .showPosition)
        case "howdah.read_your_writes": note(howdah: .showReadYourWrites)
        case "howdah.transaction_reads": note(howdah: .showTransactionReads)
        default:
            if name.hasPrefix("howdah.") { note(howdah: .other) }
            if ConnectionState.isShown(name) { needPrimary(.connectionState) }
        }
    }

    private mutating func note(howdah command: HowdahCommand) {
        found.howdahCommand.join(command)
        found.effects.insert(.asksHowdah)
        runsAnywhere(.howdahCommand)
    }
}
