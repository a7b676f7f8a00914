/// Messages that came in one after the other.
struct WireReply: CustomStringConvertible {
    let messages: [WireMessage]

    /// The messages' types, as letters.
    var shape: String { String(messages.map { Character(UnicodeScalar($0.tag)) }) }
    /// Without ParameterStatus and notices, which may come in between.
    var plainShape: String {
        String(messages.filter { !$0.is("S") && !$0.is("N") }.map { Character(UnicodeScalar($0.tag)) })
    }
    var rows: [[String?]] { messages.filter { $0.is("D") }.map(\.texts) }
    /// The first column of the first row; a description of the whole where there is none, so that a comparison shows
    /// it.
    var value: String { rows.first?.first.map { $0 ?? "NULL" } ?? "\(self)" }
    var errors: [WireMessage] { messages.filter { $0.is("E") } }
    /// The SQLSTATE of the first error; empty where there is none.
    var state: String { errors.first?.state ?? "" }
    var tags: [String] { messages.filter { $0.is("C") }.compactMap(\.strings.first) }
    /// The transaction status of the last ReadyForQuery.
    var status: Character {
        messages.last { $0.is("Z") }?.body.first.map { Character(UnicodeScalar($0)) } ?? "?"
    }
    var description: String { messages.map(\.description).joined(separator: " ") }
}
