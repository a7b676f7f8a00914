/// Facts about single bytes, as PostgreSQL's lexer sees them (PostgreSQL documentation, 4.1).
enum ByteTable {
    static let isSpace: UInt8 = 1
    /// Begins an identifier or keyword: a letter, an underscore, or any byte above 0x7F.
    static let beginsWord: UInt8 = 2
    /// Continues an identifier: also digits and the dollar sign.
    static let continuesWord: UInt8 = 4
    static let isDigit: UInt8 = 8
    static let isOperator: UInt8 = 16
    static let isHexDigit: UInt8 = 32
    /// Continues a dollar quote's tag: as a word, but without the dollar sign.
    static let continuesTag: UInt8 = 64

    /// A set of the bits above for each byte. Never freed.
    nonisolated(unsafe) static let kinds: UnsafePointer<UInt8> = makeTable { byte in
        var bits: UInt8 = 0
        switch byte {
        case 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20: bits |= isSpace
        case UInt8(ascii: "0")...UInt8(ascii: "9"): bits |= isDigit | isHexDigit | continuesWord | continuesTag
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"),
            0x80...0xFF:
            bits |= beginsWord | continuesWord | continuesTag
        case UInt8(ascii: "$"): bits |= continuesWord
        default: break
        }
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"): bits |= isHexDigit
        default: break
        }
        if "~!@#^&|`?+-*/%<>=".utf8.contains(byte) { bits |= isOperator }
        return bits
    }

    /// ASCII capitals folded, every other byte itself. Never freed.
    nonisolated(unsafe) static let lowercased: UnsafePointer<UInt8> = makeTable { byte in
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    private static func makeTable(_ value: (UInt8) -> UInt8) -> UnsafePointer<UInt8> {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for byte in 0...255 { table[byte] = value(UInt8(byte)) }
        return UnsafePointer(table)
    }
}
