/// Numbers and operators (PostgreSQL documentation, 4.1.2.6 and 4.1.3).
extension StatementLexer {
    mutating func number() -> Token {
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

    mutating func operatorRun() -> Token {
        repeat {
            position += 1
            let current = byte(at: position)
            if current == UInt8(ascii: "-") && byte(at: position + 1) == current { break }
            if current == UInt8(ascii: "/") && byte(at: position + 1) == UInt8(ascii: "*") { break }
        } while kind(at: position) & ByteTable.isOperator != 0
        return .operatorRun
    }
}
