/// Messages that a client sends, encoded ("PostgreSQL documentation, 55.7").
enum Frontend {
    /// What Describe and Close are about.
    enum Target: Character {
        case statement = "S"
        case portal = "P"
    }

    static func message(_ letter: Character, _ body: [UInt8] = []) -> [UInt8] {
        [letter.asciiValue!] + int32(Int32(body.count + 4)) + body
    }

    static func query(_ sql: String) -> [UInt8] { message("Q", text(sql)) }

    static func parse(_ name: String, _ sql: String, types: [Int32] = []) -> [UInt8] {
        message("P", text(name) + text(sql) + int16(Int16(types.count)) + types.flatMap(int32))
    }

    /// - Parameters:
    ///   - values: in the text format, unless `binary`.
    ///   - binaryResults: whether all result columns are to come in the binary format.
    static func bind(
        _ portal: String = "",
        _ statement: String,
        _ values: [[UInt8]?] = [],
        binary: Bool = false,
        binaryResults: Bool = false
    ) -> [UInt8] {
        var body = text(portal) + text(statement)
        body += binary ? int16(1) + int16(1) : int16(0)
        body += int16(Int16(values.count))
        for value in values {
            guard let value else {
                body += int32(-1)
                continue
            }
            body += int32(Int32(value.count))
            body += value
        }
        body += binaryResults ? int16(1) + int16(1) : int16(0)
        return message("B", body)
    }

    static func bind(_ portal: String = "", _ statement: String, texts: [String?]) -> [UInt8] {
        bind(portal, statement, texts.map { $0.map { Array($0.utf8) } })
    }

    static func describe(_ target: Target, _ name: String) -> [UInt8] {
        message("D", [target.rawValue.asciiValue!] + text(name))
    }

    static func close(_ target: Target, _ name: String) -> [UInt8] {
        message("C", [target.rawValue.asciiValue!] + text(name))
    }

    static func execute(_ portal: String = "", rows: Int32 = 0) -> [UInt8] {
        message("E", text(portal) + int32(rows))
    }

    static let sync = message("S")
    static let flush = message("H")
    static let terminate = message("X")
    static let copyDone = message("c")

    static func copyData(_ bytes: [UInt8]) -> [UInt8] { message("d", bytes) }

    static func copyFail(_ reason: String) -> [UInt8] { message("f", text(reason)) }

    /// A call of a function by its OID, arguments and result in the text format.
    static func functionCall(_ function: Int32, _ arguments: [String?]) -> [UInt8] {
        var body = int32(function) + int16(0) + int16(Int16(arguments.count))
        for argument in arguments {
            guard let argument else {
                body += int32(-1)
                continue
            }
            body += int32(Int32(argument.utf8.count)) + Array(argument.utf8)
        }
        return message("F", body + int16(0))
    }

    /// The usual batch of one unnamed statement.
    static func extended(_ sql: String, _ values: [String?] = []) -> [UInt8] {
        parse("", sql) + bind("", "", texts: values) + describe(.portal, "") + execute() + sync
    }

    static func startup(version: Int32 = 3 << 16, _ parameters: [(String, String)]) -> [UInt8] {
        let body = int32(version) + parameters.flatMap { text($0.0) + text($0.1) } + [0]
        return int32(Int32(body.count + 4)) + body
    }

    static let tlsRequest = int32(8) + int32(1234 << 16 | 5679)
    static let gssRequest = int32(8) + int32(1234 << 16 | 5680)

    static func cancelRequest(process: [UInt8], key: [UInt8]) -> [UInt8] {
        int32(Int32(12 + key.count)) + int32(1234 << 16 | 5678) + process + key
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    static func int16(_ value: Int16) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }

    static func int32(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
}
