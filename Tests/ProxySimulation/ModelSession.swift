import Bytes
import PostgresWire

/// One session of a model PostgreSQL, from the server's side of the protocol: bytes in, bytes out (PostgreSQL
/// documentation, 55.2).
///
/// Replies leave when a server would send them: at Sync, Flush, the end of a simple query, an error, or when its buffer
/// is full.
package final class ModelSession {
    struct Prepared {
        let text: String
        let statement: ModelStatement
        var isOutdated = false
    }

    struct Portal {
        let prepared: Prepared
        let parameters: [String]
        /// Rows that have not been sent yet, once it has run.
        var rows: [[String]]?
        var tag = ""
    }

    /// A part of what a message asks for, done when a sleep or a copy before it is over.
    enum Step {
        case run(ModelStatement)
        case answer(ModelStatement)
        case answerPortal(Portal, name: String, limit: Int)
        case endQuery
    }

    enum Mode {
        case startup
        case normal
        /// After an error of the extended protocol: everything up to Sync is ignored.
        case skipping
        case copyIn(isExtended: Bool)
        case sleeping(until: Int64)
        case gone
    }

    package let node: Int
    package var isReplica: Bool { store.primary != node }
    package let processID: UInt32
    package let key: [UInt8]
    let store: ModelStore
    let checksOwners: Bool

    var mode = Mode.startup
    private var input: [UInt8] = []
    private var buffered: [UInt8] = []
    private var output: [UInt8] = []

    var prepared: [String: Prepared] = [:]
    var unnamed: Prepared?
    var portals: [String: Portal] = [:]
    var temporaryTables: Set<String> = []

    /// A transaction block is open (BEGIN).
    var isInBlock = false
    var isReadOnly = false
    var hasFailed = false
    var staged: [(key: String, value: String)] = []
    var base: [String: String] = [:]
    var settings: [String: String] = [:]
    var settingsBefore: [String: String]?
    var temporaryBefore: Set<String>?
    /// Listened to as far as the transaction has come; then what they were before it.
    var channels: Set<String> = []
    var channelsBefore: Set<String>?
    /// Of the transaction under way.
    var notifications: [ModelNotification] = []
    /// Committed by anybody, on channels that this session listened to.
    private var heard: [ModelNotification] = []
    /// ReadyForQuery was the last thing said, and nothing has come since.
    private var isIdle = false
    /// What it has reported as in_hot_standby last.
    private var saysStandby = false
    var copied: [UInt8] = []
    /// What is left to do of the query under way, or after a sleep.
    var continuation: [Step] = []
    var isSimpleQuery = false
    var currentText = ""

    /// - Parameter checksOwners: whether each statement on a client's rows must find that client's setting `app.owner`.
    package init(node: Int, processID: UInt32, key: [UInt8], store: ModelStore, checksOwners: Bool) {
        self.node = node
        self.processID = processID
        self.key = key
        self.store = store
        self.checksOwners = checksOwners
    }

    // MARK: Bytes

    package func receive(_ bytes: [UInt8]) {
        input += bytes
        run()
    }

    /// The replies that have left the server.
    package func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    package var hasEnded: Bool { if case .gone = mode { true } else { false } }

    /// What this session has of a client that is gone and the next one may not meet, in words; nil where there is
    /// nothing. Statements by names of the proxy's own are there for all of its clients.
    package var leftToOthers: String? {
        let names = prepared.keys.filter { !$0.hasPrefix("howdah_") }.sorted()
        if !names.isEmpty { return "the prepared statements \(names)" }
        if isInBlock || hasFailed || !staged.isEmpty { return "an open transaction" }
        if !portals.isEmpty { return "the portals \(portals.keys.sorted())" }
        if !temporaryTables.isEmpty { return "the temporary tables \(temporaryTables.sorted())" }
        if !channels.isEmpty { return "the channels \(channels.sorted())" }
        guard case .normal = mode, input.isEmpty, buffered.isEmpty, continuation.isEmpty else {
            return "a conversation in its middle, \(mode)"
        }
        return nil
    }

    package var wakeTime: Int64? { if case .sleeping(let time) = mode { time } else { nil } }

    /// Goes on after a sleep whose time has come.
    package func wake() {
        guard case .sleeping(let until) = mode, until <= store.now else { return }
        mode = .normal
        goOn()
        run()
    }

    /// Another session's transaction has committed, or its own.
    func hear(_ notification: ModelNotification) {
        if (channelsBefore ?? channels).contains(notification.channel) { heard.append(notification) }
    }

    /// Whether a notification can leave now that nobody has asked for.
    package var hasNews: Bool { isIdle && !isInBlock && !heard.isEmpty && !hasEnded }

    package func tellNews() {
        sendHeard()
        flush()
    }

    private func sendHeard() {
        for notification in heard where channels.contains(notification.channel) {
            send { builder in
                builder.message(BackendTag.notificationResponse) { body in
                    body.int32(Int32(bitPattern: notification.processID))
                    body.string(notification.channel)
                    body.string(notification.payload)
                }
            }
        }
        heard = []
    }

    /// A cancel request with this session's key has come.
    package func cancel() {
        guard case .sleeping = mode else { return }
        store.cancelled.append(currentText)
        mode = .normal
        failNow(.cancelled)
        run()
    }

    /// The connection is gone: what was not committed is as if it had not been.
    package func disconnect() {
        mode = .gone
        staged = []
        store.remove(self)
    }

    private func run() {
        if case .startup = mode { readStartup() }
        var offset = 0
        loop: while true {
            switch mode {
            case .startup, .gone, .sleeping: break loop
            case .normal, .skipping, .copyIn: break
            }
            guard let message = WireMessage.next(in: input, at: &offset) else { break }
            handle(message)
        }
        input.removeFirst(offset)
    }

    private func readStartup() {
        guard input.count >= 4 else { return }
        let length = input[0..<4].reduce(0) { $0 << 8 | Int($1) }
        guard input.count >= length, let packet = try? StartupPacket(Array(input[..<length]).span.bytes),
            case .startup(_, let parameters) = packet
        else { return }
        input.removeFirst(length)
        for parameter in parameters where !["user", "database"].contains(parameter.name) {
            base[parameter.name] = parameter.value
        }
        settings = base
        mode = .normal
        saysStandby = isReplica
        send { builder in
            builder.authentication(0)
            builder.parameterStatus("server_version", "17.0")
            builder.parameterStatus("in_hot_standby", isReplica ? "on" : "off")
            builder.backendKeyData(processID: processID, key: key)
        }
        ready()
    }

    func send(_ build: (inout MessageBuilder) -> Void) {
        var builder = MessageBuilder()
        build(&builder)
        buffered += builder.bytes
        if buffered.count > 8192 { flush() }
    }

    func flush() {
        output += buffered
        buffered = []
    }

    func ready() {
        let status: TransactionStatus = hasFailed ? .failed : isInBlock ? .inTransaction : .idle
        if status == .idle { sendHeard() }
        if saysStandby, !isReplica {
            saysStandby = false
            send { $0.parameterStatus("in_hot_standby", "off") }
        }
        send { $0.readyForQuery(status) }
        flush()
        isIdle = true
    }

    // MARK: Messages

    private func handle(_ message: WireMessage) {
        store.trace?("        server \(processID) of node \(node) <- \(message.asFrontend)")
        isIdle = false
        if case .copyIn(let isExtended) = mode { return handleCopy(message, isExtended: isExtended) }
        if case .skipping = mode {
            guard message.letter == "S" || message.letter == "X" else { return }
        }
        switch message.letter {
        case "Q": query(message)
        case "S": sync()
        case "H": flush()
        case "X": mode = .gone
        case "F": callFunction()
        case "d", "c", "f": break
        default: extended(message)
        }
    }

    private func query(_ message: WireMessage) {
        var reader = BodyReader(message.body)
        let text = reader.string()
        isSimpleQuery = true
        unnamed = nil
        portals[""] = nil
        currentText = text
        let statements = ModelStatement.parse(text)
        if statements.isEmpty {
            send { $0.message(BackendTag.emptyQueryResponse) }
            endImplicit()
            return ready()
        }
        // All of a text is parsed before any of it runs.
        if statements.contains(.syntaxError) {
            fail(ModelError(sqlState: "42601", message: "syntax error"))
            return ready()
        }
        continuation = statements.map { .run($0) } + [.endQuery]
        goOn()
    }

    /// Runs what is left of a query, up to a sleep or a copy.
    func goOn() {
        while !continuation.isEmpty {
            let step = continuation.removeFirst()
            do throws(ModelError) {
                try perform(step)
            } catch {
                failNow(error)
                return
            }
            switch mode {
            case .sleeping, .copyIn: return
            default: break
            }
        }
    }

    private func perform(_ step: Step) throws(ModelError) {
        switch step {
        case .run(let statement): try simple(statement)
        case .answer(let statement): try answer(statement)
        case .answerPortal(let portal, let name, let limit): try answer(portal, name, limit)
        case .endQuery:
            endImplicit()
            ready()
        }
    }

    /// An error ends what is under way.
    func failNow(_ error: ModelError) {
        continuation = []
        fail(error)
        if isSimpleQuery { ready() } else { mode = .skipping }
    }

    private func simple(_ statement: ModelStatement) throws(ModelError) {
        if hasFailed, !statement.endsTransaction { throw .aborted }
        if case .copyIn = statement {
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
            mode = .copyIn(isExtended: false)
            return
        }
        if case .sleep(let time) = statement, fallAsleep(time) {
            continuation.insert(.answer(statement), at: 0)
            return
        }
        try answer(statement)
    }

    private func answer(_ named: ModelStatement) throws(ModelError) {
        var statement = named
        if case .execute(let name) = named { statement = try lookUp(name).statement }
        let result = try execute(statement, [])
        if let columns = statement.columns { send { $0.textRowDescription(columns) } }
        sendRows(result.rows, of: statement)
        send { $0.commandComplete(result.tag) }
    }

    func sendRows(_ rows: [[String]], of statement: ModelStatement) {
        if case .copyOut = statement {
            send {
                $0.message(BackendTag.copyOutResponse) {
                    $0.byte(0)
                    $0.int16(1)
                    $0.int16(0)
                }
            }
            for row in rows { send { $0.message(BackendTag.copyData) { $0.raw(Array((row[0] + "\n").utf8)) } } }
            send { $0.message(BackendTag.copyDone) }
        } else {
            for row in rows { send { $0.textRow(row) } }
        }
    }

    /// Whether time must pass; a store whose time has no end knows no waiting.
    func fallAsleep(_ time: Int) -> Bool {
        guard store.now < .max else { return false }
        mode = .sleeping(until: store.now + Int64(time) * 1000)
        return true
    }

    private func handleCopy(_ message: WireMessage, isExtended: Bool) {
        switch message.letter {
        case "d": copied += message.body
        case "c":
            mode = .normal
            finishCopy()
            if !isExtended { goOn() }
        case "f":
            mode = .normal
            var reader = BodyReader(message.body)
            failNow(ModelError(sqlState: "57014", message: "COPY from stdin failed: \(reader.string())"))
        case "S", "H": break
        default:
            // It has read the message's type, and not the rest: what follows could be anything. PostgreSQL says so in
            // two messages (docs/DIFFERENCES.md, COPY).
            let type = String(message.tag, radix: 16)
            send {
                $0.error(
                    PostgresError(
                        .fatal,
                        .protocolViolation,
                        "unexpected message type 0x\(type) during COPY from stdin"
                    )
                )
            }
            flush()
            disconnect()
        }
    }

    private func callFunction() {
        if hasFailed {
            fail(.aborted)
        } else {
            send { $0.message(BackendTag.functionCallResponse) { $0.int32(-1) } }
            endImplicit()
        }
        ready()
    }

    private func finishCopy() {
        let lines = String(decoding: copied, as: UTF8.self).split(separator: "\n")
        for line in lines {
            let fields = line.split(separator: "\t", maxSplits: 1).map(String.init)
            stage(fields[0], fields.count > 1 ? fields[1] : "")
        }
        send { $0.commandComplete("COPY \(lines.count)") }
        if portals[""]?.rows != nil { portals[""]?.rows = [] }
    }

    private func sync() {
        mode = .normal
        endImplicit()
        ready()
    }
}
