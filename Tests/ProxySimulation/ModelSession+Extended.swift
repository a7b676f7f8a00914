import PostgresWire

/// The extended protocol (PostgreSQL documentation, 55.2.3).
extension ModelSession {
    func extended(_ message: WireMessage) {
        isSimpleQuery = false
        do throws(ModelError) {
            var reader = BodyReader(message.body)
            switch message.letter {
            case "P": try parse(&reader)
            case "B": try bind(&reader)
            case "D": try describe(&reader)
            case "E": try executePortal(&reader)
            case "C": close(&reader)
            default: throw ModelError(sqlState: "08P01", message: "invalid frontend message type \(message.tag)")
            }
        } catch {
            continuation = []
            fail(error)
            mode = .skipping
        }
    }

    private func parse(_ reader: inout BodyReader) throws(ModelError) {
        let name = reader.string()
        let text = reader.string()
        if name.isEmpty { unnamed = nil }
        let statements = ModelStatement.parse(text)
        if statements.contains(.syntaxError) { throw ModelError(sqlState: "42601", message: "syntax error") }
        if statements.count > 1 {
            throw ModelError(sqlState: "42601", message: "cannot insert multiple commands into a prepared statement")
        }
        let statement = statements.first ?? .empty
        if hasFailed, statement != .empty, !statement.endsTransaction { throw .aborted }
        let value = Prepared(text: text, statement: statement)
        if name.isEmpty {
            unnamed = value
        } else {
            if prepared[name] != nil {
                throw ModelError(sqlState: "42P05", message: "prepared statement \"\(name)\" already exists")
            }
            prepared[name] = value
        }
        send { $0.message(BackendTag.parseComplete) }
    }

    func lookUp(_ name: String) throws(ModelError) -> Prepared {
        if let found = name.isEmpty ? unnamed : prepared[name] { return found }
        throw ModelError(
            sqlState: "26000",
            message: name.isEmpty
                ? "unnamed prepared statement does not exist" : "prepared statement \"\(name)\" does not exist"
        )
    }

    private func bind(_ reader: inout BodyReader) throws(ModelError) {
        let portal = reader.string()
        let found = try lookUp(reader.string())
        for _ in 0..<reader.int16() { _ = reader.int16() }
        let parameters = (0..<reader.int16()).map { _ in reader.text(reader.int32()) }
        if parameters.count != found.statement.parameterCount {
            throw ModelError(
                sqlState: "08P01",
                message: "bind message supplies \(parameters.count) parameters, "
                    + "but the statement requires \(found.statement.parameterCount)"
            )
        }
        if hasFailed, !found.statement.endsTransaction { throw .aborted }
        if !portal.isEmpty, portals[portal] != nil {
            throw ModelError(sqlState: "42P03", message: "cursor \"\(portal)\" already exists")
        }
        if found.isOutdated {
            throw ModelError(
                sqlState: "0A000",
                message: "cached plan must not change result type",
                routine: "RevalidateCachedQuery"
            )
        }
        portals[portal] = Portal(prepared: found, parameters: parameters)
        send { $0.message(BackendTag.bindComplete) }
    }

    private func describe(_ reader: inout BodyReader) throws(ModelError) {
        let kind = reader.byte()
        let name = reader.string()
        let statement: ModelStatement
        if kind == UInt8(ascii: "S") {
            statement = try lookUp(name).statement
            if hasFailed, statement.columns != nil { throw .aborted }
            send {
                $0.message(BackendTag.parameterDescription) { body in
                    body.int16(Int16(statement.parameterCount))
                    for _ in 0..<statement.parameterCount { body.int32(25) }
                }
            }
        } else {
            guard let portal = portals[name] else { throw Self.noPortal(name) }
            statement = portal.prepared.statement
            if hasFailed, statement.columns != nil { throw .aborted }
        }
        if let columns = statement.columns {
            send { $0.textRowDescription(columns) }
        } else {
            send { $0.message(BackendTag.noData) }
        }
    }

    private static func noPortal(_ name: String) -> ModelError {
        ModelError(sqlState: "34000", message: "portal \"\(name)\" does not exist")
    }

    private func close(_ reader: inout BodyReader) {
        let kind = reader.byte()
        let name = reader.string()
        if kind == UInt8(ascii: "S") {
            if name.isEmpty { unnamed = nil } else { prepared[name] = nil }
        } else {
            portals[name] = nil
        }
        send { $0.message(BackendTag.closeComplete) }
    }

    private func executePortal(_ reader: inout BodyReader) throws(ModelError) {
        let name = reader.string()
        let limit = reader.int32()
        guard let portal = portals[name] else { throw Self.noPortal(name) }
        let statement = portal.prepared.statement
        currentText = portal.prepared.text
        if statement == .empty { return send { $0.message(BackendTag.emptyQueryResponse) } }
        if hasFailed, !statement.endsTransaction { throw .aborted }
        // What has no rows runs once.
        if portal.rows != nil, !portal.tag.hasPrefix("SELECT") {
            throw ModelError(sqlState: "55000", message: "portal \"\(name)\" cannot be run")
        }
        if statement == .copyIn {
            portals[name]?.rows = []
            portals[name]?.tag = "COPY"
            try checkWritable("COPY FROM")
            send {
                $0.message(BackendTag.copyInResponse) {
                    $0.byte(0)
                    $0.int16(2)
                    $0.int16(0)
                    $0.int16(0)
                }
            }
            flush()
            copied = []
            mode = .copyIn(isExtended: true)
            return
        }
        if portal.rows == nil {
            if case .sleep(let time) = statement, fallAsleep(time) {
                continuation = [.answerPortal(portal, name: name, limit: limit)]
                return
            }
            return try answer(portal, name, limit)
        }
        sendPortal(name, limit)
    }

    func answer(_ portal: Portal, _ name: String, _ limit: Int) throws(ModelError) {
        let result = try execute(portal.prepared.statement, portal.parameters)
        // COMMIT and the like end the portals, this one among them.
        if portals[name] == nil { return send { $0.commandComplete(result.tag) } }
        portals[name]?.rows = result.rows
        portals[name]?.tag = result.tag
        sendPortal(name, limit)
    }

    /// Sends what of a portal's rows the client wants.
    func sendPortal(_ name: String, _ limit: Int) {
        guard let portal = portals[name], let rows = portal.rows else { return }
        let count = limit > 0 ? min(limit, rows.count) : rows.count
        sendRows(Array(rows[..<count]), of: portal.prepared.statement)
        portals[name]?.rows = Array(rows[count...])
        if limit > 0, count == limit {
            send { $0.message(BackendTag.portalSuspended) }
        } else {
            let tag = portal.tag.hasPrefix("SELECT") ? "SELECT \(count)" : portal.tag
            send { $0.commandComplete(tag) }
        }
    }
}
