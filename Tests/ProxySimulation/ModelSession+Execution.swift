import PostgresWire

/// What statements do: rows, settings, transactions.
extension ModelSession {
    struct Outcome {
        var rows: [[String]] = []
        var tag: String
    }

    /// Every node has it, and a session may have a temporary one of that name.
    private static let permanentTable = "t2"

    private static let defaults = ["application_name": "", "work_mem": "4MB", "search_path": "public"]

    func execute(_ statement: ModelStatement, _ parameters: [String]) throws(ModelError) -> Outcome {
        startTransaction()
        store.executions.append(.init(node: node, text: currentText, values: parameters))
        switch statement {
        case .empty, .syntaxError, .copyIn, .execute: return Outcome(tag: "")
        case .begin, .commit, .rollback: return try executeTransaction(statement)
        case .setConfig(let pairs):
            let changes = pairs.map { (text($0.name, parameters), text($0.value, parameters)) }
            for (name, value) in changes { try change(name, value) }
            return Outcome(rows: [changes.map(\.1)], tag: "SELECT 1")
        case .currentSettings(let names, let all):
            var rows = names.compactMap { name in
                (settings[name] ?? Self.defaults[name]).map { [name, $0] }
            }
            if all { rows += settings.filter { !$0.key.contains(".") }.map { [$0.key, $0.value] } }
            return Outcome(rows: rows, tag: "SELECT \(rows.count)")
        case .preparedNames:
            return Outcome(rows: prepared.keys.sorted().map { [$0] }, tag: "SELECT \(prepared.count)")
        case .set, .reset, .resetAll, .show, .discardAll, .discardSession, .deallocate, .prepare:
            return try executeSession(statement)
        case .select(let key):
            let name = text(key, parameters)
            checkOwner(name)
            let value = staged.last { $0.key == name }?.value ?? store.value(name, isReplica: isReplica, node: node)
            return Outcome(rows: value.map { [[$0]] } ?? [], tag: "SELECT \(value == nil ? 0 : 1)")
        case .insert(let key, let value):
            try checkWritable("INSERT")
            let name = text(key, parameters)
            if staged.contains(where: { $0.key == name }) || store.values[name] != nil {
                throw ModelError(
                    sqlState: "23505",
                    message: "duplicate key value violates unique constraint \"kv_pkey\""
                )
            }
            stage(name, text(value, parameters))
            return Outcome(tag: "INSERT 0 1")
        case .update(let value, let key):
            try checkWritable("UPDATE")
            let name = text(key, parameters)
            let isThere = staged.contains { $0.key == name } || store.values[name] != nil
            if isThere { stage(name, text(value, parameters)) }
            return Outcome(tag: "UPDATE \(isThere ? 1 : 0)")
        case .hiddenWrite(let key, let value):
            try checkWritable("INSERT")
            stage(text(key, parameters), text(value, parameters))
            return Outcome(rows: [["done"]], tag: "SELECT 1")
        case .series(let count), .copyOut(let count):
            let isCopy = statement.columns == nil
            return Outcome(rows: (0..<count).map { ["\($0 + 1)"] }, tag: "\(isCopy ? "COPY" : "SELECT") \(count)")
        case .listen(let channel):
            try checkWritable("LISTEN")
            channels.insert(channel)
            store.add(self)
            return Outcome(tag: "LISTEN")
        case .unlisten(let channel):
            if let channel { channels.remove(channel) } else { channels = [] }
            return Outcome(tag: "UNLISTEN")
        case .notify(let channel, let payload):
            try checkWritable("NOTIFY")
            notifications.append(.init(processID: processID, channel: channel, payload: payload))
            return Outcome(tag: "NOTIFY")
        case .divide: throw ModelError(sqlState: "22012", message: "division by zero")
        case .sleep: return Outcome(rows: [[""]], tag: "SELECT 1")
        case .createTemporary(let name):
            try checkWritable("CREATE TABLE")
            if !temporaryTables.insert(name).inserted {
                throw ModelError(sqlState: "42P07", message: "relation \"\(name)\" already exists")
            }
            return Outcome(tag: "CREATE TABLE")
        case .countRows(let name):
            if name == Self.permanentTable, !temporaryTables.contains(name) {
                return Outcome(rows: [["7"]], tag: "SELECT 1")
            }
            if !temporaryTables.contains(name) {
                throw ModelError(sqlState: "42P01", message: "relation \"\(name)\" does not exist")
            }
            return Outcome(rows: [["0"]], tag: "SELECT 1")
        case .findTemporary(let bit):
            return Outcome(rows: [[temporaryTables.isEmpty ? "0" : "\(bit)"]], tag: "SELECT 1")
        }
    }

    private func executeSession(_ statement: ModelStatement) throws(ModelError) -> Outcome {
        switch statement {
        case .set(let name, let value):
            try change(name, value)
            return Outcome(tag: "SET")
        case .reset(let name):
            settings[name] = base[name]
            return Outcome(tag: "RESET")
        case .resetAll:
            settings = base
            return Outcome(tag: "RESET")
        case .show(let name):
            guard let value = settings[name] ?? Self.defaults[name] else { throw Self.unknownSetting(name) }
            return Outcome(rows: [[value]], tag: "SHOW")
        case .discardAll:
            if isInBlock || !continuation.isEmpty && continuation.count > 1 {
                throw ModelError(sqlState: "25001", message: "DISCARD ALL cannot run inside a transaction block")
            }
            settings = base
            settingsBefore = settings
            channels = []
            prepared = [:]
            temporaryTables = []
            temporaryBefore = []
            return Outcome(tag: "DISCARD ALL")
        case .discardSession(let isWhole):
            settings = base
            settingsBefore = settings
            channels = []
            if isWhole { prepared = [:] }
            temporaryTables = []
            temporaryBefore = []
            return Outcome(tag: "SELECT 1")
        case .deallocate(let name):
            guard let name else {
                prepared = [:]
                return Outcome(tag: "DEALLOCATE ALL")
            }
            guard prepared.removeValue(forKey: name) != nil else {
                throw ModelError(sqlState: "26000", message: "prepared statement \"\(name)\" does not exist")
            }
            return Outcome(tag: "DEALLOCATE")
        case .prepare(let name, let statement):
            guard prepared[name] == nil else {
                throw ModelError(sqlState: "42P05", message: "prepared statement \"\(name)\" already exists")
            }
            prepared[name] = Prepared(text: currentText, statement: statement)
            return Outcome(tag: "PREPARE")
        default: preconditionFailure("not a statement on the session")
        }
    }

    private func change(_ name: String, _ value: String) throws(ModelError) {
        guard Self.defaults[name] != nil || name.contains(".") else { throw Self.unknownSetting(name) }
        // No value resets; nobody sets an empty one here.
        settings[name] = value.isEmpty ? base[name] : value
    }

    private static func unknownSetting(_ name: String) -> ModelError {
        ModelError(sqlState: "42704", message: "unrecognized configuration parameter \"\(name)\"")
    }

    private func text(_ value: ModelStatement.Value, _ parameters: [String]) -> String {
        switch value {
        case .text(let text): text
        case .parameter(let number): number > 0 && number <= parameters.count ? parameters[number - 1] : ""
        }
    }

    func stage(_ key: String, _ value: String) {
        checkOwner(key)
        staged.append((key, value))
    }

    /// A client's rows carry its name in front; its statements must find its own settings.
    private func checkOwner(_ key: String) {
        guard checksOwners, let end = key.firstIndex(of: "_") else { return }
        let owner = String(key[..<end])
        if settings["app.owner"] != owner {
            store.violations.append("a statement of \(owner) ran with the settings \(settings): \(currentText)")
        }
    }

    func checkWritable(_ what: String) throws(ModelError) {
        if isReplica || isReadOnly {
            throw ModelError(sqlState: "25006", message: "cannot execute \(what) in a read-only transaction")
        }
    }

    // MARK: Transactions

    private func executeTransaction(_ statement: ModelStatement) throws(ModelError) -> Outcome {
        switch statement {
        case .begin(let isReadOnly):
            if isInBlock {
                notice("25001", "there is already a transaction in progress")
            } else {
                isInBlock = true
                self.isReadOnly = isReadOnly
            }
            return Outcome(tag: "BEGIN")
        case .commit:
            if !isInBlock { notice("25P01", "there is no transaction in progress") }
            let tag = hasFailed ? "ROLLBACK" : "COMMIT"
            if hasFailed { undo() }
            end()
            return Outcome(tag: tag)
        case .rollback:
            if !isInBlock { notice("25P01", "there is no transaction in progress") }
            undo()
            end()
            return Outcome(tag: "ROLLBACK")
        default: preconditionFailure("not a statement on the transaction")
        }
    }

    private func notice(_ sqlState: String, _ message: String) {
        send {
            $0.message(BackendTag.noticeResponse) { body in
                for (name, value) in [("S", "WARNING"), ("V", "WARNING"), ("C", sqlState), ("M", message)] {
                    body.raw(Array(name.utf8))
                    body.string(value)
                }
                body.byte(0)
            }
        }
    }

    private func startTransaction() {
        if settingsBefore == nil { settingsBefore = settings }
        if temporaryBefore == nil { temporaryBefore = temporaryTables }
        if channelsBefore == nil { channelsBefore = channels }
    }

    private func undo() {
        staged = []
        if let settingsBefore { settings = settingsBefore }
        if let temporaryBefore { temporaryTables = temporaryBefore }
        if let channelsBefore { channels = channelsBefore }
        notifications = []
    }

    /// The transaction is over: what is staged is committed.
    private func end() {
        for (key, value) in staged {
            if isReplica { store.violations.append("a replica committed \(key) = \(value)") }
            store.commit(key, value)
        }
        staged = []
        settingsBefore = nil
        temporaryBefore = nil
        channelsBefore = nil
        for notification in notifications { store.notify(notification) }
        notifications = []
        portals = [:]
        isInBlock = false
        isReadOnly = false
        hasFailed = false
    }

    /// The end of a simple query, or Sync: a transaction that no BEGIN opened is over.
    func endImplicit() {
        if !isInBlock { end() }
    }

    func fail(_ error: ModelError) {
        send { $0.raw(error.bytes) }
        flush()
        undo()
        if isInBlock {
            hasFailed = true
            portals = [:]
        } else {
            end()
        }
    }
}
