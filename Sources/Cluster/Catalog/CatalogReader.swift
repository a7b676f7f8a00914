import StatementRouting

/// One look at a database's catalog: its fingerprint, and the rows where that is not the known one.
struct CatalogReader: ~Copyable {
    private let session: BlockingSession
    private let ownSearchPath: String
    /// Empty where only the monitoring user's own is known.
    private let ownIsolation: String

    /// Opens the snapshot that all queries see.
    static func open(_ session: consuming BlockingSession) throws(SessionFailure) -> CatalogReader {
        let path = try session.query(CatalogQueries.own("search_path"))
        let isolation = try session.query(CatalogQueries.own("default_transaction_isolation"))
        // The monitoring user's own setting is no word on anybody else's.
        let personal = ["user", "database user", "client", "session"]
        let ownSearchPath = path.text(0, personal.contains(path.text(0, 1)) ? 2 : 0)
        let ownIsolation = personal.contains(isolation.text(0, 1)) ? "" : isolation.text(0, 0)
        _ = try session.query(CatalogQueries.begin)
        _ = try session.query(CatalogQueries.pinSearchPath)
        return CatalogReader(session: session, ownSearchPath: ownSearchPath, ownIsolation: ownIsolation)
    }

    private init(session: consuming BlockingSession, ownSearchPath: String, ownIsolation: String) {
        self.session = session
        self.ownSearchPath = ownSearchPath
        self.ownIsolation = ownIsolation
    }

    func fingerprint() throws(SessionFailure) -> String {
        // The server's own default is in no catalog.
        try session.query(CatalogQueries.fingerprint).text(0, 0) + ownIsolation
    }

    func rows() throws(SessionFailure) -> CatalogRows {
        CatalogRows(
            functions: try functions(),
            relations: try relations(),
            volatileOperators: try volatileOperators(),
            volatileTypes: try volatileTypes(),
            uniqueKeys: try uniqueKeys(),
            searchPaths: try settings(of: "search_path", default: ownSearchPath),
            isolations: try settings(of: "default_transaction_isolation", default: ownIsolation)
        )
    }

    private func functions() throws(SessionFailure) -> [FunctionRow] {
        let result = try session.query(CatalogQueries.functions)
        var rows: [FunctionRow] = []
        rows.reserveCapacity(result.rowCount)
        for row in 0..<result.rowCount {
            let kind: FunctionRow.Kind
            switch result.byte(row, 2) {
            case UInt8(ascii: "a"): kind = .aggregate
            case UInt8(ascii: "w"): kind = .window
            default: kind = .function
            }
            let volatility: FunctionRow.Volatility
            switch result.byte(row, 6) {
            case UInt8(ascii: "i"): volatility = .immutable
            case UInt8(ascii: "s"): volatility = .stable
            default: volatility = .volatile
            }
            rows.append(
                FunctionRow(
                    schema: result.text(row, 0),
                    name: result.text(row, 1),
                    kind: kind,
                    arguments: result.integer(row, 3) ?? 0,
                    defaults: result.integer(row, 4) ?? 0,
                    isVariadic: result.isTrue(row, 5),
                    volatility: volatility,
                    acceptsRow: result.isTrue(row, 7)
                )
            )
        }
        return rows
    }

    private func relations() throws(SessionFailure) -> [RelationRow] {
        var graph = RelationGraph()
        let relations = try session.query(CatalogQueries.relations)
        for row in 0..<relations.rowCount {
            let oid = oid(relations, row, 0)
            graph.add(oid, schema: relations.text(row, 1), name: relations.text(row, 2))
            if relations.isTrue(row, 4) { graph.add(.unlogged, to: oid) }
            switch relations.byte(row, 3) {
            case UInt8(ascii: "f"): graph.add(.foreign, to: oid)
            case UInt8(ascii: "S"): graph.add(.sequence, to: oid)
            default: break
            }
        }
        let reads = try session.query(CatalogQueries.reads)
        for row in 0..<reads.rowCount {
            let reader = oid(reads, row, 0)
            if let schema = reads.value(row, 2) {
                graph.add(.systemView(schema: schema, name: reads.text(row, 3)), to: reader)
            } else {
                graph.add(reader: reader, of: oid(reads, row, 1))
            }
        }
        let calls = try session.query(CatalogQueries.calls)
        for row in 0..<calls.rowCount {
            let function = RelationReach.volatileFunction(schema: calls.text(row, 1), name: calls.text(row, 2))
            graph.add(function, to: oid(calls, row, 0))
        }
        return graph.rows()
    }

    private func volatileOperators() throws(SessionFailure) -> [OperatorRow] {
        let result = try session.query(CatalogQueries.volatileOperators)
        return (0..<result.rowCount).map { OperatorRow(schema: result.text($0, 0), name: result.text($0, 1)) }
    }

    private func volatileTypes() throws(SessionFailure) -> [TypeRow] {
        let result = try session.query(CatalogQueries.volatileTypes)
        return (0..<result.rowCount).map { TypeRow(schema: result.text($0, 0), name: result.text($0, 1)) }
    }

    private func uniqueKeys() throws(SessionFailure) -> [UniqueKeyFact] {
        let result = try session.query(CatalogQueries.uniqueKeys)
        var keys: [UniqueKeyFact] = []
        for row in 0..<result.rowCount {
            let column = result.text(row, 3)
            // A row for each column, those of one index behind each other.
            if row > 0, result.text(row, 0) == result.text(row - 1, 0) {
                keys[keys.count - 1].columns.insert(column)
            } else {
                keys.append(UniqueKeyFact(schema: result.text(row, 1), table: result.text(row, 2), columns: [column]))
            }
        }
        return keys
    }

    private func settings(of name: String, default own: String) throws(SessionFailure) -> RoleSettingRows {
        let result = try session.query(CatalogQueries.settings(of: name))
        var ofAllRoles: String?
        var ofDatabase: String?
        var rows = RoleSettingRows(ofDatabase: "")
        for row in 0..<result.rowCount {
            let value = result.text(row, 2)
            switch (result.isTrue(row, 0), result.value(row, 1)) {
            case (true, nil): ofDatabase = value
            case (false, nil): ofAllRoles = value
            case (true, let role?): rows.ofRoleInDatabase[role] = value
            case (false, let role?): rows.ofRole[role] = value
            }
        }
        rows.ofDatabase = ofDatabase ?? ofAllRoles ?? own
        return rows
    }

    private func oid(_ result: borrowing QueryResult, _ row: Int, _ column: Int) -> UInt32 {
        UInt32(result.text(row, column)) ?? 0
    }
}
