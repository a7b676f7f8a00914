import PostgresWire

/// A server that answers whatever it is sent as PostgreSQL would, as far as the protocol goes, and knows next to
/// nothing of SQL: a statement's only row is its own text. It can meet any bytes: what is no message ends the
/// connection.
final class PlainServer {
    let processID: UInt32
    private(set) var user = ""
    private(set) var hasEnded = false
    /// The text of the last statement that a client has begun to copy into.
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var hasStarted = false
    private var status = TransactionStatus.idle
    private var isSkipping = false
    private var isCopying = false
    private var copiesExtended = false
    private var texts: [String: String] = [:]
    private var portals: [String: String] = [:]
    /// Read, to be said once more to who listens.
    private var channels: Set<String> = []

    init(processID: UInt32) { self.processID = processID }

    func receive(_ bytes: [UInt8]) -> [UInt8] {
        input += bytes
        output = []
        if !hasStarted { start() }
        var offset = 0
        while hasStarted, !hasEnded, input.count - offset >= 5 {
            let length = input[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
            guard length >= 4, length < 1 << 24 else {
                hasEnded = true
                break
            }
            guard input.count - offset > length else { break }
            answer(WireMessage(tag: input[offset], body: Array(input[offset + 5..<offset + 1 + length])))
            offset += length + 1
        }
        input.removeFirst(offset)
        return output
    }

    private func start() {
        guard input.count >= 4, case let length = input[0..<4].reduce(0, { $0 << 8 | Int($1) }), input.count >= length,
            let packet = try? StartupPacket(Array(input[..<length]).span.bytes),
            case .startup(_, let parameters) = packet
        else { return }
        input.removeFirst(length)
        user = parameters.first { $0.name == "user" }?.value ?? ""
        hasStarted = true
        say { builder in
            builder.authentication(0)
            builder.parameterStatus("server_version", "17.0")
            builder.parameterStatus("client_encoding", "UTF8")
            builder.backendKeyData(processID: processID, key: [1, 2, 3, 4])
            builder.readyForQuery(.idle)
        }
    }

    private func say(_ build: (inout MessageBuilder) -> Void) {
        var builder = MessageBuilder()
        build(&builder)
        output += builder.bytes
    }

    private func answer(_ message: WireMessage) {
        var reader = BodyReader(message.body)
        if isCopying { return copy(message) }
        if isSkipping, message.letter != "S", message.letter != "X" { return }
        switch message.letter {
        case "Q":
            texts[""] = nil
            let isFine = run(reader.string(), isQuery: true)
            if !isCopying || !isFine { say { $0.readyForQuery(status) } }
        case "F":
            say { builder in
                builder.message(BackendTag.functionCallResponse) { $0.int32(-1) }
                builder.readyForQuery(status)
            }
        case "P":
            let name = reader.string()
            if !name.isEmpty, texts[name] != nil { return fail("42P05", "exists") }
            texts[name] = reader.string()
            say { $0.message(BackendTag.parseComplete) }
        case "B":
            let portal = reader.string()
            let name = reader.string()
            guard let text = texts[name] else { return fail("26000", "no statement") }
            portals[portal] = text
            say { $0.message(BackendTag.bindComplete) }
        case "D":
            let isStatement = reader.byte() == UInt8(ascii: "S")
            let name = reader.string()
            guard let text = isStatement ? texts[name] : portals[name] else { return fail("34000", "nothing there") }
            if isStatement { say { $0.message(BackendTag.parameterDescription) { $0.int16(0) } } }
            if returnsRow(text) {
                say { $0.textRowDescription(["text"]) }
            } else {
                say { $0.message(BackendTag.noData) }
            }
        case "E":
            guard let text = portals[reader.string()] else { return fail("34000", "no portal") }
            copiesExtended = true
            if !run(text, isQuery: false) { isSkipping = true }
        case "C":
            let isStatement = reader.byte() == UInt8(ascii: "S")
            let name = reader.string()
            if isStatement { texts[name] = nil } else { portals[name] = nil }
            say { $0.message(BackendTag.closeComplete) }
        case "S":
            isSkipping = false
            if status == .idle { portals = [:] }
            say { $0.readyForQuery(status) }
        case "H", "d", "c", "f": break
        case "X": hasEnded = true
        default: hasEnded = true
        }
    }

    private func copy(_ message: WireMessage) {
        switch message.letter {
        case "d", "H", "S": return
        case "c":
            isCopying = false
            say { $0.commandComplete("COPY 1") }
            if !copiesExtended { say { $0.readyForQuery(status) } }
        case "X": hasEnded = true
        default:
            isCopying = false
            let isExtended = copiesExtended
            fail("57014", "COPY failed")
            if !isExtended {
                isSkipping = false
                say { $0.readyForQuery(status) }
            }
        }
    }

    private func fail(_ state: String, _ message: String) {
        if status == .inTransaction { status = .failed }
        isSkipping = true
        say { builder in
            builder.message(BackendTag.errorResponse) { body in
                for (field, value) in [("S", "ERROR"), ("V", "ERROR"), ("C", state), ("M", message), ("P", "3")] {
                    body.byte(Array(field.utf8)[0])
                    body.string(value)
                }
                body.byte(0)
            }
        }
    }

    private func returnsRow(_ text: String) -> Bool {
        let word = text.lowercased().drop { !$0.isLetter }.prefix { $0.isLetter }
        return ["select", "show", "execute", "explain", "values"].contains(word)
            || text.contains("*/") && text.lowercased().contains("select")
    }

    /// - Returns: false where it has failed.
    private func run(_ text: String, isQuery: Bool) -> Bool {
        let parts = isQuery ? text.split(separator: ";").map(String.init) : [text]
        if parts.isEmpty { say { $0.message(BackendTag.emptyQueryResponse) } }
        for part in parts {
            if !step(part, isQuery: isQuery) { return false }
            if isCopying { return true }
        }
        return true
    }

    private func step(_ text: String, isQuery: Bool) -> Bool {
        let words = text.lowercased().split { !$0.isLetter && $0 != "_" && $0 != "/" }.map(String.init)
        let first = words.first ?? ""
        if status == .failed, first != "rollback", first != "commit" {
            fail("25P02", "aborted")
            if isQuery { isSkipping = false }
            return false
        }
        if words.contains("fail") {
            fail("22012", "failed")
            if isQuery { isSkipping = false }
            return false
        }
        switch first {
        case "begin", "start": status = .inTransaction
        case "commit", "rollback": status = .idle
        case "listen": channels.insert(words.dropFirst().first ?? "")
        case "unlisten": channels = []
        case "notify" where channels.contains(words.dropFirst().first ?? ""):
            say { builder in
                builder.message(BackendTag.notificationResponse) { body in
                    body.int32(Int32(bitPattern: processID))
                    body.string(words.dropFirst().first ?? "")
                    body.string("")
                }
            }
        case "discard": texts = [:]
        case "deallocate" where words.last == "all": texts = [:]
        case "copy" where words.contains("stdin"):
            copiesExtended = !isQuery
            isCopying = true
            say { builder in
                builder.message(BackendTag.copyInResponse) { body in
                    body.byte(0)
                    body.int16(0)
                }
            }
            return true
        case "copy":
            say { builder in
                builder.message(BackendTag.copyOutResponse) { body in
                    body.byte(0)
                    body.int16(0)
                }
                builder.message(BackendTag.copyData) { $0.raw(Array("line\n".utf8)) }
                builder.message(BackendTag.copyDone)
            }
        default: break
        }
        if returnsRow(text) {
            if isQuery { say { $0.textRowDescription(["text"]) } }
            say { $0.textRow([text]) }
        }
        say { $0.commandComplete(first.uppercased()) }
        return true
    }
}
