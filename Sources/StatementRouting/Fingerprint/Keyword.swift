/// The words, and the one character, that the normalizer must tell from others.
enum Keyword: UInt8 {
    case none
    case `in`
    case values
    case array
    case uescape
    case `as`
    case and
    case or
    case `case`
    case when
    case then
    case `else`
    case end
    /// JOIN, UNION, INTERSECT, EXCEPT, BETWEEN: levels that no AND or comma ends.
    case join
    /// A word that puts one expression into another, as an operator does.
    case chainedOperator
    case dot
    /// The function.
    case currentSetting
    /// The bracket behind it: the name of a setting follows.
    case settingName

    /// - Parameter packed: the word's last eight bytes, lowercased, the last in the lowest place.
    @inline(__always)
    init(packed: UInt64, length: Int) {
        // Most words are not here and leave at the length.
        switch length {
        case 2:
            self = Self.ofTwo(packed)
        case 3:
            self = Self.ofThree(packed)
        case 4:
            self = Self.ofFour(packed)
        case 5...9:
            self = Self.ofMore(packed, length)
        case 15:
            self = packed == Self.pack("_setting") ? .currentSetting : .none
        default:
            self = .none
        }
    }

    @inline(__always)
    private static func ofTwo(_ packed: UInt64) -> Keyword {
        switch packed {
        case pack("in"): .in
        case pack("as"): .as
        case pack("or"): .or
        case pack("is"), pack("at"): .chainedOperator
        default: .none
        }
    }

    @inline(__always)
    private static func ofThree(_ packed: UInt64) -> Keyword {
        switch packed {
        case pack("and"): .and
        case pack("end"): .end
        case pack("not"): .chainedOperator
        default: .none
        }
    }

    @inline(__always)
    private static func ofFour(_ packed: UInt64) -> Keyword {
        switch packed {
        case pack("case"): .case
        case pack("when"): .when
        case pack("then"): .then
        case pack("else"): .else
        case pack("join"): .join
        case pack("like"): .chainedOperator
        default: .none
        }
    }

    private static func ofMore(_ packed: UInt64, _ length: Int) -> Keyword {
        switch (packed, length) {
        case (pack("values"), 6): .values
        case (pack("array"), 5): .array
        case (pack("uescape"), 7): .uescape
        case (pack("union"), 5), (pack("except"), 6), (pack("between"), 7), (pack("ntersect"), 9): .join
        case (pack("ilike"), 5), (pack("similar"), 7), (pack("isnull"), 6), (pack("notnull"), 7),
            (pack("collate"), 7), (pack("operator"), 8), (pack("overlaps"), 8):
            .chainedOperator
        default: .none
        }
    }

    @inline(__always)
    private static func pack(_ word: StaticString) -> UInt64 {
        var packed: UInt64 = 0
        for index in 0..<word.utf8CodeUnitCount { packed = packed << 8 | UInt64(word.utf8Start[index]) }
        return packed
    }
}
