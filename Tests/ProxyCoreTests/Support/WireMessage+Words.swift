import PostgresWire
import ProxySimulation

/// Messages from the words in which `asFrontend` and `asBackend` tell them.
extension WireMessage {
    init(frontend words: String) {
        var builder = MessageBuilder()
        let (verb, rest) = Self.split(words)
        switch verb {
        case "Query": builder.query(rest)
        case "Parse":
            let (name, text) = Self.split(rest, at: ":")
            builder.parse(name: name, text: text.hasPrefix(" ") ? String(text.dropFirst()) : text)
        case "Bind":
            let (portal, bound) = Self.split(rest, at: "<")
            let (statement, values) = Self.split(String(bound.dropFirst()), at: "(")
            builder.bind(
                portal: Self.trimmed(portal),
                statement: Self.trimmed(statement),
                parameters: values.dropLast().split(separator: ",").map { $0 == "NULL" ? nil : Array($0.utf8) }
            )
        case "Describe", "Close":
            let (kind, name) = Self.split(rest)
            let letter: Unicode.Scalar = kind == "S" ? "S" : "P"
            if verb == "Close" { builder.close(letter, name) } else { builder.describe(letter, name) }
        case "Execute":
            let (portal, limit) = Self.split(rest, at: "/")
            builder.execute(portal: Self.trimmed(portal), maximumRows: Int32(limit) ?? 0)
        case "Sync": builder.sync()
        case "Flush": builder.flush()
        case "Terminate": builder.terminate()
        case "CopyData": builder.message(FrontendTag.copyData) { $0.raw(Array(rest.utf8)) }
        case "CopyDone": builder.message(FrontendTag.copyDone)
        case "CopyFail": builder.message(FrontendTag.copyFail) { $0.string(rest) }
        case "FunctionCall":
            builder.message(FrontendTag.functionCall) { body in
                body.int32(Int32(rest) ?? 0)
                for _ in 0..<3 { body.int16(0) }
            }
        default: preconditionFailure("no message of a client's begins with \(verb)")
        }
        self.init(builder.bytes)
    }

    /// Behind an error's text the server's function that raised it may stand in brackets.
    init(backend words: String) {
        var builder = MessageBuilder()
        let (verb, rest) = Self.split(words)
        switch verb {
        case "Ready": builder.readyForQuery(TransactionStatus(rawValue: rest.utf8.first ?? 0) ?? .idle)
        case "Complete": builder.commandComplete(rest)
        case "Columns": builder.textRowDescription(rest.split(separator: ",").map(String.init))
        case "Row": builder.textRow(rest.split(separator: ",").map(String.init))
        case "Parsed": builder.message(BackendTag.parseComplete)
        case "Bound": builder.message(BackendTag.bindComplete)
        case "Closed": builder.message(BackendTag.closeComplete)
        case "NoData": builder.message(BackendTag.noData)
        case "Suspended": builder.message(BackendTag.portalSuspended)
        case "Empty": builder.message(BackendTag.emptyQueryResponse)
        case "Parameters": builder.message(BackendTag.parameterDescription) { $0.int16(0) }
        case "Parameter":
            let (name, value) = Self.split(rest, at: "=")
            builder.parameterStatus(name, value)
        case "CopyIn", "CopyOut", "CopyBoth":
            let tags = [
                "CopyIn": BackendTag.copyInResponse, "CopyOut": BackendTag.copyOutResponse,
                "CopyBoth": BackendTag.copyBothResponse,
            ]
            builder.message(tags[String(verb)] ?? 0) { body in
                body.byte(0)
                body.int16(1)
                body.int16(0)
            }
        case "CopyData": builder.message(BackendTag.copyData) { $0.raw(Array(rest.utf8)) }
        case "CopyDone": builder.message(BackendTag.copyDone)
        case "FunctionResult": builder.message(BackendTag.functionCallResponse) { $0.int32(-1) }
        case "Notification":
            builder.message(BackendTag.notificationResponse) { body in
                body.int32(1)
                body.string(rest)
                body.string("")
            }
        case "Error", "Fatal", "Notice":
            let (state, text) = Self.split(rest)
            let (message, routine) = Self.split(text, at: "[")
            builder.message(verb == "Notice" ? BackendTag.noticeResponse : BackendTag.errorResponse) { body in
                let severity = verb == "Error" ? "ERROR" : verb == "Fatal" ? "FATAL" : "NOTICE"
                for (field, value) in [
                    ("S", severity), ("V", severity), ("C", state), ("M", Self.trimmed(message)),
                    ("R", String(routine.dropLast())),
                ] {
                    body.raw(Array(field.utf8))
                    body.string(value)
                }
                body.byte(0)
            }
        default: preconditionFailure("no message of a server's begins with \(verb)")
        }
        self.init(builder.bytes)
    }

    private init(_ bytes: [UInt8]) { self.init(tag: bytes[0], body: Array(bytes[5...])) }

    private static func split(_ text: String, at separator: Character = " ") -> (String, String) {
        guard let place = text.firstIndex(of: separator) else { return (text, "") }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
