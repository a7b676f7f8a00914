import StatementRouting

/// What one look at a catalog has found so far: takes the answers of its steps, in their order.
struct CatalogDraft {
    /// How often rows are read anew where the catalog changes meanwhile; then they are taken as they are, and looked at
    /// again soon.
    static let mostRounds = 3

    /// The loader's rows, and the catalog for which they are known to be right.
    private let known: (fingerprint: CatalogFingerprint, rows: CatalogRows)?
    private var ownSearchPath = ""
    /// Empty where only the monitoring user's own is known.
    private var ownIsolation = ""
    private var fingerprint = CatalogFingerprint(functions: "", others: "")
    private var round = 1
    private var functions: [FunctionRow] = []
    private var graph = RelationGraph()
    private var operators: [OperatorRow] = []
    private var types: [TypeRow] = []
    private var sequenceWriters: [SequenceWriterFact] = []
    private var uniqueKeys: [UniqueKeyFact] = []
    private var searchPaths = RoleSettingRows(ofDatabase: "")
    private var isolations = RoleSettingRows(ofDatabase: "")

    /// - Parameter known: nil where nothing is, or not for which catalog.
    init(known: (fingerprint: CatalogFingerprint, rows: CatalogRows)?) { self.known = known }

    /// What is to be done after an answer.
    enum Progress {
        case ask(CatalogStep)
        case done(CatalogLook)
    }

    mutating func add(_ result: borrowing QueryResult, of step: CatalogStep) throws(ProbeFailure) -> Progress {
        switch step {
        case .ownSearchPath: ownSearchPath = try result.text(0, isPersonal(result) ? 2 : 0)
        case .ownIsolation: ownIsolation = try isPersonal(result) ? "" : result.text(0, 0)
        case .pinSearchPath: break
        case .fingerprint:
            fingerprint = try fingerprint(result)
            if let known {
                if known.fingerprint == fingerprint { return .done(.unchanged) }
                if known.fingerprint.functions == fingerprint.functions {
                    functions = known.rows.functions
                    return .ask(.relations)
                }
            }
        case .functions: functions = try Self.functions(result)
        case .relations: graph = try Self.graph(result)
        case .reads: try addReads(result)
        case .calls: try addCalls(result)
        case .operators:
            operators = try (0..<result.rowCount).map { (row) throws(ProbeFailure) in
                OperatorRow(schema: try result.text(row, 0), name: try result.text(row, 1))
            }
        case .types:
            types = try (0..<result.rowCount).map { (row) throws(ProbeFailure) in
                TypeRow(schema: try result.text(row, 0), name: try result.text(row, 1))
            }
        case .sequenceWriters:
            sequenceWriters = try (0..<result.rowCount).map { (row) throws(ProbeFailure) in
                SequenceWriterFact(
                    schema: try result.text(row, 0),
                    name: try result.text(row, 1),
                    isByAnyWrite: try result.isTrue(row, 2)
                )
            }
        case .uniqueKeys: uniqueKeys = try Self.uniqueKeys(result)
        case .searchPaths: searchPaths = try Self.settings(result, default: ownSearchPath)
        case .isolations: isolations = try Self.settings(result, default: ownIsolation)
        case .fingerprintAfter:
            let after = try fingerprint(result)
            let isSettled = after == fingerprint
            if !isSettled, round < Self.mostRounds {
                round += 1
                fingerprint = after
                return .ask(.functions)
            }
            return .done(.changed(fingerprint: isSettled ? after : nil, try rows()))
        }
        return step.next.map { .ask($0) } ?? .done(.unchanged)
    }

    private func rows() throws(ProbeFailure) -> CatalogRows {
        CatalogRows(
            functions: functions,
            relations: try graph.rows(),
            volatileOperators: operators,
            volatileTypes: types,
            sequenceWriters: sequenceWriters,
            uniqueKeys: uniqueKeys,
            searchPaths: searchPaths,
            isolations: isolations
        )
    }

    /// The server's own default is in no catalog.
    private func fingerprint(_ result: borrowing QueryResult) throws(ProbeFailure) -> CatalogFingerprint {
        CatalogFingerprint(functions: try result.text(0, 0), others: try result.text(0, 1) + ownIsolation)
    }

    /// The monitoring user's own setting is no word on anybody else's.
    private func isPersonal(_ result: borrowing QueryResult) throws(ProbeFailure) -> Bool {
        ["user", "database user", "client", "session"].contains(try result.text(0, 1))
    }

    private static func functions(_ result: borrowing QueryResult) throws(ProbeFailure) -> [FunctionRow] {
        var rows: [FunctionRow] = []
        rows.reserveCapacity(result.rowCount)
        for row in 0..<result.rowCount {
            let kind: FunctionRow.Kind
            switch try result.text(row, 2) {
            case "a": kind = .aggregate
            case "w": kind = .window
            default: kind = .function
            }
            let volatility: FunctionRow.Volatility
            switch try result.value(row, 6) {
            case "i": volatility = .immutable
            case "s": volatility = .stable
            default: volatility = .volatile
            }
            rows.append(
                FunctionRow(
                    schema: try result.text(row, 0),
                    name: try result.text(row, 1),
                    kind: kind,
                    arguments: Int(try result.integer(row, 3, Int16.self)),
                    defaults: Int(try result.integer(row, 4, Int16.self)),
                    isVariadic: try result.isTrue(row, 5),
                    volatility: volatility,
                    acceptsRow: try result.isTrue(row, 7)
                )
            )
        }
        return rows
    }

    // MARK: Relations

    private static func graph(_ relations: borrowing QueryResult) throws(ProbeFailure) -> RelationGraph {
        var graph = RelationGraph()
        for row in 0..<relations.rowCount {
            let oid = try oid(relations, row, 0)
            graph.add(oid, schema: try relations.text(row, 1), name: try relations.text(row, 2))
            if try relations.isTrue(row, 4) { graph.add(.unlogged, to: oid) }
            switch try relations.text(row, 3) {
            case "f": graph.add(.foreign, to: oid)
            case "S": graph.add(.sequence, to: oid)
            default: break
            }
        }
        return graph
    }

    private mutating func addReads(_ reads: borrowing QueryResult) throws(ProbeFailure) {
        for row in 0..<reads.rowCount {
            let reader = try Self.oid(reads, row, 0)
            if let schema = try reads.value(row, 2) {
                graph.add(.systemView(schema: schema, name: try reads.text(row, 3)), to: reader)
            } else {
                graph.add(reader: reader, of: try Self.oid(reads, row, 1))
            }
        }
    }

    private mutating func addCalls(_ calls: borrowing QueryResult) throws(ProbeFailure) {
        for row in 0..<calls.rowCount {
            let function = RelationReach.volatileFunction(schema: try calls.text(row, 1), name: try calls.text(row, 2))
            graph.add(function, to: try Self.oid(calls, row, 0))
        }
    }

    private static func uniqueKeys(_ result: borrowing QueryResult) throws(ProbeFailure) -> [UniqueKeyFact] {
        var keys: [UniqueKeyFact] = []
        for row in 0..<result.rowCount {
            let column = try result.text(row, 3)
            // A row for each column, those of one index behind each other.
            if row > 0, try result.text(row, 0) == result.text(row - 1, 0) {
                keys[keys.count - 1].columns.insert(column)
            } else {
                keys.append(
                    UniqueKeyFact(schema: try result.text(row, 1), table: try result.text(row, 2), columns: [column])
                )
            }
        }
        return keys
    }

    // MARK: Settings

    private static func settings(_ result: borrowing QueryResult, default own: String) throws(ProbeFailure)
        -> RoleSettingRows
    {
        var ofAllRoles: String?
        var ofDatabase: String?
        var rows = RoleSettingRows(ofDatabase: "")
        for row in 0..<result.rowCount {
            let value = try result.text(row, 2)
            switch (try result.isTrue(row, 0), try result.value(row, 1)) {
            case (true, nil): ofDatabase = value
            case (false, nil): ofAllRoles = value
            case (true, let role?): rows.ofRoleInDatabase[role] = value
            case (false, let role?): rows.ofRole[role] = value
            }
        }
        rows.ofDatabase = ofDatabase ?? ofAllRoles ?? own
        return rows
    }

    private static func oid(_ result: borrowing QueryResult, _ row: Int, _ column: Int) throws(ProbeFailure) -> UInt32 {
        try result.integer(row, column, UInt32.self)
    }
}

/// What came of a look at a catalog.
enum CatalogLook {
    case unchanged
    /// The fingerprint is nil where the catalog has changed while its rows were read.
    case changed(fingerprint: CatalogFingerprint?, CatalogRows)
}

/// Tells one state of a database's catalog from another.
struct CatalogFingerprint: Equatable {
    var functions: String
    /// Of all else that the rows are made from; views depend on functions, too, and are read anew with either.
    var others: String
}
