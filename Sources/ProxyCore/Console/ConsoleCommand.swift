/// One command for the admin console.
struct ConsoleCommand: Equatable {
    let verb: ConsoleVerb
    /// A node or a database.
    let argument: String?

    init(_ verb: ConsoleVerb, _ argument: String? = nil) {
        self.verb = verb
        self.argument = argument
    }

    /// All of them, for a hint.
    static let list = ConsoleVerb.allCases.map(\.usage).joined(separator: ", ")

    /// - Returns: nil for a text that is none of them.
    init?(_ text: String) {
        guard let words = Self.words(of: text) else { return nil }
        for verb in ConsoleVerb.allCases {
            let own = verb.words.split(separator: " ").map(String.init)
            guard words.count >= own.count, zip(words, own).allSatisfy({ $0.uppercased() == $1 }) else { continue }
            let rest = Array(words.dropFirst(own.count))
            guard Self.fits(rest, verb) else { return nil }
            self.init(verb, rest.last)
            return
        }
        return nil
    }

    /// Whether the words behind a verb are its argument, which is the last of them.
    private static func fits(_ words: [String], _ verb: ConsoleVerb) -> Bool {
        switch verb.argument {
        case .none: words.isEmpty
        case .required: words.count == 1
        case .optional(nil): words.count <= 1
        case .optional(let keyword?): words.isEmpty || words.count == 2 && words[0].uppercased() == keyword
        }
    }

    /// Words between spaces; a name may stand in double quotes, in which two stand for one. nil where a quote has no
    /// end.
    private static func words(of text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in text {
            if character == "\"" {
                // The second of two quotes inside.
                if !isQuoted, word != nil { word?.append("\"") }
                isQuoted.toggle()
                word = word ?? ""
            } else if !isQuoted, character.isWhitespace || character == ";" {
                if let finished = word { words.append(finished) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if isQuoted { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}
