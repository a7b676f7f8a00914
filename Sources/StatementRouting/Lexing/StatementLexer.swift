/// Cuts a text into tokens exactly where PostgreSQL's lexer does (PostgreSQL documentation, 4.1), without looking into
/// literals. Comments are passed over; a hint in one is kept.
///
/// Reads `count` bytes at `base` and nothing else; the memory must outlive the lexer. A copy is a place to come back
/// to.
///
/// What a token begins with is seen here; how it goes on is told by the kind of token in this file's neighbours, which
/// alone set the properties: comments and hints, quotes, numbers and operators, and texts that come in parts.
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
    var inside = Inside.nothing
    /// A look ahead has reached the end of the bytes.
    var hasMetEnd = false
    /// Where the next token is looked for.
    var position = 0
    /// Where the last token begins and, exclusively, ends.
    var start = 0
    var end: Int { position }
    var hint = RouteHint.none

    let kinds = ByteTable.kinds

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
    func byte(at index: Int) -> UInt8 {
        index < count ? base[index] : 0
    }

    @inline(__always)
    func kind(at index: Int) -> UInt8 {
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
}
