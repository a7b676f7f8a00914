import Glibc

/// Rewrites a text so that only what can matter to its class is left: words folded, every literal replaced by 'x'
/// or 1 (an empty string would look to the grammar's reader like none at all), comments dropped, lists and rows of
/// literals behind IN, ARRAY and VALUES drawn together into one element, one space between tokens.
///
/// The result is at once the fingerprint (compared byte by byte) and the text that the grammar gets to see. So a class
/// cannot depend on a literal, and a text cannot share a fingerprint with one of another class. The function that is
/// called and the number of its arguments stay as they are.
///
/// Owns its buffer; nothing is allocated after `init`.
final class StatementNormalizer {
    enum Outcome {
        case normalized
        /// The lexer met an end of text inside a quote or comment, or a NUL byte.
        case malformed
        case tooDeep
        case tooLong
    }

    /// Room for what stands for one token, its space and the closing NUL.
    private static let margin = 16

    private let buffer: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var nesting = NestingBound()

    /// Valid until the next `run`: `count` bytes and a NUL.
    var bytes: UnsafePointer<UInt8> { UnsafePointer(buffer) }
    private(set) var count = 0
    private(set) var hint = RouteHint.none
    /// Whether a literal stood in the text: then its like comes again with others.
    private(set) var hasLiterals = false
    /// Whether a parameter stood in a list that was drawn together, so that the result does not tell of it.
    private(set) var hidesParameters = false

    /// - Parameter maximumBytes: bytes that the result may have.
    init(maximumBytes: Int) {
        capacity = maximumBytes
        buffer = .allocate(capacity: maximumBytes + Self.margin)
    }

    deinit {
        buffer.deallocate()
    }

    /// - Parameters:
    ///   - base: `length` bytes, read only during the call.
    func run(_ base: UnsafePointer<UInt8>, _ length: Int, standardConformingStrings: Bool) -> Outcome {
        var lexer = StatementLexer(
            base: base,
            count: length,
            standardConformingStrings: standardConformingStrings
        )
        count = 0
        hasLiterals = false
        hidesParameters = false
        nesting.reset()
        let outcome = rewrite(&lexer)
        hint = lexer.hint
        if outcome == .normalized {
            dropLastSemicolons()
            buffer[count] = 0
        }
        return outcome
    }

    /// Only the hint of a text, for one that is too long to be rewritten.
    func readHint(_ base: UnsafePointer<UInt8>, _ length: Int, standardConformingStrings: Bool) -> RouteHint {
        var lexer = StatementLexer(
            base: base,
            count: length,
            standardConformingStrings: standardConformingStrings
        )
        while true {
            let token = lexer.next()
            if token == .end || token == .unterminated { return lexer.hint }
        }
    }

    // The switch over the tokens is one function so that the lexer's state stays in registers.
    private func rewrite(_ lexer: inout StatementLexer) -> Outcome {
        var previous = Keyword.none
        var overflow = false
        while true {
            let token = lexer.next()
            if overflow {
                // Nothing is written any more; the rest is read for its hint.
                if token == .end || token == .unterminated { return .tooLong }
                continue
            }
            var keyword = Keyword.none
            switch token {
            case .word:
                if lexer.end - lexer.start <= capacity - count {
                    keyword = writeWord(lexer)
                    // Behind a dot any word is only a name: `s.in(1, 2)` calls a function.
                    if previous == .dot { keyword = .none }
                    note(keyword, after: previous)
                } else {
                    overflow = true
                }
            case .string:
                hasLiterals = true
                if previous == .uescape { writeSource(lexer, &overflow) } else { write("'x' ") }
            case .number:
                hasLiterals = true
                write("1 ")
            case .parameter:
                write("$1 ")
            case .character:
                keyword = character(&lexer, after: previous)
                if lexer.character == 0 { return .malformed }
            case .operatorRun:
                // Each character may be an operator of its own: `+-+-1` are four.
                nesting.chainOperators(lexer.end - lexer.start)
                writeSource(lexer, &overflow)
            case .typecast:
                nesting.chainOperator()
                write(":: ")
            case .quotedIdentifier, .unicodeIdentifier:
                writeSource(lexer, &overflow)
            case .unicodeString: write("U&'x' ")
            case .nationalString: write("N'x' ")
            case .bitString: write("B'1' ")
            case .hexString: write("X'1' ")
            case .unterminated: return .malformed
            case .end: return nesting.isExceeded ? .tooDeep : .normalized
            }
            previous = keyword
            if count > capacity { overflow = true }
        }
    }

    // MARK: - Writing

    @inline(__always)
    private func write(_ text: StaticString) {
        (buffer + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    private func writeSource(_ lexer: borrowing StatementLexer, _ overflow: inout Bool) {
        let length = lexer.end - lexer.start
        guard length <= capacity - count else {
            overflow = true
            return
        }
        memcpy(buffer + count, lexer.base + lexer.start, length)
        count += length
        buffer[count] = UInt8(ascii: " ")
        count += 1
    }

    /// Writes the word folded, and tells which keyword it is. There is room for it.
    @inline(__always)
    private func writeWord(_ lexer: borrowing StatementLexer) -> Keyword {
        let length = lexer.end - lexer.start
        let source = lexer.base + lexer.start
        let target = buffer + count
        var packed: UInt64 = 0
        for index in 0..<length {
            let byte = ByteTable.lowercased[Int(source[index])]
            target[index] = byte
            packed = packed << 8 | UInt64(byte)
        }
        target[length] = UInt8(ascii: " ")
        count += length + 1
        return Keyword(packed: packed, length: length)
    }

    private func dropLastSemicolons() {
        while count >= 2, buffer[count - 2] == UInt8(ascii: ";") { count -= 2 }
    }

    // MARK: - Nesting

    @inline(__always)
    private func note(_ keyword: Keyword, after previous: Keyword) {
        switch keyword {
        case .none, .in, .values, .array, .uescape, .as, .dot: break
        case .and, .or, .when, .then, .else: nesting.sibling()
        case .chainedOperator: nesting.chainOperator()
        case .join: nesting.chainJoin()
        case .case: nesting.openCase()
        case .end: if previous != .as { nesting.closeCase() }
        }
        if keyword == .in { nesting.chainOperator() }
    }

    /// A single character; an opening bracket may begin a list that is drawn together.
    private func character(_ lexer: inout StatementLexer, after previous: Keyword) -> Keyword {
        let character = lexer.character
        switch character {
        case UInt8(ascii: "("):
            if previous == .in, collapseRow(&lexer, closing: UInt8(ascii: ")")) {
                write("(1 ) ")
                return .none
            }
            if previous == .values, collapseRow(&lexer, closing: UInt8(ascii: ")")) {
                write("(1 ) ")
                collapseRows(&lexer)
                return .none
            }
            nesting.open()
        case UInt8(ascii: "["):
            if previous == .array, collapseRow(&lexer, closing: UInt8(ascii: "]")) {
                write("[1 ] ")
                return .none
            }
            nesting.open()
        case UInt8(ascii: ")"), UInt8(ascii: "]"):
            nesting.close()
        case UInt8(ascii: ","):
            nesting.sibling()
        case UInt8(ascii: ";"):
            nesting.endStatement()
        default: break
        }
        buffer[count] = character
        buffer[count + 1] = UInt8(ascii: " ")
        count += 2
        return character == UInt8(ascii: ".") ? .dot : .none
    }

    // MARK: - Lists of literals

    /// Passes over the rest of a row of nothing but literals, whose opening bracket was just read. Where it holds
    /// anything else, the lexer stays where it was.
    private func collapseRow(_ lexer: inout StatementLexer, closing: UInt8) -> Bool {
        var ahead = lexer
        guard skipRow(&ahead, closing: closing, depth: 0) else { return false }
        lexer = ahead
        return true
    }

    /// Passes over further rows of nothing but literals, each behind a comma.
    private func collapseRows(_ lexer: inout StatementLexer) {
        while true {
            var ahead = lexer
            guard ahead.next() == .character, ahead.character == UInt8(ascii: ","),
                ahead.next() == .character, ahead.character == UInt8(ascii: "("),
                skipRow(&ahead, closing: UInt8(ascii: ")"), depth: 0)
            else { return }
            lexer = ahead
        }
    }

    /// Rows may stand in rows, `(a, b) IN ((1, 2), (3, 4))`, but not deeper.
    private func skipRow(_ lexer: inout StatementLexer, closing: UInt8, depth: Int) -> Bool {
        while true {
            var token = lexer.next()
            if token == .operatorRun, lexer.end - lexer.start == 1,
                lexer.character == UInt8(ascii: "-") || lexer.character == UInt8(ascii: "+")
            {
                token = lexer.next()
                guard token == .number else { return false }
            }
            switch token {
            case .string, .nationalString, .number, .bitString, .hexString: break
            case .parameter: hidesParameters = true
            case .word:
                guard
                    lexer.isWord("null") || lexer.isWord("true") || lexer.isWord("false") || lexer.isWord("default")
                else { return false }
            case .character:
                guard lexer.character == UInt8(ascii: "("), depth == 0,
                    skipRow(&lexer, closing: UInt8(ascii: ")"), depth: 1)
                else { return false }
            default: return false
            }
            guard lexer.next() == .character else { return false }
            if lexer.character == closing { return true }
            guard lexer.character == UInt8(ascii: ",") else { return false }
        }
    }
}
