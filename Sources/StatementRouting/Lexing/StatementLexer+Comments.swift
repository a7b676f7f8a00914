/// Space and comments, which are passed over, and the hints in them.
extension StatementLexer {
    /// False where a block comment has no end.
    @inline(__always)
    mutating func skipSpaceAndComments() -> Bool {
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
    mutating func skipBlockComment(depth: Int, noting body: Int?) -> Bool {
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
        func consume(_ word: StaticString) -> Bool {
            guard to - index >= word.utf8CodeUnitCount else { return false }
            for offset in 0..<word.utf8CodeUnitCount
            where ByteTable.lowercased[Int(base[index + offset])] != word.utf8Start[offset] {
                return false
            }
            index += word.utf8CodeUnitCount
            return true
        }
        skipSpace()
        guard consume("howdah") else { return }
        skipSpace()
        guard consume(":") else { return }
        skipSpace()
        let found: RouteHint
        if consume("primary") {
            found = .primary
        } else if consume("replica") {
            found = .replica
        } else {
            return
        }
        skipSpace()
        if index == to, found.rawValue > hint.rawValue { hint = found }
    }
}
