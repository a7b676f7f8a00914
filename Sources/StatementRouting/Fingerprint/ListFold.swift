/// Where the normalizer stands in a list behind IN or ARRAY, or in the rows of VALUES.
///
/// A class hangs on what stands in such a list, not on how often. So each literal in it becomes 1, an element or a row
/// that repeats an earlier one is left out, and a list or row of nothing but literals becomes one of one. Tokens come
/// one at a time and nothing is looked at twice: a list may be of any length, and may come in parts.
struct ListFold: BitwiseCopyable {
    private enum Place: UInt8, BitwiseCopyable {
        case none
        /// Inside the brackets.
        case element
        /// Behind a row of VALUES.
        case betweenRows
        /// Behind a comma there.
        case nextRow
    }

    /// What the element at hand has been so far.
    private enum Element: UInt8, BitwiseCopyable {
        case empty
        case sign
        case literal
        /// Literals in brackets, `(1, 2)`, are one of a list.
        case row
        case rowSign
        case rowLiteral
        case other

        mutating func meetSign() {
            switch self {
            case .empty: self = .sign
            case .row: self = .rowSign
            case .sign, .literal, .rowSign, .rowLiteral, .other: self = .other
            }
        }

        mutating func meetLiteral(isNumber: Bool) {
            switch self {
            case .empty: self = .literal
            case .row: self = .rowLiteral
            case .sign: self = isNumber ? .literal : .other
            case .rowSign: self = isNumber ? .rowLiteral : .other
            case .literal, .rowLiteral, .other: self = .other
            }
        }
    }

    /// Different elements, or rows, of one list that are remembered.
    private static let mostShapes = 8

    private var place = Place.none
    private var isRows = false
    private var closing: UInt8 = 0
    /// Brackets open in the element.
    private var depth = 0
    private var element = Element.empty
    private var isAllLiteral = true
    /// Where in the text the list or the row begins, where the element, and where is cut off what repeats another.
    private var listMark = 0
    private var elementMark = 0
    private var cutMark = 0
    private var nestingOfList = NestingBound.Mark()
    private var nestingOfCut = NestingBound.Mark()
    private var shapes = InlineArray<8, Shape>(repeating: Shape(start: 0, end: 0))
    private var shapeCount = 0

    private struct Shape: BitwiseCopyable {
        var start: Int32
        var end: Int32
    }

    @inline(__always)
    var isActive: Bool { place != .none }

    mutating func reset() { place = .none }

    /// An opening bracket behind IN, ARRAY or VALUES has been written at `mark`.
    /// - Parameter nesting: in front of the bracket.
    mutating func begin(
        closing: UInt8,
        isRows: Bool,
        mark: Int,
        _ text: borrowing FoldedText,
        _ nesting: NestingBound.Mark
    ) {
        self.closing = closing
        self.isRows = isRows
        shapeCount = 0
        cutMark = mark
        nestingOfCut = nesting
        open(mark: mark, text, nesting)
    }

    private mutating func open(mark: Int, _ text: borrowing FoldedText, _ nesting: NestingBound.Mark) {
        place = .element
        depth = 0
        element = .empty
        isAllLiteral = true
        listMark = mark
        elementMark = text.count
        nestingOfList = nesting
    }

    /// A token is about to be written and noted.
    @inline(__always)
    mutating func prepare(_ nesting: borrowing NestingBound) {
        if place == .betweenRows { nestingOfCut = nesting.mark }
    }

    /// A token has been written at `mark`, and noted.
    mutating func follow(
        _ token: StatementLexer.Token,
        _ lexer: borrowing StatementLexer,
        mark: Int,
        _ text: inout FoldedText,
        _ nesting: inout NestingBound
    ) {
        let character = token == .character ? lexer.character : 0
        switch place {
        case .none: break
        case .betweenRows:
            place = character == UInt8(ascii: ",") ? .nextRow : .none
            cutMark = mark
        case .nextRow:
            if character == UInt8(ascii: "(") {
                open(mark: mark, text, nestingOfCut)
            } else {
                place = .none
            }
        case .element:
            if token == .character {
                follow(character, mark: mark, &text, &nesting)
            } else {
                meet(token, lexer)
            }
        }
    }

    private mutating func meet(_ token: StatementLexer.Token, _ lexer: borrowing StatementLexer) {
        switch token {
        case .number: element.meetLiteral(isNumber: true)
        case .string, .nationalString, .parameter, .bitString, .hexString: element.meetLiteral(isNumber: false)
        case .operatorRun:
            if lexer.isSign { element.meetSign() } else { element = .other }
        case .word:
            if lexer.isLiteralWord {
                return element.meetLiteral(isNumber: false)
            }
            // The commas of a query separate no elements.
            if element == .empty, lexer.isQueryWord { place = .none }
            element = .other
        default: element = .other
        }
    }

    private mutating func follow(
        _ character: UInt8,
        mark: Int,
        _ text: inout FoldedText,
        _ nesting: inout NestingBound
    ) {
        switch character {
        case UInt8(ascii: "("), UInt8(ascii: "["):
            element = element == .empty && !isRows && character == UInt8(ascii: "(") ? .row : .other
            depth += 1
        case closing where depth == 0:
            endElement(mark: mark, &text)
            endList(&text, &nesting)
        case UInt8(ascii: ")"), UInt8(ascii: "]"):
            depth -= 1
            element = element == .rowLiteral && depth == 0 && character == UInt8(ascii: ")") ? .literal : .other
            if depth < 0 { place = .none }
        case UInt8(ascii: ",") where depth == 0:
            endElement(mark: mark, &text)
            if !isRows { cutMark = text.count }
            text.write(", ")
            elementMark = text.count
            element = .empty
        case UInt8(ascii: ",") where element == .rowLiteral:
            element = .row
        default:
            element = .other
        }
    }

    /// Takes back the separator at `mark`, and the element in front of it where that is nothing new.
    private mutating func endElement(mark: Int, _ text: inout FoldedText) {
        text.count = mark
        if element == .literal {
            text.count = elementMark
            text.write("1 ")
        } else {
            isAllLiteral = false
        }
        if !isRows, isKnown(elementMark, text) { text.count = cutMark }
    }

    private mutating func endList(_ text: inout FoldedText, _ nesting: inout NestingBound) {
        if isAllLiteral {
            text.count = listMark
            nesting.restore(nestingOfList)
            text.write(closing == UInt8(ascii: "]") ? "[1 ] " : "(1 ) ")
        } else {
            text.write(character: closing)
        }
        guard isRows else {
            place = .none
            return
        }
        place = .betweenRows
        if isKnown(listMark, text) {
            text.count = cutMark
            nesting.restore(nestingOfCut)
        }
    }

    /// Whether what has been written from `start` on has been met in this list; if not it is remembered.
    private mutating func isKnown(_ start: Int, _ text: borrowing FoldedText) -> Bool {
        let range = start..<text.count
        for index in 0..<shapeCount
        where text.isEqual(range, Int(shapes[index].start)..<Int(shapes[index].end)) {
            return true
        }
        if shapeCount < Self.mostShapes {
            shapes[shapeCount] = Shape(start: Int32(range.lowerBound), end: Int32(range.upperBound))
            shapeCount += 1
        }
        return false
    }
}

extension StatementLexer {
    fileprivate var isSign: Bool {
        end - start == 1 && (character == UInt8(ascii: "-") || character == UInt8(ascii: "+"))
    }

    fileprivate var isLiteralWord: Bool { isWord("null") || isWord("true") || isWord("false") || isWord("default") }

    /// Whether the last token, a word, begins a query.
    fileprivate var isQueryWord: Bool { isWord("select") || isWord("with") || isWord("values") || isWord("table") }
}
