import CPgQuery
import Glibc

/// Parses a text and draws the class from its tree: from the kind of each statement, and from every message below it.
struct ParseTreeClassifier {
    let facts: CatalogFacts
    let path: SearchPath?
    let policy: RoutingPolicy
    var found = StatementClass(access: .read, reason: .plainRead, statementCount: 0)
    /// What the statement looked at does to the transaction.
    var transaction = TransactionEffect.none
    /// Whether the statement looked at is a COPY.
    var isCopy = false
    /// Whether the statement looked at only writes expressions down, so that calls in them are not made now.
    var isDefinition = false
    /// What the text reads.
    var read = RelationNames.none
    /// What it may make in the temporary schema.
    var made = RelationNames.none
    /// Whether the statement looked at is CREATE VIEW: over a temporary relation it is temporary, and does not say so.
    var isView = false

    /// Of the statement looked at.
    private var plan = FixedPlan()

    private init(_ context: borrowing ClassificationContext) {
        facts = context.facts
        path = context.searchPath
        policy = context.policy
    }

    /// - Parameters:
    ///   - text: `count` bytes and a NUL, as the normalizer writes them.
    ///   - walker: lent for the call.
    static func classify(
        _ text: UnsafePointer<UInt8>,
        _ count: Int,
        _ walker: ParseTreeWalker,
        _ context: borrowing ClassificationContext
    ) -> StatementClass {
        // A NUL in a quoted identifier would hide the rest of the text from the grammar.
        let visible = strlen(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))
        guard visible == count else { return .notUnderstood(.unparsable) }
        if WireFields.Range(start: text, count: count).begins(with: "explain route ") {
            return explainsRouteAmongOthers(text, count) ? .explainingRouteAmongOthers : .explainingRoute
        }
        let parsed = ParsedText(text)
        guard let tree = parsed.tree else {
            return explainsRouteAmongOthers(text, count) ? .explainingRouteAmongOthers : .notUnderstood(.unparsable)
        }
        var classifier = ParseTreeClassifier(context)
        guard classifier.add(tree, walker) else { return .notUnderstood(.unparsable) }
        return classifier.found.statementCount == 0 ? .empty : classifier.withNames
    }

    /// Whether a text holds EXPLAIN ROUTE beside another statement.
    private static func explainsRouteAmongOthers(_ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var lexer = StatementLexer(base: text, count: count, standardConformingStrings: true)
        var statements = 0
        var explains = false
        var token = lexer.next()
        while token != .end, token != .unterminated {
            if token == .character, lexer.character == UInt8(ascii: ";") {
                token = lexer.next()
                continue
            }
            statements += 1
            if token == .word, lexer.isWord("explain") {
                token = lexer.next()
                explains = explains || token == .word && lexer.isWord("route")
            }
            while token != .end, token != .unterminated, token != .character || lexer.character != UInt8(ascii: ";") {
                token = lexer.next()
            }
        }
        return explains && statements > 1
    }

    private mutating func add(_ tree: WireFields.Range, _ walker: ParseTreeWalker) -> Bool {
        var fields = WireFields(tree)
        while let field = fields.next() {
            // ParseResult: stmts = 2. RawStmt: stmt = 1.
            guard field.number == 2, case .bytes(let raw) = field.value else { continue }
            guard let root = raw.bytes(1), let statement = root.node else { return false }
            if found.statementCount < UInt8.max { found.statementCount += 1 }
            transaction = .none
            isCopy = statement.kind == ParseTreeNode.copyStmt
            isDefinition = false
            isView = false
            plan = FixedPlan()
            let before = found.effects
            note(statement: statement.kind, statement.range)
            guard walker.walk(root, { visit($0, $1) }) else { return false }
            // What PREPARE prepares it does not run.
            if statement.kind == ParseTreeNode.prepareStmt { found.effects = before.union(.prepare) }
            if found.statementCount == 1 {
                found.hasFixedPlan = plan.holds(for: statement.kind, statement.range, facts, path)
                found.putsRowsIn = plan.putsRowsIn(statement.kind, statement.range)
                found.transaction = transaction
            } else if transaction != .none || found.transaction != .none {
                found.transaction = .mixed
            }
        }
        return !fields.isBroken
    }

    // MARK: - Notes

    mutating func needPrimary(_ reason: RouteReason) {
        if found.access != .write {
            found.access = .write
            found.reason = reason
        }
    }

    /// Not a plain read, but a replica can run it if that is where the session is.
    mutating func runsAnywhere(_ reason: RouteReason) {
        if found.reason == .plainRead { found.reason = reason }
    }

    private var withNames: StatementClass {
        var found = found
        if found.statementCount > 1 { found.howdahCommand = found.howdahCommand.amongOthers }
        found.relationNames = found.effects.meets(.mayMakeTemporary) ? made : read
        return found
    }

    // MARK: - Every message of the tree

    private mutating func visit(_ kind: Int, _ range: WireFields.Range) {
        plan.visit(kind)
        switch kind {
        case ParseTreeNode.rangeVar: visitRangeVar(range)
        case ParseTreeNode.funcCall: visitFuncCall(range)
        case ParseTreeNode.intoClause:
            noteTemporaryPath()
            needPrimary(.selectInto)
        case ParseTreeNode.lockingClause: needPrimary(.rowLock)
        case ParseTreeNode.columnRef: visitNames(range.all(1), atLeast: 2)
        case ParseTreeNode.aIndirection: visitNames(range.all(2), atLeast: 1)
        case ParseTreeNode.typeName:
            visitTypeName(Self.names(range.all(1)))
        case ParseTreeNode.string:
            // The text has no literals left, so a string is a name; operators are named in several kinds of nodes.
            let name = range.string(1)
            if facts.isVolatileOperator(name) {
                noteUserFunction()
                needPrimary(.volatileOperator)
            }
            // A function or type of the session's own, made or used; tables are seen as such.
            if name.hasPrefix("pg_temp") { found.effects.insert(.temporaryObject) }
        case ParseTreeNode.executeStmt:
            found.effects.insert(.execute)
            if found.access == .read {
                found.access = .unknown
                found.reason = .preparedExecute
            }
        case ParseTreeNode.updateStmt:
            if SessionCommand.isUpdateOfSettings(range) { found.effects.insert(.setConfig) }
            visitStatement(kind, range)
        default:
            if ParseTreeNode.isStatement(kind) { visitStatement(kind, range) }
        }
    }

    /// A statement at any depth. What is not listed as harmless here needs the primary.
    private mutating func visitStatement(_ kind: Int, _ range: WireFields.Range) {
        noteSequences(kind, range)
        switch kind {
        case ParseTreeNode.selectStmt, ParseTreeNode.explainStmt, ParseTreeNode.variableShowStmt,
            ParseTreeNode.copyStmt, ParseTreeNode.declareCursorStmt, ParseTreeNode.fetchStmt,
            ParseTreeNode.closePortalStmt,
            ParseTreeNode.variableSetStmt, ParseTreeNode.discardStmt, ParseTreeNode.prepareStmt,
            ParseTreeNode.deallocateStmt, ParseTreeNode.transactionStmt, ParseTreeNode.constraintsSetStmt:
            break
        case ParseTreeNode.insertStmt, ParseTreeNode.updateStmt, ParseTreeNode.deleteStmt, ParseTreeNode.mergeStmt,
            ParseTreeNode.truncateStmt:
            needPrimary(isCopy ? .copyDML : .dml)
        case ParseTreeNode.callStmt: needPrimary(.call)
        case ParseTreeNode.doStmt: needPrimary(.doBlock)
        case ParseTreeNode.lockStmt: needPrimary(.lock)
        case ParseTreeNode.notifyStmt: needPrimary(.notify)
        case ParseTreeNode.listenStmt, ParseTreeNode.unlistenStmt: needPrimary(.listen)
        case ParseTreeNode.loadStmt: needPrimary(.load)
        case ParseTreeNode.vacuumStmt, ParseTreeNode.clusterStmt, ParseTreeNode.reindexStmt,
            ParseTreeNode.checkPointStmt, ParseTreeNode.refreshMatViewStmt:
            needPrimary(.maintenance)
        default: needPrimary(.ddl)
        }
    }

    /// A write may move a sequence by a default or a trigger of its table, which every such statement names first.
    private mutating func noteSequences(_ kind: Int, _ range: WireFields.Range) {
        let inserts: Bool
        switch kind {
        case ParseTreeNode.insertStmt, ParseTreeNode.mergeStmt: inserts = true
        case ParseTreeNode.copyStmt where range.number(4) != 0: inserts = true
        case ParseTreeNode.updateStmt, ParseTreeNode.deleteStmt: inserts = false
        default: return
        }
        let table = range.bytes(1)
        let moves = facts.movesSequence(
            schema: table?.bytes(2)?.string,
            name: table?.string(3) ?? "",
            path: path,
            inserts: inserts
        )
        if moves, !isDefinition { found.effects.insert(.movesSequence) }
    }

    private mutating func visitRangeVar(_ range: WireFields.Range) {
        let schema = range.bytes(2)?.string
        let name = range.string(3)
        if range.bytes(5)?.equals("t") == true || schema?.hasPrefix("pg_temp") == true {
            found.effects.insert(.temporaryObject)
            made.insert(name)
            needPrimary(.temporaryTable)
        } else if isView {
            made.insert(name)
        }
        // The catalog tells what is visible, which is another matter in each session.
        if name.hasPrefix("pg_") || schema == "pg_catalog" || schema == "information_schema" {
            read = .everything
        } else {
            read.insert(name)
        }
        if name == "pg_prepared_statements" { found.effects.insert(.readsPrepared) }
        if !policy.serverLocalViewsOnReplica, ServerLocalViews.contains(name) { needPrimary(.serverLocalView) }
        if ConnectionState.isView(name) { needPrimary(.connectionState) }
        switch facts.relationKind(schema: schema, name: name, path: path) {
        case nil: break
        case .unlogged: needPrimary(.unloggedTable)
        case .temporary: needPrimary(.temporaryTable)
        case .sequence: needPrimary(.sequenceRelation)
        case .volatileView:
            noteUserFunction()
            needPrimary(.volatileView)
        case .foreign: if !policy.foreignTablesOnReplica { needPrimary(.foreignTable) }
        }
    }

    private mutating func visitFuncCall(_ range: WireFields.Range) {
        // funcname = 1, args = 2, agg_order = 3, agg_within_group = 6. An ordered-set aggregate takes what it is
        // ordered by as arguments.
        let names = Self.names(range.all(1))
        guard let name = names.last else { return needPrimary(.unknownFunction) }
        let schema = names.count > 1 ? names[names.count - 2] : nil
        var argumentCount = range.all(2).count
        if range.number(6) != 0 { argumentCount += range.all(3).count }

        let call = facts.resolveFunction(schema: schema, name: name, argumentCount: argumentCount, path: path)
        let mayBeBuiltin = schema == nil || schema == "pg_catalog"
        // What code reads that is not seen is not known.
        if call.mayBeUsers || mayBeBuiltin && BuiltinFunctions.looksAtSession(name) { read = .everything }
        if name == "pg_prepared_statement", mayBeBuiltin { found.effects.insert(.readsPrepared) }
        if !isDefinition {
            if call.mayChangeSession { noteUserFunction() }
            if mayBeBuiltin { found.effects.formUnion(BuiltinFunctions.effects(of: name)) }
        }
        switch call.resolution {
        case .harmless: break
        case .needsPrimary: needPrimary(.volatileFunction)
        case .unknown: needPrimary(.unknownFunction)
        }
        if mayBeBuiltin { visitConnectionState(name, range) }
        if !policy.serverLocalViewsOnReplica, BuiltinFunctions.isServerLocal(name) { needPrimary(.serverLocalView) }
    }

    /// What a call of a function of pg_catalog tells of the connection, the primary's is right.
    private mutating func visitConnectionState(_ name: String, _ range: WireFields.Range) {
        let isAsked =
            name == "current_setting"
            ? !ConnectionState.isOrdinarySetting(range.all(2)) : ConnectionState.isFunction(name)
        if isAsked { needPrimary(.connectionState) }
    }

    /// The last name of `a.b` may be a function that takes the row `a`.
    private mutating func visitNames(_ nodes: [WireFields.Range], atLeast count: Int) {
        guard nodes.count >= count else { return }
        for name in Self.names(nodes) {
            if facts.isRowFunction(name: name, path: path) { read = .everything }
            if facts.rowFunctionNeedsPrimary(name: name, path: path) {
                noteUserFunction()
                needPrimary(.volatileFunction)
            }
        }
    }

    private mutating func visitTypeName(_ names: [String]) {
        guard let name = names.last else { return }
        if facts.isVolatileType(name) {
            noteUserFunction()
            needPrimary(.volatileType)
        }
        // A literal of regclass and the like names a relation; each relation's rows have a type of its name.
        if name.hasPrefix("reg") {
            read = .everything
        } else if names.count == 1 || names[0] != "pg_catalog" {
            read.insert(name)
        }
    }

    private mutating func noteUserFunction() {
        if isDefinition { return }
        found.effects.insert(.callsUserFunction)
        read = .everything
        made = .everything
    }

    /// The strings among nodes.
    static func names(_ nodes: [WireFields.Range]) -> [String] {
        nodes.compactMap { node in
            guard let (kind, range) = node.node, kind == ParseTreeNode.string else { return nil }
            return range.string(1)
        }
    }
}
