/// Texts that are not at hand as a whole: tokens up to where what follows has a say in them, and going on in the middle
/// of one in the next part.
extension StatementLexer {
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
}
