import Glibc

/// Cuts a text into tokens exactly where PostgreSQL's lexer does (PostgreSQL documentation, 4.1), without looking into
/// literals. Comments are passed over; a hint in one is kept.
///
/// Reads `count` bytes at `base` and nothing else; the memory must outlive the lexer. A copy is a place to come back
/// to.
struct StatementLexer {
    enum Token: UInt8 {
        case end
        /// Keyword or unquoted identifier.
        case word
        /// "…"
        case quotedIdentifier
        /// U&"…"
        case unicodeIdentifier
        /// '…', E'…' or $tag$…$tag$
        case string
        /// U&'…'
        case unicodeString
        /// N'…'
        case nationalString
        /// B'…'
        case bitString
        /// X'…'
        case hexString
        case number
        /// $1
        case parameter
        /// A run of operator characters up to a comment, or `:=`. PostgreSQL may see several operators in a run.
        case operatorRun
        /// ::
        case typecast
        /// One of ( ) [ ] , ; . : or any byte that begins nothing else.
        case character
        /// A quote or comment without an end: PostgreSQL refuses the whole text.
        case unterminated
        /// Only of a text of which a part is at hand (`isLast` is false): its end may be elsewhere.
        case more
    }

    /// What a part of a text may end in, and the next part goes on with.
    enum Inside: Equatable, BitwiseCopyable {
        case nothing
        case string(escapes: Bool, doubling: Bool, token: Token)
        case blockComment(depth: Int)
        case lineComment
        /// So many bytes of the delimiter, both dollar signs included, stand in front of each part.
        case dollarQuote(delimiter: Int)

        /// Bytes at the front of a part that are to stay there for the next.
        var keptBytes: Int {
            if case .dollarQuote(let delimiter) = self { return delimiter }
            return 0
        }
    }

    let base: UnsafePointer<UInt8>
    let count: Int
    let backslashEscapes: Bool
    /// Whether the text ends with these bytes.
    let isLast: Bool
    /// What the first byte is in the middle of.
    private(set) var inside = Inside.nothing
    /// A look ahead has reached the end of the bytes.
    private var hasMetEnd = false
    /// Where the next token is looked for.
    private(set) var position = 0
    /// Where the last token begins and, exclusively, ends.
    private(set) var start = 0
    var end: Int { position }
    private(set) var hint = RouteHint.none

    private let kinds = ByteTable.kinds

    /// - Parameters:
    ///   - isLast: false where more of the text follows; then tokens are asked for with `nextWhole`.
    ///   - inside: what the part before has ended in.
    ///   - hint: what the parts before have told.
    init(
        base: UnsafePointer<UInt8>,
        count: Int,
        standardConformingStrings: Bool,
        isLast: Bool = true,
        inside: Inside = .nothing,
        hint: RouteHint = .none
    ) {
        self.base = base
        self.count = count
        backslashEscapes = !standardConformingStrings
        self.isLast = isLast
        self.inside = inside
        self.hint = hint
        position = inside.keptBytes
    }

    @inline(__always)
    private func byte(at index: Int) -> UInt8 {
        index < count ? base[index] : 0
    }

    @inline(__always)
    private func kind(at index: Int) -> UInt8 {
        index < count ? kinds[Int(base[index])] : 0
    }

    /// The character of a `.character` token.
    @inline(__always)
    var character: UInt8 { base[start] }

    /// Whether the last token is this word, which is given in small letters.
    func isWord(_ word: StaticString) -> Bool {
        guard end - start == word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount
        where ByteTable.lowercased[Int(base[start + index])] != word.utf8Start[index] {
            return false
        }
        return true
    }

    mutating func next() -> Token {
        guard skipSpaceAndComments() else { return .unterminated }
        start = position
        guard position < count else { return .end }
        let first = base[position]
        let bits = kinds[Int(first)]
        if bits & ByteTable.beginsWord != 0 { return wordOrPrefixedQuote(first) }
        if bits & ByteTable.isDigit != 0 { return number() }
        if bits & ByteTable.isOperator != 0 { return operatorRun() }
        position += 1
        switch first {
        case UInt8(ascii: "'"):
            return quoted(escapes: backslashEscapes, as: .string)
        case UInt8(ascii: "\""):
            return identifier(as: .quotedIdentifier)
        case UInt8(ascii: "$"):
            return dollar()
        case UInt8(ascii: ".") where kind(at: position) & ByteTable.isDigit != 0:
            position -= 1
            return number()
        case UInt8(ascii: ":") where byte(at: position) == UInt8(ascii: ":"):
            position += 1
            return .typecast
        case UInt8(ascii: ":") where byte(at: position) == UInt8(ascii: "="):
            position += 1
            return .operatorRun
        default:
            return .character
        }
    }

    // MARK: - Parts of a text

    /// So many bytes behind a token have a say in where it ends, beside what `hasMetEnd` tells of.
    private static let lookahead = 4

    /// The next token of a text that may go on behind these bytes: `more` where what follows has a say in it. Then
    /// `position` is where it begins, behind what space and comments are over.
    mutating func nextWhole() -> Token {
        if inside != .nothing { return goOn() }
        guard !isLast else { return next() }
        var before = self
        hasMetEnd = false
        let isComplete = skipSpaceAndComments()
        if isComplete, position < count {
            before = self
            let token = next()
            if token != .unterminated, !hasMetEnd, count - position >= Self.lookahead { return token }
        }
        self = before
        return .more
    }

    /// The bytes are all that can be at hand at once, and the token at their very front, or the comment, is longer:
    /// passes over its beginning, so that the next part goes on inside of it.
    /// - Returns: false where it is no quote and no comment.
    mutating func enter() -> Bool {
        let first = byte(at: position)
        let second = byte(at: position + 1)
        if kinds[Int(first)] & ByteTable.isSpace != 0 {
            while position < count, kinds[Int(base[position])] & ByteTable.isSpace != 0 { position += 1 }
            return true
        }
        if first == UInt8(ascii: "-"), second == first {
            inside = .lineComment
            position += 2
        } else if first == UInt8(ascii: "/"), second == UInt8(ascii: "*") {
            inside = .blockComment(depth: 1)
            position += 2
        } else if first == UInt8(ascii: "$") {
            var tagEnd = position + 1
            while kind(at: tagEnd) & ByteTable.continuesTag != 0 { tagEnd += 1 }
            guard byte(at: tagEnd) == first else { return false }
            inside = .dollarQuote(delimiter: tagEnd + 1)
            position = tagEnd + 1
        } else {
            return enterString(first, second)
        }
        return true
    }

    private mutating func enterString(_ first: UInt8, _ second: UInt8) -> Bool {
        let quote = UInt8(ascii: "'")
        if first == quote {
            inside = .string(escapes: backslashEscapes, doubling: true, token: .string)
            position += 1
        } else if second == quote {
            switch first | 0x20 {
            case UInt8(ascii: "e"): inside = .string(escapes: true, doubling: true, token: .string)
            case UInt8(ascii: "n"): inside = .string(escapes: backslashEscapes, doubling: true, token: .nationalString)
            case UInt8(ascii: "b"): inside = .string(escapes: false, doubling: false, token: .bitString)
            case UInt8(ascii: "x"): inside = .string(escapes: false, doubling: false, token: .hexString)
            default: return false
            }
            position += 2
        } else if first | 0x20 == UInt8(ascii: "u"), second == UInt8(ascii: "&"), byte(at: position + 2) == quote {
            inside = .string(escapes: false, doubling: true, token: .unicodeString)
            position += 3
        } else {
            return false
        }
        return true
    }

    /// Goes on in the middle of a quote or comment; what `more` leaves is where the next part goes on.
    private mutating func goOn() -> Token {
        start = position
        hasMetEnd = false
        switch inside {
        case .nothing: return nextWhole()
        case .lineComment:
            while position < count, base[position] != 0x0A, base[position] != 0x0D { position += 1 }
            if position == count { return isLast ? .end : .more }
        case .blockComment(let depth):
            guard skipBlockComment(depth: depth, noting: nil) else { return isLast ? .unterminated : .more }
        case .dollarQuote(let delimiter):
            guard skipDollarQuote(base, delimiter) else { return isLast ? .unterminated : .more }
            inside = .nothing
            return .string
        case .string(let escapes, let doubling, let token):
            let found = quoted(escapes: escapes, doubling: doubling, as: token)
            if !isLast {
                if found == .unterminated { return .more }
                if hasMetEnd {
                    // Whether that is its end shows only behind the space that follows: the quote is looked at again.
                    position -= 1
                    return .more
                }
            }
            inside = .nothing
            return found
        }
        inside = .nothing
        return nextWhole()
    }

    // MARK: - Space and comments

    /// False where a block comment has no end.
    @inline(__always)
    private mutating func skipSpaceAndComments() -> Bool {
        while position < count {
            let first = base[position]
            if kinds[Int(first)] & ByteTable.isSpace != 0 {
                position += 1
            } else if first == UInt8(ascii: "-") && byte(at: position + 1) == first {
                skipLineComment()
            } else if first == UInt8(ascii: "/") && byte(at: position + 1) == UInt8(ascii: "*") {
                guard skipBlockComment() else { return false }
            } else {
                return true
            }
        }
        return true
    }

    private mutating func skipLineComment() {
        let body = position + 2
        position = body
        // A carriage return ends the comment as well as a newline does.
        while position < count, base[position] != 0x0A, base[position] != 0x0D { position += 1 }
        noteHint(from: body, to: position)
    }

    private mutating func skipBlockComment() -> Bool {
        let body = position + 2
        position = body
        return skipBlockComment(depth: 1, noting: body)
    }

    /// Goes on inside a block comment.
    /// - Parameter body: where it began, if it may be a hint.
    private mutating func skipBlockComment(depth: Int, noting body: Int?) -> Bool {
        var depth = depth
        while position + 1 < count {
            let pair = (base[position], base[position + 1])
            if pair == (UInt8(ascii: "*"), UInt8(ascii: "/")) {
                position += 2
                depth -= 1
                if depth == 0 {
                    if let body { noteHint(from: body, to: position - 2) }
                    return true
                }
            } else if pair == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
                position += 2
                depth += 1
            } else {
                position += 1
            }
        }
        if isLast {
            position = count
        } else if inside != .nothing {
            inside = .blockComment(depth: depth)
        }
        return false
    }

    private mutating func noteHint(from: Int, to: Int) {
        var index = from
        func skipSpace() {
            while index < to, kinds[Int(base[index])] & ByteTable.isSpace != 0 { index += 1 }
        }
        func take(_ word: StaticString) -> Bool {
            guard to - index >= word.utf8CodeUnitCount else { return false }
            for offset in 0..<word.utf8CodeUnitCount
            where ByteTable.lowercased[Int(base[index + offset])] != word.utf8Start[offset] {
                return false
            }
            index += word.utf8CodeUnitCount
            return true
        }
        skipSpace()
        guard take("howdah") else { return }
        skipSpace()
        guard take(":") else { return }
        skipSpace()
        let found: RouteHint
        if take("primary") {
            found = .primary
        } else if take("replica") {
            found = .replica
        } else {
            return
        }
        skipSpace()
        if index == to, found.rawValue > hint.rawValue { hint = found }
    }

    // MARK: - Words and quotes

    @inline(__always)
    private mutating func wordOrPrefixedQuote(_ first: UInt8) -> Token {
        let second = byte(at: position + 1)
        if second == UInt8(ascii: "'") {
            switch first | 0x20 {
            case UInt8(ascii: "e"):
                position += 2
                return quoted(escapes: true, as: .string)
            case UInt8(ascii: "n"):
                position += 2
                return quoted(escapes: backslashEscapes, as: .nationalString)
            case UInt8(ascii: "b"):
                position += 2
                return quoted(escapes: false, doubling: false, as: .bitString)
            case UInt8(ascii: "x"):
                position += 2
                return quoted(escapes: false, doubling: false, as: .hexString)
            default: break
            }
        } else if second == UInt8(ascii: "&"), first | 0x20 == UInt8(ascii: "u") {
            let third = byte(at: position + 2)
            if third == UInt8(ascii: "'") {
                position += 3
                return quoted(escapes: false, as: .unicodeString)
            }
            if third == UInt8(ascii: "\"") {
                position += 3
                return identifier(as: .unicodeIdentifier)
            }
        }
        position += 1
        while position < count, kinds[Int(base[position])] & ByteTable.continuesWord != 0 { position += 1 }
        return .word
    }

    /// Goes on behind the opening quote, to the end of the literal and of the pieces that continue it.
    ///
    /// - Parameter doubling: whether two quotes stand for one; in B'…' and X'…' the second begins another literal.
    private mutating func quoted(escapes: Bool, doubling: Bool = true, as token: Token) -> Token {
        while position < count {
            let current = base[position]
            position += 1
            if current == UInt8(ascii: "\\") && escapes {
                if position == count, !isLast {
                    // What it escapes is to come.
                    position -= 1
                    return .unterminated
                }
                position += 1
            } else if current == UInt8(ascii: "'") {
                if doubling && byte(at: position) == UInt8(ascii: "'") {
                    position += 1
                } else if let next = continuation() {
                    position = next
                } else {
                    return token
                }
            }
        }
        position = count
        return .unterminated
    }

    /// Behind the opening quote of a piece that continues the literal that ends here: one that follows after white
    /// space with a newline in it (PostgreSQL documentation, 4.1.2.1). Line comments may stand between, block
    /// comments not.
    private mutating func continuation() -> Int? {
        var index = position
        var newline = false
        while index < count {
            let current = base[index]
            if current == 0x0A || current == 0x0D {
                newline = true
                index += 1
            } else if kinds[Int(current)] & ByteTable.isSpace != 0 {
                index += 1
            } else if current == UInt8(ascii: "-") && byte(at: index + 1) == current {
                while index < count, base[index] != 0x0A, base[index] != 0x0D { index += 1 }
            } else {
                return newline && current == UInt8(ascii: "'") ? index + 1 : nil
            }
        }
        hasMetEnd = true
        return nil
    }

    private mutating func identifier(as token: Token) -> Token {
        while position < count {
            let current = base[position]
            position += 1
            guard current == UInt8(ascii: "\"") else { continue }
            if byte(at: position) != current { return token }
            position += 1
        }
        return .unterminated
    }

    // MARK: - Dollars, numbers, operators

    /// Goes on behind the dollar sign.
    private mutating func dollar() -> Token {
        if kind(at: position) & ByteTable.isDigit != 0 {
            while kind(at: position) & ByteTable.isDigit != 0 { position += 1 }
            return .parameter
        }
        var tagEnd = position
        if kind(at: tagEnd) & ByteTable.beginsWord != 0 {
            while kind(at: tagEnd) & ByteTable.continuesTag != 0 { tagEnd += 1 }
        }
        guard byte(at: tagEnd) == UInt8(ascii: "$") else {
            if tagEnd >= count { hasMetEnd = true }
            return .character
        }
        position = tagEnd + 1
        // From one dollar sign to the other, both included.
        return skipDollarQuote(base + start, tagEnd + 1 - start) ? .string : .unterminated
    }

    private mutating func skipDollarQuote(_ delimiter: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        while position < count, let found = memchr(base + position, Int32(UInt8(ascii: "$")), count - position) {
            let place = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
            if count - place >= length {
                if memcmp(base + place, delimiter, length) == 0 {
                    position = place + length
                    return true
                }
            } else if !isLast {
                // The rest of it may be to come.
                position = place
                return false
            }
            position = place + 1
        }
        position = count
        return false
    }

    private mutating func number() -> Token {
        if base[position] == UInt8(ascii: "0"), radixLiteral() { return .number }
        digits()
        if byte(at: position) == UInt8(ascii: "."), byte(at: position + 1) != UInt8(ascii: ".") {
            position += 1
            digits()
        }
        if byte(at: position) | 0x20 == UInt8(ascii: "e") {
            var exponent = position + 1
            if byte(at: exponent) == UInt8(ascii: "+") || byte(at: exponent) == UInt8(ascii: "-") { exponent += 1 }
            if kind(at: exponent) & ByteTable.isDigit != 0 {
                position = exponent
                digits()
            }
        }
        return .number
    }

    /// Digits, with single underscores between them (PostgreSQL 16 and later).
    @inline(__always)
    private mutating func digits() {
        while true {
            if kind(at: position) & ByteTable.isDigit != 0 {
                position += 1
            } else if byte(at: position) == UInt8(ascii: "_"), position > start,
                kind(at: position + 1) & ByteTable.isDigit != 0
            {
                position += 2
            } else {
                return
            }
        }
    }

    /// 0x1F, 0o17 and 0b11 (PostgreSQL 16 and later), where nothing of a word follows.
    private mutating func radixLiteral() -> Bool {
        switch byte(at: position + 1) | 0x20 {
        case UInt8(ascii: "x"), UInt8(ascii: "o"), UInt8(ascii: "b"): break
        default: return false
        }
        var index = position + 2
        let first = index
        while kind(at: index) & ByteTable.isHexDigit != 0 || byte(at: index) == UInt8(ascii: "_") { index += 1 }
        guard index > first, kind(at: index) & ByteTable.continuesWord == 0 else { return false }
        position = index
        return true
    }

    private mutating func operatorRun() -> Token {
        repeat {
            position += 1
            let current = byte(at: position)
            if current == UInt8(ascii: "-") && byte(at: position + 1) == current { break }
            if current == UInt8(ascii: "/") && byte(at: position + 1) == UInt8(ascii: "*") { break }
        } while kind(at: position) & ByteTable.isOperator != 0
        return .operatorRun
    }
}
