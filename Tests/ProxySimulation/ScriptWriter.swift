import PostgresWire

/// Writes a random script: what drivers and people send, in fair and in foul order.
package struct ScriptWriter {
    private var dice: Dice
    private var script: ClientScript
    private var builder = MessageBuilder()
    private var words: [String] = []
    private var writes = 0
    private var isPinned = false
    private let owner: String
    /// What is pipelined in a failed transaction is answered by a server with less; scripts then wait.
    private var mayPipeline = true

    private init(owner: String, seed: UInt64) {
        self.owner = owner
        dice = Dice(seed: seed)
        script = ClientScript(owner: owner)
    }

    /// - Parameter cancels: whether the client sleeps and asks for its sleep to be cancelled.
    package static func script(owner: String, seed: UInt64, steps: Int, cancels: Bool) -> ClientScript {
        var writer = ScriptWriter(owner: owner, seed: seed)
        for _ in 0..<steps { writer.step(cancels: cancels) }
        writer.script.fillReplies()
        writer.script.farewell = writer.farewell()
        return writer.script
    }

    private mutating func farewell() -> ClientScript.Farewell {
        switch dice.below(100) {
        case 0..<20: return .vanishes(after: dice.below(script.turns.count))
        case 20..<40: return .terminatesAtOnce
        case 40..<60: return .shuts
        // Who has closed could not ask for a cancel any more.
        case 60..<75 where !script.isCancelling: return .closes
        default: return .terminates
        }
    }

    // MARK: Words

    private mutating func key() -> String { "\(owner)_\(dice.below(4))" }

    private mutating func newValue() -> String {
        writes += 1
        return "\(owner)w\(writes)"
    }

    /// A statement without parameters.
    private mutating func literal() -> String {
        switch dice.below(14) {
        case 0, 1, 2: return "SELECT value FROM kv WHERE k = '\(key())'"
        case 3: return "INSERT INTO kv VALUES ('\(key())', '\(newValue())')"
        case 4: return "UPDATE kv SET value = '\(newValue())' WHERE k = '\(key())'"
        case 5: return "SELECT n FROM generate_series(1, \(1 + dice.below(30))) AS n"
        case 6: return "SELECT 1/0"
        case 7: return "SELECT n FROM generate_series(1, 300) AS n"
        case 8: return "SHOW application_name"
        case 9: return "SHOW work_mem"
        case 10: return "SELECT value FROM kv WHERE k = '\(key())' /* howdah: primary */"
        case 11: return "SELECT pg_sleep(\(1 + dice.below(5))) /* \(owner) */"
        case 12: return "SELEC nonsense"
        default: return "SHOW app.owner"
        }
    }

    /// A statement that is prepared once and run often, with its parameters.
    private static let reusable = [
        "SELECT value FROM kv WHERE k = $1", "INSERT INTO kv VALUES ($1, $2)",
        "UPDATE kv SET value = $2 WHERE k = $1", "SELECT n FROM generate_series(1, 7) AS n",
        "SHOW application_name", "SELECT 1/0", "SELEC nonsense", "",
    ]

    private mutating func parameters(_ count: Int) -> [[UInt8]?] {
        [Array(key().utf8), Array(newValue().utf8)].prefix(count).map { $0 }
    }

    private static func parameterCount(_ text: String) -> Int {
        text.contains("$2") ? 2 : text.contains("$1") ? 1 : 0
    }

    // MARK: Turns

    private mutating func add(_ text: String, _ build: (inout MessageBuilder) -> Void) {
        build(&builder)
        words.append(text)
    }

    private mutating func endTurn(waits: Bool, isCancelled: Bool = false) {
        script.turns.append(
            .init(
                bytes: builder.bytes,
                waits: waits || !mayPipeline,
                text: words.joined(separator: " | "),
                isCancelled: isCancelled
            )
        )
        builder = MessageBuilder()
        words = []
    }

    private mutating func query(_ text: String, waits: Bool? = nil) {
        add("Query \(text)") { $0.query(text) }
        let waits = waits ?? dice.chance(60)
        endTurn(waits: waits)
    }

    private mutating func sync(waits: Bool? = nil) {
        add("Sync") { $0.sync() }
        let waits = waits ?? dice.chance(60)
        endTurn(waits: waits)
    }

    private mutating func step(cancels: Bool) {
        switch dice.below(31) {
        case 30: if dice.chance(50) { rare() } else { pinnedRead() }
        case 25...27: stepByStep(dice.chance(60) ? dice.pick(Self.reusable) : literal())
        case 0...3: query(literal())
        case 4...6: oneShot()
        case 7, 8: prepare()
        case 9...12: runPrepared()
        case 13, 14: pipeline()
        case 15, 16: transaction()
        case 17: flushed()
        case 18: settings()
        case 19: copy()
        case 20: closes()
        case 21: rare()
        case 22: hiddenWrite()
        case 23:
            let value = newValue()
            query("INSERT INTO kv VALUES ('\(key())', '\(value)'); SELECT value FROM kv WHERE k = '\(key())'")
        case 28, 29: readBack()
        default:
            if cancels {
                script.isCancelling = true
                let owner = owner
                add("Query sleep") { $0.query("SELECT pg_sleep(10) /* \(owner) */") }
                endTurn(waits: true, isCancelled: true)
            } else {
                sync()
            }
        }
    }

    /// A write, and a read of what it has written.
    private mutating func readBack() {
        let key = key()
        query("INSERT INTO kv VALUES ('\(key)', '\(newValue())')")
        query("UPDATE kv SET value = '\(newValue())' WHERE k = '\(key)'")
        query("SELECT value FROM kv WHERE k = '\(key)'")
    }

    /// Parse, Bind, Describe, Execute of the unnamed statement.
    private mutating func oneShot() {
        appendOneShot()
        sync()
    }

    private mutating func appendOneShot() {
        let isReusable = dice.chance(60)
        let text = isReusable ? dice.pick(Self.reusable) : literal()
        let values = parameters(Self.parameterCount(text))
        let limit = Int32(dice.chance(20) ? 1 + dice.below(5) : 0)
        add("Parse : \(text)") { $0.parse(name: "", text: text) }
        if dice.chance(30) { add("Describe S") { $0.describe("S", "") } }
        add("Bind") { $0.bind(portal: "", statement: "", parameters: values) }
        if dice.chance(60) { add("Describe P") { $0.describe("P", "") } }
        add("Execute \(limit)") { $0.execute(portal: "", maximumRows: limit) }
        if limit > 0, dice.chance(50) { add("Execute") { $0.execute(portal: "") } }
    }

    /// As a driver that asks for each part of its work by itself: Parse, Describe, Bind with Execute, each with Flush
    /// and Sync, in one packet or in several, read behind each or at the end.
    private mutating func stepByStep(_ text: String) {
        let name = dice.chance(70) ? "" : "d"
        let values = parameters(Self.parameterCount(text))
        if !name.isEmpty { addStep("Close d", asks: false) { $0.close("S", name) } }
        addStep("Parse \(name): \(text)", asks: false) { $0.parse(name: name, text: text) }
        addFlushAndSync()
        if dice.chance(60) {
            addStep("Describe S \(name)", asks: false) { $0.describe("S", name) }
            addFlushAndSync()
        }
        addStep("Bind <- \(name)", asks: false) { $0.bind(portal: "", statement: name, parameters: values) }
        if dice.chance(80) { addStep("Flush", asks: true) { $0.flush() } }
        addStep("Execute", asks: false) { $0.execute(portal: "") }
        if dice.chance(80) { addStep("Flush", asks: true) { $0.flush() } }
        sync()
    }

    private mutating func addFlushAndSync() {
        addStep("Flush", asks: true) { $0.flush() }
        if dice.chance(80) { addStep("Sync", asks: true) { $0.sync() } }
    }

    /// - Parameter asks: whether a server answers all that it owes when this has come: only then can be waited for.
    private mutating func addStep(_ text: String, asks: Bool, _ build: (inout MessageBuilder) -> Void) {
        add(text, build)
        if asks, dice.chance(50) { return endTurn(waits: dice.chance(50)) }
        if mayPipeline, dice.chance(20) { endTurn(waits: false) }
    }

    /// A write that looks like a read. Nothing else is in flight: then no client may notice that a replica refuses it.
    private mutating func hiddenWrite() {
        if !words.isEmpty { endTurn(waits: true) }
        if !script.turns.isEmpty { script.turns[script.turns.count - 1].waits = true }
        if dice.chance(40) { return query("SELECT hidden_write('\(key())', '\(newValue())')", waits: true) }
        let values = parameters(2)
        let name = dice.chance(50) ? "" : "hidden"
        if !name.isEmpty { add("Close hidden") { $0.close("S", name) } }
        add("Parse \(name): hidden_write") { $0.parse(name: name, text: "SELECT hidden_write($1, $2)") }
        if dice.chance(30) { sync(waits: true) }
        add("Bind \(name)") { $0.bind(portal: "", statement: name, parameters: values) }
        add("Describe P") { $0.describe("P", "") }
        add("Execute") { $0.execute(portal: "") }
        sync(waits: true)
    }

    private mutating func prepare() {
        appendPrepare()
        sync()
    }

    private mutating func appendPrepare() {
        let name = "s\(dice.below(3))"
        if dice.chance(70) { add("Close \(name)") { $0.close("S", name) } }
        let text = dice.pick(Self.reusable)
        add("Parse \(name): \(text)") { $0.parse(name: name, text: text) }
        if dice.chance(50) { add("Describe S \(name)") { $0.describe("S", name) } }
    }

    private mutating func runPrepared() {
        appendRun()
        sync()
    }

    private mutating func appendRun() {
        let name = dice.chance(15) ? "" : "s\(dice.below(3))"
        let portal = dice.chance(20) ? "p\(dice.below(2))" : ""
        // The number of parameters is guessed: a wrong one is an error like any other.
        let values = parameters(dice.below(3))
        add("Bind \(portal) <- \(name) (\(values.count))") {
            $0.bind(portal: portal, statement: name, parameters: values)
        }
        if dice.chance(40) { add("Describe P \(portal)") { $0.describe("P", portal) } }
        if dice.chance(90) { add("Execute \(portal)") { $0.execute(portal: portal) } }
    }

    /// Several statements up to one Sync.
    private mutating func pipeline() {
        for _ in 0...1 + dice.below(5) {
            switch dice.below(5) {
            case 0, 1: appendOneShot()
            case 2: appendPrepare()
            case 3: appendRun()
            default: add("Close portal") { $0.close("P", "p0") }
            }
        }
        sync()
    }

    private mutating func transaction() {
        let isReadOnly = dice.chance(25)
        mayPipeline = dice.chance(50) && false
        let begin = isReadOnly ? "BEGIN READ ONLY" : "BEGIN"
        switch dice.below(10) {
        case 0...4: query(begin)
        case 5, 6: stepByStep(begin)
        case 7:
            appendBegin(begin)
            sync()
        default:
            // As drivers do that put BEGIN in front of the first statement.
            appendBegin(begin)
            appendOneShot()
            sync()
        }
        for _ in 0..<dice.below(3) {
            if dice.chance(70) { query("SELECT value FROM kv WHERE k = '\(key())'") } else { runPrepared() }
        }
        for _ in 0..<dice.below(4) {
            switch dice.below(8) {
            case 0, 1: query(literal())
            case 2: oneShot()
            case 3: runPrepared()
            case 4: prepare()
            case 5: pipeline()
            case 6 where !isReadOnly: notification()
            default: query("SET work_mem = '\(1 + dice.below(9))MB'")
            }
        }
        query(dice.chance(70) ? "COMMIT" : "ROLLBACK")
        mayPipeline = true
    }

    private mutating func appendBegin(_ text: String) {
        add("Parse : \(text)") { $0.parse(name: "", text: text) }
        add("Bind") { $0.bind(portal: "", statement: "", parameters: []) }
        add("Execute") { $0.execute(portal: "") }
    }

    /// Asks for replies before the end of the batch.
    private mutating func flushed() {
        appendOneShot()
        add("Flush") { $0.flush() }
        endTurn(waits: true)
        if dice.chance(50) { appendRun() }
        sync()
    }

    private mutating func settings() {
        switch dice.below(isPinned ? 4 : 7) {
        case 0, 1: query("SET work_mem = '\(1 + dice.below(9))MB'")
        case 2: query("SET application_name = '\(owner)x\(dice.below(9))'")
        case 3: query("SET nosuch = '1'")
        case 4: query("RESET work_mem", waits: true)
        case 5: query("RESET ALL", waits: true)
        default:
            query("SELECT n FROM generate_series(1, 2) AS n", waits: true)
            query("DISCARD ALL", waits: true)
        }
        query("SHOW work_mem")
    }

    private mutating func copy() {
        let rows = (0..<dice.below(3)).map { "\(owner)_c\(writes * 10 + $0)\t\(newValue())\n" }
        let fails = dice.chance(25)
        let isExtended = dice.chance(50)
        if dice.chance(25) {
            return query("COPY (SELECT n FROM generate_series(1, \(2 + dice.below(9))) AS n) TO STDOUT")
        }
        if isExtended {
            add("Parse : COPY kv FROM STDIN") { $0.parse(name: "", text: "COPY kv FROM STDIN") }
            add("Bind") { $0.bind(portal: "", statement: "", parameters: []) }
            add("Execute") { $0.execute(portal: "") }
            // libpq sends Sync at once; the server ignores it in a copy.
            if dice.chance(50) { add("Sync") { $0.sync() } } else { add("Flush") { $0.flush() } }
            endTurn(waits: true)
        } else {
            add("Query COPY kv FROM STDIN") { $0.query("COPY kv FROM STDIN") }
            endTurn(waits: dice.chance(70))
        }
        for row in rows {
            add("CopyData \(row.count)") { $0.message(FrontendTag.copyData) { $0.raw(Array(row.utf8)) } }
            if dice.chance(30) { endTurn(waits: false) }
        }
        add(fails ? "CopyFail" : "CopyDone") {
            if fails { $0.message(FrontendTag.copyFail) { $0.string("no") } } else { $0.message(FrontendTag.copyDone) }
        }
        // An Execute of it by chance, with other messages behind it, is nothing that a client can go on from.
        if isExtended { add("Close unnamed") { $0.close("S", "") } }
        if isExtended { sync() } else { endTurn(waits: dice.chance(60)) }
    }

    private mutating func closes() {
        switch dice.below(5) {
        case 0: add("Close s") { $0.close("S", "s0") }
        case 1: add("Close unnamed") { $0.close("S", "") }
        case 2: add("Describe nothing") { $0.describe("S", "nosuch") }
        case 3: add("Bind another's") { $0.bind(portal: "", statement: "howdah_0000000001", parameters: []) }
        default: add("Describe p") { $0.describe("P", "nosuch") }
        }
        sync()
    }

    /// On a channel of its own: what others send is no part of the script.
    private mutating func notification() {
        let text =
            switch dice.below(9) {
            case 0, 8: "LISTEN \(owner)"
            case 1: "UNLISTEN \(dice.chance(50) ? "*" : owner)"
            case 2: "LISTEN \(owner); NOTIFY \(owner), '\(newValue())'"
            default: "NOTIFY \(owner), '\(newValue())'"
            }
        if dice.chance(60) || text.contains(";") { return query(text) }
        add("Parse : \(text)") { $0.parse(name: "", text: text) }
        add("Bind") { $0.bind(portal: "", statement: "", parameters: []) }
        add("Execute") { $0.execute(portal: "") }
        sync()
    }

    /// Of a temporary table, of the permanent one that may be behind it, or of neither.
    private mutating func pinnedRead() {
        switch dice.below(4) {
        case 0: query("SELECT count(*) FROM t\(dice.below(3))")
        case 1: runPrepared()
        case 2: query("UPDATE kv SET value = '\(newValue())' WHERE k = '\(key())'")
        default: query("SELECT value FROM kv WHERE k = '\(key())'")
        }
    }

    private mutating func rare() {
        switch dice.below(9) {
        case 6, 7, 8: notification()
        case 0: query("")
        case 1:
            query("CREATE TEMPORARY TABLE t\(dice.below(3)) (x int)", waits: dice.chance(70))
            isPinned = true
            for _ in 0..<dice.below(4) { pinnedRead() }
        case 2: pinnedRead()
        case 3: query("DEALLOCATE s\(dice.below(3))")
        case 4: query("DEALLOCATE ALL")
        default: add("Flush") { $0.flush() }
        }
    }
}
