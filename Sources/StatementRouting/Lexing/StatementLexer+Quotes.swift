import Glibc

/// Words, and all that stands between quotes: strings, identifiers, dollar quotes (PostgreSQL documentation, 4.1.1 and
/// 4.1.2).
extension StatementLexer {
    @inline(__always)
    mutating func wordOrPrefixedQuote(_ first: UInt8) -> Token {
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
    mutating func quoted(escapes: Bool, doubling: Bool = true, as token: Token) -> Token {
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

    mutating func identifier(as token: Token) -> Token {
        while position < count {
            let current = base[position]
            position += 1
            guard current == UInt8(ascii: "\"") else { continue }
            if byte(at: position) != current { return token }
            position += 1
        }
        return .unterminated
    }

    // MARK: - Dollars

    /// Goes on behind the dollar sign.
    mutating func dollar() -> Token {
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

    mutating func skipDollarQuote(_ delimiter: UnsafePointer<UInt8>, _ length: Int) -> Bool {
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
}
