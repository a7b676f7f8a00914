/// A cursor over one line of proxy.conf.
struct ConfigurationLine {
    struct SyntaxError: Error {
        let location: ConfigurationLocation
        let message: String
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private let path: String
    private let number: Int

    init(_ text: String, path: String, number: Int) {
        scalars = Array(text.unicodeScalars)
        self.path = path
        self.number = number
    }

    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    var location: ConfigurationLocation { .file(path: path, line: number, column: index + 1) }

    mutating func skipBlanks() { while let scalar = next, scalar.isBlank { index += 1 } }

    /// `[kind name]`; the name is empty where there is none, and may stand in single quotes.
    mutating func takeHeader() throws(SyntaxError) -> (kind: String, name: String) {
        index += 1
        skipBlanks()
        let kind = take(while: \.isNameCharacter)
        guard !kind.isEmpty else { throw problem("a section is [proxy], [node NAME], [database NAME] or [user NAME]") }
        skipBlanks()
        let nameLocation = location
        let name = next == "'" ? try takeQuoted() : take { $0 != "]" && $0 != "#" }.trimmed
        guard !name.unicodeScalars.contains(where: \.isControl) else {
            throw SyntaxError(location: nameLocation, message: "the section's name holds a control character")
        }
        skipBlanks()
        guard next == "]" else { throw problem("expected \"]\" at the end of the section's header") }
        index += 1
        try expectEnd(after: "the section's header")
        return (kind, name)
    }

    mutating func takeName() throws(SyntaxError) -> String {
        let name = take(while: \.isNameCharacter)
        guard !name.isEmpty else {
            throw problem("expected the name of a setting, not \(String(scalars[index]).quotedForMessage)")
        }
        return name
    }

    mutating func takeEquals(after name: String) throws(SyntaxError) {
        skipBlanks()
        guard next == "=" else { throw problem("expected \"=\" after \"\(name)\"") }
        index += 1
        skipBlanks()
    }

    /// A value in single quotes, or one without, up to a comment. Messages never show it: it may be a secret.
    mutating func takeValue(of name: String) throws(SyntaxError) -> String {
        if next == "'" {
            let value = try takeQuoted()
            try expectEnd(after: "the quoted value of \"\(name)\"; a quote inside is written twice")
            return value
        }
        let start = location
        var value = ""
        while let scalar = next {
            if scalar == "#" {
                // As a comment this would cut a password or a path short without a word.
                guard value.isEmpty || value.unicodeScalars.last?.isBlank == true else {
                    throw problem("put the value of \"\(name)\" in single quotes, or a blank before the comment")
                }
                break
            }
            guard scalar != "'" else {
                throw problem(
                    "put the whole value of \"\(name)\" in single quotes, with each quote inside written twice"
                )
            }
            value.unicodeScalars.append(scalar)
            index += 1
        }
        value = value.trimmed
        guard !value.isEmpty else {
            throw SyntaxError(location: start, message: "expected a value for \"\(name)\"; an empty one is written ''")
        }
        return value
    }

    private mutating func takeQuoted() throws(SyntaxError) -> String {
        let start = location
        index += 1
        var text = ""
        while let scalar = next {
            index += 1
            if scalar == "'" {
                guard next == "'" else { return text }
                index += 1
            }
            text.unicodeScalars.append(scalar)
        }
        throw SyntaxError(location: start, message: "the quote that begins here is not closed on this line")
    }

    private mutating func expectEnd(after what: String) throws(SyntaxError) {
        skipBlanks()
        guard next == nil || next == "#" else { throw problem("unexpected text after \(what)") }
    }

    private mutating func take(while belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = next, belongs(scalar) {
            text.unicodeScalars.append(scalar)
            index += 1
        }
        return text
    }

    private func problem(_ message: String) -> SyntaxError { SyntaxError(location: location, message: message) }
}
