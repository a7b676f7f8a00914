/// Where a statement says which prepared statement it makes or runs: the name of PREPARE and EXECUTE, also of EXECUTE
/// in EXPLAIN and in CREATE TABLE AS.
package struct PreparedReference: Equatable, Sendable {
    /// As a server keeps it: folded, without quotes.
    package let name: [UInt8]
    /// Its bytes in the text, quotes included.
    package let range: Range<Int>

    /// What identifiers are cut to (PostgreSQL documentation, 4.1.1).
    private static let longestName = 63

    /// - Parameter text: one statement, which the grammar knows. Only the lexer reads it: this is done for each
    ///   EXECUTE.
    /// - Returns: nil where there is no such name, or one that is not taken literally (U&"…", or longer than servers
    ///   keep).
    package static func find(in text: RawSpan, standardConformingStrings: Bool) -> PreparedReference? {
        text.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            var lexer = StatementLexer(
                base: base,
                count: buffer.count,
                standardConformingStrings: standardConformingStrings
            )
            return skipToName(&lexer) ? PreparedReference(&lexer) : nil
        }
    }

    /// Passes over the verb in front of the name.
    private static func skipToName(_ lexer: inout StatementLexer) -> Bool {
        guard lexer.next() == .word else { return false }
        if lexer.isWord("execute") || lexer.isWord("prepare") { return true }
        // In CREATE TABLE AS, EXECUTE follows AS; in EXPLAIN it follows options, of which the grammar puts most into
        // parentheses.
        let isCreate = lexer.isWord("create")
        guard isCreate || lexer.isWord("explain") else { return false }
        var depth = 0
        var isBehindAs = !isCreate
        while true {
            switch lexer.next() {
            case .end, .unterminated: return false
            case .word where depth == 0:
                if isBehindAs, lexer.isWord("execute") { return true }
                if isCreate { isBehindAs = lexer.isWord("as") }
            case .character:
                if lexer.character == UInt8(ascii: "(") { depth += 1 }
                if lexer.character == UInt8(ascii: ")") { depth -= 1 }
                if isCreate { isBehindAs = false }
            default: if isCreate { isBehindAs = false }
            }
        }
    }

    private init?(_ lexer: inout StatementLexer) {
        let token = lexer.next()
        let range = lexer.start..<lexer.end
        var name: [UInt8] = []
        switch token {
        case .word: name = range.map { ByteTable.lowercased[Int(lexer.base[$0])] }
        case .quotedIdentifier:
            var place = range.lowerBound + 1
            while place < range.upperBound - 1 {
                name.append(lexer.base[place])
                // A quote in the name is written twice.
                place += lexer.base[place] == UInt8(ascii: "\"") ? 2 : 1
            }
        default: return nil
        }
        guard name.count <= Self.longestName else { return nil }
        self.name = name
        self.range = range
    }
}
