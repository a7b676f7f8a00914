/// A word of the model's SQL.
enum ModelToken: Equatable {
    case word(String)
    case string(String)
    case number(Int)
    case parameter(Int)
    case symbol(Character)

    /// nil where a quotation does not end.
    static func split(_ text: String) -> [ModelToken]? {
        var tokens: [ModelToken] = []
        var rest = Array(text)[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "/", rest.dropFirst().first == "*" {
                guard let end = rest.dropFirst(2).firstIndex(of: "/") else { return nil }
                rest = rest[(end + 1)...]
            } else if first == "'" || first == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: first) else { return nil }
                let inner = String(rest[..<end])
                tokens.append(first == "'" ? .string(inner) : .word(inner))
                rest = rest[(end + 1)...]
            } else if first == "$" {
                rest.removeFirst()
                let digits = rest.prefix { $0.isNumber }
                tokens.append(.parameter(Int(String(digits)) ?? 0))
                rest = rest.dropFirst(digits.count)
            } else if first.isLetter || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                tokens.append(.word(String(word).lowercased()))
                rest = rest.dropFirst(word.count)
            } else if first.isNumber {
                let digits = rest.prefix { $0.isNumber }
                tokens.append(.number(Int(String(digits)) ?? 0))
                rest = rest.dropFirst(digits.count)
            } else {
                tokens.append(.symbol(first))
                rest.removeFirst()
            }
        }
        return tokens
    }
}
