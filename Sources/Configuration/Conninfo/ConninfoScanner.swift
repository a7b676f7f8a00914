/// The `keyword=value` form: blanks between pairs and around `=`, values in single quotes or not, `\` before any
/// character that is meant as itself (PostgreSQL documentation, 34.1.1.1).
struct ConninfoScanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    static func pairs(_ text: String) throws(Conninfo.ParseError) -> [ConninfoPair] {
        var pairs: [ConninfoPair] = []
        for (name, value) in try assignments(text) {
            let mayShow = pairs.last?.keyword != .password
            pairs.append(ConninfoPair(keyword: try .named(name, mayShow: mayShow), value: value))
        }
        return pairs
    }

    /// The pairs with whatever names they have.
    static func assignments(_ text: String) throws(Conninfo.ParseError) -> [(name: String, value: String)] {
        var scanner = ConninfoScanner(text)
        var pairs: [(name: String, value: String)] = []
        scanner.skipBlanks()
        while scanner.next != nil {
            let start = scanner.index + 1
            let name = scanner.take { !$0.isConninfoBlank && $0 != "=" }
            scanner.skipBlanks()
            guard scanner.next == "=", !name.isEmpty else {
                throw Conninfo.ParseError(
                    "expected keyword=value at character \(start); a value with blanks needs quotes"
                )
            }
            scanner.index += 1
            scanner.skipBlanks()
            pairs.append((name, scanner.next == "'" ? try scanner.takeQuoted() : scanner.takePlain()))
            scanner.skipBlanks()
        }
        return pairs
    }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func skipBlanks() { while let scalar = next, scalar.isConninfoBlank { index += 1 } }

    private mutating func take(while belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = next, belongs(scalar) {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        return text
    }

    private mutating func takePlain() -> String {
        var text = ""
        while let scalar = next, !scalar.isConninfoBlank {
            index += 1
            appendEscaped(scalar, to: &text)
        }
        return text
    }

    private mutating func takeQuoted() throws(Conninfo.ParseError) -> String {
        let start = index + 1
        index += 1
        var text = ""
        while let scalar = next {
            index += 1
            if scalar == "'" { return text }
            appendEscaped(scalar, to: &text)
        }
        throw Conninfo.ParseError("the quote at character \(start) is not closed")
    }

    private mutating func appendEscaped(_ scalar: Unicode.Scalar, to text: inout String) {
        guard scalar == "\\" else { return text.unicodeScalars.append(scalar) }
        if let escaped = next {
            text.unicodeScalars.append(escaped)
            index += 1
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isConninfoBlank: Bool { isBlank || self == "\n" || self == "\r" }
}
