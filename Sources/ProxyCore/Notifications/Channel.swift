/// The name of a notification channel, as servers compare it: an identifier, folded already, in the encoding of the
/// database.
struct Channel: Hashable, Comparable {
    let name: String

    /// Identifiers are cut at this length (PostgreSQL documentation, 4.1.1), between two characters.
    private static let maximumBytes = 63

    init(_ name: String) {
        guard name.utf8.count > Self.maximumBytes else {
            self.name = name
            return
        }
        var end = name.utf8.startIndex
        var size = 0
        for scalar in name.unicodeScalars {
            let next = size + UTF8.width(scalar)
            if next > Self.maximumBytes { break }
            size = next
            end = name.utf8.index(end, offsetBy: UTF8.width(scalar))
        }
        self.name = String(name[..<end])
    }

    /// As a statement names it.
    var quoted: String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    static func < (left: Channel, right: Channel) -> Bool { left.name < right.name }
}
