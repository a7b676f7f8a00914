/// A text for the grammar, which knows only `standard_conforming_strings = on`: where that is off, every plain
/// literal gets the E that makes its backslashes mean the same (PostgreSQL documentation, 4.1.2.2). Places in it can
/// be led back to the original.
struct ConformingText {
    private let original: UnsafeBufferPointer<UInt8>
    private let standardConformingStrings: Bool
    /// With a NUL at its end.
    private var bytes: [UInt8]
    /// Places in `bytes` of the letters put in, in order.
    private var insertions: [Int] = []

    /// - Parameter original: must outlive this value.
    init(_ original: UnsafeBufferPointer<UInt8>, standardConformingStrings: Bool) {
        self.original = original
        self.standardConformingStrings = standardConformingStrings
        bytes = []
        bytes.reserveCapacity(original.count + 1)
        var copied = 0
        if !standardConformingStrings, let base = original.baseAddress {
            var lexer = StatementLexer(base: base, count: original.count, standardConformingStrings: false)
            while true {
                let token = lexer.next()
                if token == .end || token == .unterminated { break }
                guard token == .string, lexer.character == UInt8(ascii: "'") else { continue }
                bytes.append(contentsOf: original[copied..<lexer.start])
                copied = lexer.start
                insertions.append(bytes.count)
                bytes.append(UInt8(ascii: "E"))
            }
        }
        bytes.append(contentsOf: original[copied...])
        bytes.append(0)
    }

    func parse() -> [ParsedCommand]? {
        bytes.withUnsafeBufferPointer { buffer in
            let parsed = ParsedText(buffer.baseAddress!)
            guard let tree = parsed.tree else { return nil }
            // ParseResult: stmts = 2. RawStmt: stmt = 1, stmt_location = 2, stmt_len = 3, 0 for up to the end.
            return tree.all(2).map { raw in
                let start = Int(raw.number(2))
                let length = Int(raw.number(3))
                let end = length == 0 ? buffer.count - 1 : start + length
                let range = originalPlace(start)..<originalPlace(end)
                return ParsedCommand(command: command(raw, range), range: range)
            }
        }
    }

    private func originalPlace(_ place: Int) -> Int {
        place - insertions.prefix { $0 < place }.count
    }

    private func command(_ raw: WireFields.Range, _ range: Range<Int>) -> SessionCommand {
        guard let root = raw.bytes(1), let statement = root.node else { return .other }
        switch statement.kind {
        case ParseTreeNode.prepareStmt:
            return prepared(name: statement.range.string(1), in: range)
        case ParseTreeNode.executeStmt:
            return .execute(name: statement.range.string(1), argumentsText: parenthesized(in: range))
        default:
            return SessionCommand(kind: statement.kind, statement.range)
        }
    }

    // MARK: - Parts of a statement as they are written

    private func string(_ range: Range<Int>) -> String {
        String(decoding: original[range], as: UTF8.self)
    }

    private func lexer(in range: Range<Int>) -> StatementLexer {
        StatementLexer(
            base: original.baseAddress! + range.lowerBound,
            count: range.count,
            standardConformingStrings: standardConformingStrings
        )
    }

    /// What the outermost parentheses hold.
    private func parenthesized(in range: Range<Int>) -> String {
        var lexer = lexer(in: range)
        var start: Int?
        var end = range.upperBound
        while true {
            let token = lexer.next()
            if token == .end || token == .unterminated { break }
            guard token == .character else { continue }
            if lexer.character == UInt8(ascii: "("), start == nil { start = range.lowerBound + lexer.end }
            if lexer.character == UInt8(ascii: ")") { end = range.lowerBound + lexer.start }
        }
        return start.map { string($0..<end) } ?? ""
    }

    /// PREPARE name (types) AS statement. No type's name holds a word AS, nor, out of parentheses, a comma.
    private func prepared(name: String, in range: Range<Int>) -> SessionCommand {
        var lexer = lexer(in: range)
        var types: [String] = []
        var depth = 0
        var typeStart = 0
        func type() -> String {
            let bytes = original[typeStart..<range.lowerBound + lexer.start]
            let text = bytes.drop { $0 <= UInt8(ascii: " ") }
            return String(decoding: text, as: UTF8.self)
        }
        // The name comes first; it may be AS only in quotes.
        _ = lexer.next()
        _ = lexer.next()
        while true {
            let token = lexer.next()
            switch token {
            case .end, .unterminated:
                return .other
            case .word where depth == 0 && lexer.end - lexer.start == 2:
                let text = string(range.lowerBound + lexer.end..<range.upperBound)
                return .prepare(name: name, types: types, text: String(text.drop { $0.isWhitespace }))
            case .character:
                switch lexer.character {
                case UInt8(ascii: "("):
                    depth += 1
                    if depth == 1 { typeStart = range.lowerBound + lexer.end }
                case UInt8(ascii: ")"):
                    if depth == 1 { types.append(type()) }
                    depth -= 1
                case UInt8(ascii: ",") where depth == 1:
                    types.append(type())
                    typeStart = range.lowerBound + lexer.end
                default: break
                }
            default: break
            }
        }
    }
}
