import Testing

@testable import StatementRouting

@Suite struct StatementLexerTests {
    private func tokens(_ text: String, standardConformingStrings: Bool = true) -> [String] {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            var lexer = StatementLexer(
                base: buffer.baseAddress!,
                count: buffer.count,
                standardConformingStrings: standardConformingStrings
            )
            var found: [String] = []
            while true {
                let token = lexer.next()
                if token == .end { return found }
                if token == .unterminated { return found + ["unterminated"] }
                found.append(String(decoding: bytes[lexer.start..<lexer.end], as: UTF8.self))
            }
        }
    }

    @Test func cutsAsPostgreSQLDoes() {
        #expect(tokens("a.b::int[1]") == ["a", ".", "b", "::", "int", "[", "1", "]"])
        #expect(tokens("1..2") == ["1", ".", ".2"])
        #expect(tokens("1.5e-3e") == ["1.5e-3", "e"])
        #expect(tokens("1e+x") == ["1", "e", "+", "x"])
        #expect(tokens("0x1F 0xG 1_000 1_") == ["0x1F", "0", "xG", "1_000", "1", "_"])
        #expect(tokens("1FROM t") == ["1", "FROM", "t"])
        #expect(tokens("$1$2 $a$x$a$ $b") == ["$1", "$2", "$a$x$a$", "$", "b"])
        #expect(tokens("a$b$c") == ["a$b$c"])
        #expect(tokens("a:=1") == ["a", ":=", "1"])
        #expect(tokens("+/*c*/-1--x") == ["+", "-", "1"])
        #expect(tokens("E'a\\'b' 'a\\' c") == ["E'a\\'b'", "'a\\'", "c"])
        #expect(tokens("'a\\'b' c", standardConformingStrings: false) == ["'a\\'b'", "c"])
        #expect(tokens("E'a\\'b'", standardConformingStrings: false) == ["E'a\\'b'"])
        #expect(tokens("'a'\n'b' 'c'") == ["'a'\n'b'", "'c'"])
        #expect(tokens("'a'-- x\n'b'") == ["'a'-- x\n'b'"])
        #expect(tokens("'a' /* \n */ 'b'") == ["'a'", "'b'"])
        #expect(tokens("B'1''0'") == ["B'1'", "'0'"])
        #expect(tokens("U&\"a\"\"b\" u&'x' N'y'") == ["U&\"a\"\"b\"", "u&'x'", "N'y'"])
        #expect(tokens("-- x\ra") == ["a"])
        #expect(tokens("/* /* */ a */ b") == ["b"])
        #expect(tokens("\u{A0}a") == ["\u{A0}a"])
    }

    @Test func tellsWhatHasNoEnd() {
        for text in ["'a", "\"a", "$$a", "$x$ a $y$", "/* a", "/* /* */", "E'\\'", "'a'\n'b"] {
            #expect(tokens(text).last == "unterminated", "\(text)")
        }
    }
}
