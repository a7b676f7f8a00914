/// Rewrites a text so that only what can matter to its class is left: words folded, every literal replaced by 'x'
/// or 1 (an empty string would look to the grammar's reader like none at all), comments dropped, lists and rows behind
/// IN, ARRAY and VALUES drawn together (`ListFold`), one space between tokens. The name of a setting that
/// current_setting() is asked for becomes 's' where it is one like any other.
///
/// The result is at once the fingerprint (compared byte by byte) and the text that the grammar gets to see. So a class
/// cannot depend on a literal, and a text cannot share a fingerprint with one of another class. The function that is
/// called and the number of its arguments stay as they are.
///
/// The tokens of a text are taken one after another, so that it may come in parts (`StatementFold`).
/// Owns its buffer; nothing is allocated after `init`.
final class StatementNormalizer {
    enum Outcome {
        case normalized
        /// The lexer met an end of text inside a quote or comment, or a NUL byte.
        case malformed
        case tooDeep
        case tooLong
    }

    /// How far a text has been read.
    struct Progress {
        fileprivate var previous = Keyword.none
        /// Nothing is written any more; the rest is read for its hint.
        fileprivate var overflow = false
    }

    private var text: FoldedText
    private var nesting = NestingBound()
    private var list = ListFold()
    /// Of a list inside an element of that one; in further ones nothing is drawn together.
    private var innerList = ListFold()

    /// Valid until the next text is begun: `count` bytes and a NUL.
    var bytes: UnsafePointer<UInt8> { text.bytes }
    var count: Int { text.count }
    private(set) var hint = RouteHint.none
    /// Whether a literal stood in the text: then its like comes again with others.
    private(set) var hasLiterals = false
    /// Whether a parameter stood in a list that may be drawn together, so that the result does not tell of it.
    private(set) var hidesParameters = false

    /// - Parameter maximumBytes: bytes that the result may have.
    init(maximumBytes: Int) {
        text = FoldedText(capacity: maximumBytes)
    }

    /// - Parameters:
    ///   - base: `length` bytes, read only during the call.
    func run(_ base: UnsafePointer<UInt8>, _ length: Int, standardConformingStrings: Bool) -> Outcome {
        var lexer = StatementLexer(
            base: base,
            count: length,
            standardConformingStrings: standardConformingStrings
        )
        var progress = begin()
        while true {
            let token = lexer.next()
            if let outcome = consume(token, lexer, &progress) { return end(outcome, hint: lexer.hint) }
        }
    }

    func begin() -> Progress {
        text.count = 0
        hasLiterals = false
        hidesParameters = false
        nesting.reset()
        list.reset()
        innerList.reset()
        return Progress()
    }

    func end(_ outcome: Outcome, hint: RouteHint) -> Outcome {
        self.hint = hint
        if outcome == .normalized { text.close() }
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

    /// The next token of the text.
    /// - Returns: nil while more are to come.
    @inline(__always)
    func consume(
        _ token: StatementLexer.Token,
        _ lexer: borrowing StatementLexer,
        _ progress: inout Progress
    ) -> Outcome? {
        if progress.overflow { return token == .end || token == .unterminated ? .tooLong : nil }
        let mark = text.count
        let isInList = list.isActive
        let isInInnerList = innerList.isActive
        if isInList { prepareLists() }
        var keyword = Keyword.none
        switch token {
        case .word:
            if text.hasRoom(for: lexer.end - lexer.start) {
                keyword = text.write(word: lexer.base + lexer.start, lexer.end - lexer.start)
                // Behind a dot any word is only a name: `s.in(1, 2)` calls a function.
                if progress.previous == .dot, keyword != .currentSetting { keyword = .none }
                note(keyword, after: progress.previous)
            } else {
                progress.overflow = true
            }
        case .string:
            hasLiterals = true
            if progress.previous == .uescape {
                writeSource(lexer, &progress)
            } else if progress.previous == .settingName, ConnectionState.isOrdinarySetting(lexer) {
                text.write("'s' ")
            } else {
                text.write("'x' ")
            }
        case .number:
            hasLiterals = true
            text.write("1 ")
        case .parameter:
            if isInList { hidesParameters = true }
            text.write("$1 ")
        case .character:
            if lexer.character == 0 { return .malformed }
            keyword = character(lexer.character, mark: mark, progress)
        case .operatorRun:
            // Each character may be an operator of its own: `+-+-1` are four.
            nesting.chainOperators(lexer.end - lexer.start)
            writeSource(lexer, &progress)
        case .typecast:
            nesting.chainOperator()
            text.write(":: ")
        case .quotedIdentifier, .unicodeIdentifier:
            writeSource(lexer, &progress)
        case .unicodeString: text.write("U&'x' ")
        case .nationalString: text.write("N'x' ")
        case .bitString: text.write("B'1' ")
        case .hexString: text.write("X'1' ")
        case .unterminated: return .malformed
        case .end: return nesting.isExceeded ? .tooDeep : .normalized
        case .more: return nil
        }
        if isInList { followLists(token, lexer, mark: mark, isInInnerList: isInInnerList) }
        progress.previous = keyword
        if text.isFull { progress.overflow = true }
        return nil
    }

    // MARK: - Writing

    private func writeSource(_ lexer: borrowing StatementLexer, _ progress: inout Progress) {
        if !text.write(lexer.base + lexer.start, lexer.end - lexer.start) { progress.overflow = true }
    }

    // MARK: - Nesting

    @inline(__always)
    private func note(_ keyword: Keyword, after previous: Keyword) {
        switch keyword {
        case .none, .in, .values, .array, .uescape, .as, .dot, .currentSetting, .settingName: break
        case .and, .or, .when, .then, .else: nesting.sibling()
        case .chainedOperator: nesting.chainOperator()
        case .join: nesting.chainJoin()
        case .case: nesting.openCase()
        case .end: if previous != .as { nesting.closeCase() }
        }
        if keyword == .in { nesting.chainOperator() }
    }

    /// A single character; an opening bracket may begin a list.
    @inline(__always)
    private func character(_ character: UInt8, mark: Int, _ progress: Progress) -> Keyword {
        text.write(character: character)
        switch character {
        case UInt8(ascii: "("):
            switch progress.previous {
            case .in, .values: openList(closing: UInt8(ascii: ")"), mark: mark, after: progress.previous)
            case .currentSetting:
                nesting.open()
                return .settingName
            default: nesting.open()
            }
        case UInt8(ascii: "["):
            if progress.previous == .array {
                openList(closing: UInt8(ascii: "]"), mark: mark, after: progress.previous)
            } else {
                nesting.open()
            }
        case UInt8(ascii: ")"), UInt8(ascii: "]"):
            nesting.close()
        case UInt8(ascii: ","):
            nesting.sibling()
        case UInt8(ascii: ";"):
            nesting.endStatement()
        default: break
        }
        return character == UInt8(ascii: ".") ? .dot : .none
    }

    // MARK: - Lists

    private func openList(closing: UInt8, mark: Int, after previous: Keyword) {
        let before = nesting.mark
        let hasRoom = nesting.hasRoomForRows
        nesting.open()
        guard hasRoom else { return }
        let isRows = previous == .values
        if !list.isActive {
            list.begin(closing: closing, isRows: isRows, mark: mark, text, before)
        } else if !innerList.isActive {
            innerList.begin(closing: closing, isRows: isRows, mark: mark, text, before)
        }
    }

    private func prepareLists() {
        list.prepare(nesting)
        innerList.prepare(nesting)
    }

    private func followLists(
        _ token: StatementLexer.Token,
        _ lexer: borrowing StatementLexer,
        mark: Int,
        isInInnerList: Bool
    ) {
        if isInInnerList { innerList.follow(token, lexer, mark: mark, &text, &nesting) }
        list.follow(token, lexer, mark: mark, &text, &nesting)
    }
}
