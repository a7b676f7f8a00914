/// A statement of the model's SQL: a few texts that PostgreSQL would understand too.
enum ModelStatement: Equatable {
    enum Value: Equatable {
        case text(String)
        case parameter(Int)
    }

    case empty
    case begin(isReadOnly: Bool)
    case commit
    case rollback
    /// SELECT value FROM kv WHERE k = …
    case select(key: Value)
    /// INSERT INTO kv VALUES (…, …)
    case insert(key: Value, value: Value)
    /// UPDATE kv SET value = … WHERE k = …
    case update(value: Value, key: Value)
    /// SELECT hidden_write(…, …): looks like a read
    case hiddenWrite(key: Value, value: Value)
    /// SELECT n FROM generate_series(1, …) AS n
    case series(Int)
    /// SELECT 1/0
    case divide
    /// SELECT pg_sleep(…): seconds are taken as milliseconds
    case sleep(Int)
    case set(name: String, value: String)
    case setConfig([(name: Value, value: Value)])
    /// SELECT 'a',pg_catalog.current_setting('a',true) UNION ALL …: the proxy asks what has become of settings
    case currentSettings([String], all: Bool)
    case reset(String)
    case resetAll
    case show(String)
    case discardAll
    /// What the proxy cleans a server with after code has run there: DISCARD ALL in parts, with or without what is
    /// prepared.
    case discardSession(isWhole: Bool)
    case deallocate(String?)
    /// SELECT name FROM pg_prepared_statements
    case preparedNames
    indirect case prepare(name: String, ModelStatement)
    case execute(String)
    case copyIn
    case copyOut(Int)
    case createTemporary(String)
    case countRows(String)
    /// SELECT CASE WHEN … THEN … ELSE 0 END: the proxy asks whether the session has temporary objects
    case findTemporary(bit: Int)
    case listen(String)
    /// nil is UNLISTEN *
    case unlisten(String?)
    case notify(channel: String, payload: String)
    case syntaxError

    static func == (left: ModelStatement, right: ModelStatement) -> Bool { "\(left)" == "\(right)" }

    /// The statements of a text, apart at semicolons.
    static func parse(_ text: String) -> [ModelStatement] {
        if text.contains("CLOSE ALL;SET SESSION AUTHORIZATION DEFAULT;RESET ALL;") {
            return [.discardSession(isWhole: text.contains("DEALLOCATE ALL"))]
        }
        guard let tokens = ModelToken.split(text) else { return [.syntaxError] }
        let parts = tokens.split(separator: .symbol(";")).map { Array($0) }
        return parts.isEmpty ? [] : parts.map { one($0) }
    }

    private static func one(_ tokens: [ModelToken]) -> ModelStatement {
        guard case .word(let verb)? = tokens.first else { return .syntaxError }
        switch (verb, tokens.count) {
        case ("begin", 1): return .begin(isReadOnly: false)
        case ("begin", 3): return .begin(isReadOnly: true)
        case ("begin", 5): return .begin(isReadOnly: false)
        case ("commit", 1): return .commit
        case ("rollback", 1): return .rollback
        case ("select", _): return select(tokens)
        case ("insert", 9):
            guard let key = value(tokens[5]), let value = value(tokens[7]) else { return .syntaxError }
            return .insert(key: key, value: value)
        case ("update", 10):
            guard let key = value(tokens[9]), let value = value(tokens[5]) else { return .syntaxError }
            return .update(value: value, key: key)
        case ("set", _): return set(tokens)
        case ("reset", 2) where tokens[1] == .word("all"): return .resetAll
        case ("reset", _): return .reset(name(tokens.dropFirst()))
        case ("show", _): return .show(name(tokens.dropFirst()))
        case ("discard", 2): return .discardAll
        case ("deallocate", 2):
            guard case .word(let name) = tokens[1] else { return .syntaxError }
            return .deallocate(name == "all" ? nil : name)
        case ("prepare", 4...):
            guard case .word(let name) = tokens[1] else { return .syntaxError }
            return .prepare(name: name, one(Array(tokens.dropFirst(3))))
        case ("execute", 2): return .execute(name(tokens.dropFirst()))
        case ("listen", 2): return .listen(name(tokens.dropFirst()))
        case ("unlisten", 2): return .unlisten(tokens[1] == .symbol("*") ? nil : name(tokens.dropFirst()))
        case ("notify", 4):
            guard case .string(let payload) = tokens[3] else { return .syntaxError }
            return .notify(channel: name(tokens[1...1]), payload: payload)
        case ("copy", 4): return .copyIn
        case ("copy", _):
            guard
                case .number(let rows)? = tokens.first(where: { if case .number(let n) = $0 { n > 1 } else { false } })
            else { return .syntaxError }
            return .copyOut(rows)
        case ("create", _):
            guard tokens.count > 3, case .word(let name) = tokens[3] else { return .syntaxError }
            return .createTemporary(name)
        default: return .syntaxError
        }
    }

    private static func select(_ tokens: [ModelToken]) -> ModelStatement {
        switch tokens[1] {
        case .word("name") where tokens.contains(.word("pg_prepared_statements")): return .preparedNames
        case .word("value"):
            guard tokens.count == 8, let key = value(tokens[7]) else { return .syntaxError }
            return .select(key: key)
        case .word("hidden_write"):
            guard tokens.count == 7, let key = value(tokens[3]), let value = value(tokens[5]) else {
                return .syntaxError
            }
            return .hiddenWrite(key: key, value: value)
        case .word("n"):
            guard tokens.count > 7, case .number(let count) = tokens[7] else { return .syntaxError }
            return .series(count)
        case .word("pg_sleep"):
            guard tokens.count > 3, case .number(let time) = tokens[3] else { return .syntaxError }
            return .sleep(time)
        case .word("count"):
            guard tokens.count > 6, case .word(let name) = tokens[6] else { return .syntaxError }
            return .countRows(name)
        // A setting by a condition that no setting of the model meets.
        case .word("pg_catalog") where tokens.contains(.word("pg_settings")): return .series(0)
        case .word("pg_catalog"): return setConfig(tokens)
        case .string, .word("name"):
            let parts = tokens.split(separator: .word("select"))
            return .currentSettings(
                parts.compactMap { if case .string(let name)? = $0.first { name } else { nil } },
                all: tokens[1] == .word("name")
            )
        case .word("case"):
            guard let then = tokens.firstIndex(of: .word("then")), then + 1 < tokens.count,
                case .number(let bit) = tokens[then + 1]
            else { return .syntaxError }
            return .findTemporary(bit: bit)
        case .number where tokens.count == 2: return .series(1)
        case .number: return .divide
        default: return .syntaxError
        }
    }

    /// SELECT pg_catalog.set_config('name','value',false), … with texts or parameters
    private static func setConfig(_ tokens: [ModelToken]) -> ModelStatement {
        // The proxy keeps a setting and brings it back: `set_config('kept',current_setting('name',true),true)`.
        let isKept = tokens.contains(.word("current_setting"))
        let values = isKept ? [] : tokens.compactMap(value)
        let pairs = stride(from: 0, to: values.count - 1, by: 2).map { (values[$0], values[$0 + 1]) }
        return .setConfig(pairs)
    }

    private static func set(_ tokens: [ModelToken]) -> ModelStatement {
        guard let equals = tokens.firstIndex(of: .symbol("=")), equals + 1 < tokens.count,
            case .string(let value) = tokens[equals + 1]
        else { return .syntaxError }
        return .set(name: name(tokens[1..<equals]), value: value)
    }

    /// A name of words with dots between them.
    private static func name(_ tokens: ArraySlice<ModelToken>) -> String {
        var name = ""
        for token in tokens {
            switch token {
            case .word(let word): name += word
            case .symbol(let symbol): name.append(symbol)
            default: break
            }
        }
        return name
    }

    private static func value(_ token: ModelToken) -> Value? {
        switch token {
        case .string(let text): .text(text)
        case .parameter(let number): .parameter(number)
        default: nil
        }
    }

    var parameterCount: Int {
        var count = 0
        for value in values { if case .parameter(let number) = value { count = max(count, number) } }
        return count
    }

    private var values: [Value] {
        switch self {
        case .select(let key): [key]
        case .insert(let key, let value), .update(let value, let key), .hiddenWrite(let key, let value): [key, value]
        case .setConfig(let pairs): pairs.flatMap { [$0.name, $0.value] }
        default: []
        }
    }

    /// The result's columns; nil for a statement that returns no rows.
    var columns: [String]? {
        switch self {
        case .select: ["value"]
        case .hiddenWrite: ["hidden_write"]
        case .series: ["n"]
        case .divide: ["?column?"]
        case .sleep: ["pg_sleep"]
        case .setConfig(let pairs): pairs.map { _ in "set_config" }
        case .currentSettings: ["name", "value"]
        case .preparedNames: ["name"]
        case .show(let name): [name]
        case .countRows: ["count"]
        case .findTemporary: ["case"]
        default: nil
        }
    }

    /// Whether a failed transaction accepts it.
    var endsTransaction: Bool {
        switch self {
        case .commit, .rollback: true
        default: false
        }
    }
}
