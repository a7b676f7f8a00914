import Bytes

/// A statement that does nothing but to call `pg_cancel_backend()` or `pg_terminate_backend()` once: which session it
/// means, and where in its text the call stands.
package struct SignalCall: Equatable, Sendable {
    package enum Kind: UInt8, Sendable, BitwiseCopyable {
        case none
        case cancel
        case terminate

        /// The function's name.
        package var function: String { self == .cancel ? "pg_cancel_backend" : "pg_terminate_backend" }
    }

    package enum Target: Equatable, Sendable {
        case number(Int64)
        /// The value of `$n`, counted from 1.
        case parameter(Int)
        /// `pg_backend_pid()`
        case own
    }

    package let kind: Kind
    package let target: Target
    package let range: Range<Int>
    /// The arguments' own texts: the process, and how long to wait for its end, if that is given.
    package let arguments: [String]

    /// - Returns: nil for any other statement, whose argument only a server can tell.
    package static func find(in text: RawSpan, standardConformingStrings: Bool) -> SignalCall? {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            var reader = Reader(
                lexer: StatementLexer(
                    base: base,
                    count: buffer.count,
                    standardConformingStrings: standardConformingStrings
                )
            )
            return reader.read()
        }
    }
}

extension SignalCall {
    private struct Reader {
        var lexer: StatementLexer
        var word: ProcessCalls.Word

        init(lexer: StatementLexer) {
            self.lexer = lexer
            let token = self.lexer.next()
            word = ProcessCalls.Word(token, self.lexer)
        }

        private mutating func advance() {
            let token = lexer.next()
            word = ProcessCalls.Word(token, lexer)
        }

        private mutating func consume(_ character: Unicode.Scalar) -> Bool {
            guard word.isCharacter(character) else { return false }
            advance()
            return true
        }

        private mutating func skipCatalog() -> Bool {
            guard word.name == "pg_catalog" else { return true }
            advance()
            return consume(".")
        }

        mutating func read() -> SignalCall? {
            guard word.isWord("select") else { return nil }
            advance()
            let start = word.range.lowerBound
            guard skipCatalog() else { return nil }
            let kind: Kind
            switch word.name {
            case Kind.cancel.function: kind = .cancel
            case Kind.terminate.function: kind = .terminate
            default: return nil
            }
            advance()
            guard consume("("), let first = argument() else { return nil }
            var arguments = [first.text]
            if kind == .terminate, consume(",") {
                guard let second = argument(), second.target != .own else { return nil }
                arguments.append(second.text)
            }
            let end = word.range.upperBound
            guard consume(")"), endsHere() else { return nil }
            return SignalCall(kind: kind, target: first.target, range: start..<end, arguments: arguments)
        }

        /// Whether nothing follows but a name for the column.
        private mutating func endsHere() -> Bool {
            let isNamed = word.isWord("as")
            if isNamed { advance() }
            if word.token == .word || word.token == .quotedIdentifier {
                if !isNamed, word.token == .word, Self.clauses.contains(word.name) { return false }
                advance()
            } else if isNamed {
                return false
            }
            while word.isCharacter(";") { advance() }
            return word.token == .end
        }

        /// Words that may follow a column without a name.
        private static let clauses: Set<String> = [
            "from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset",
            "fetch", "for", "into", "is", "and", "or", "not", "in", "isnull", "notnull", "between", "like", "ilike",
            "similar", "collate", "at", "operator", "filter", "over", "within",
        ]

        /// A number, also in quotes, a parameter or the own process, each also with casts.
        private mutating func argument() -> (target: Target, text: String)? {
            let start = word.range.lowerBound
            var end = word.range.upperBound
            let target: Target
            switch word.token {
            case .number:
                guard let number = Int64(text(word.range)) else { return nil }
                target = .number(number)
                advance()
            case .string:
                guard word.range.count > 2, lexer.base[word.range.lowerBound] == UInt8(ascii: "'"),
                    let number = Int64(text(word.range.lowerBound + 1..<word.range.upperBound - 1))
                else { return nil }
                target = .number(number)
                advance()
            case .parameter:
                guard let number = Int(text(word.range.lowerBound + 1..<word.range.upperBound)), number > 0 else {
                    return nil
                }
                target = .parameter(number)
                advance()
            default:
                guard skipCatalog(), word.name == "pg_backend_pid" else { return nil }
                advance()
                guard consume("(") else { return nil }
                end = word.range.upperBound
                guard consume(")") else { return nil }
                target = .own
            }
            while word.token == .typecast {
                advance()
                guard skipCatalog(), Self.types.contains(word.name) else { return nil }
                end = word.range.upperBound
                advance()
            }
            return (target, text(start..<end))
        }

        private static let types: Set<String> = [
            "int", "int4", "integer", "int2", "smallint", "int8", "bigint", "text", "varchar",
        ]

        private func text(_ range: Range<Int>) -> String {
            String(decoding: range.map { lexer.base[$0] }, as: UTF8.self)
        }
    }
}
