/// Reads a SCRAM message, a list of `name=value` attributes with commas between them, from front to back
/// (RFC 5802, section 5.1).
struct ScramAttributes {
    private let message: [UInt8]
    /// Where the next attribute begins; nil behind the last one.
    private(set) var position: Int?

    /// Reads from `position` on.
    init(_ message: [UInt8], from position: Int = 0) {
        self.message = message
        self.position = position
    }

    var isAtEnd: Bool { position == nil }

    /// The next attribute, which may have any name.
    mutating func next() throws(ScramSyntaxError) -> (name: UInt8, value: [UInt8]) {
        guard let start = position else { throw .malformed("The message ends where an attribute was expected.") }
        let text = message[start...].prefix { $0 != UInt8(ascii: ",") }
        position = text.endIndex < message.endIndex ? text.endIndex + 1 : nil
        guard
            let name = text.first, Self.isLetter(name),
            text.dropFirst().first == UInt8(ascii: "=")
        else { throw .malformed("An attribute does not begin with a letter and an equals sign.") }
        let value = Array(text.dropFirst(2))
        guard !value.contains(0) else { throw .malformed("An attribute contains a zero byte.") }
        return (name, value)
    }

    /// The value of the next attribute, which must be `name`.
    mutating func value(of name: Unicode.Scalar) throws(ScramSyntaxError) -> [UInt8] {
        let attribute = try next()
        if attribute.name == UInt8(ascii: "m") {
            throw .unsupported("client requires an unsupported SCRAM extension")
        }
        guard attribute.name == UInt8(ascii: name) else {
            throw .malformed("Expected attribute \"\(name)\" but found \"\(Unicode.Scalar(attribute.name))\".")
        }
        return attribute.value
    }

    /// Passes over optional extensions, to the end of the message.
    mutating func skipExtensions() throws(ScramSyntaxError) {
        while !isAtEnd { _ = try next() }
    }

    /// A decimal number without sign or leading zero, from 1 to `Int32.max`.
    static func positiveInteger(_ text: [UInt8]) -> Int32? {
        guard let first = text.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) else { return nil }
        guard text.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
        return Int32(String(decoding: text, as: UTF8.self))
    }

    private static func isLetter(_ character: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character | 0x20)
    }
}

/// What is wrong with a SCRAM message, in words for the one who sent it.
enum ScramSyntaxError: Error, Hashable {
    /// Not a message of RFC 5802's grammar.
    case malformed(String)
    /// In the grammar, but asks for what is not supported here (nor by PostgreSQL).
    case unsupported(String)
}
