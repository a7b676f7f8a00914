import Bytes
import StatementRouting

/// Where the text that a server was sent differs from the client's, in characters: positions in errors count those
/// (PostgreSQL documentation, 55.8).
struct ExchangedPlace: Equatable {
    /// In the client's text, from 0.
    let start: Int
    let size: Int
    /// In the server's.
    let newSize: Int

    static func places(_ replacements: [ProcessCalls.Replacement], in text: RawSpan) -> [ExchangedPlace] {
        var characters = 0
        var offset = 0
        func passed(to end: Int) -> Int {
            while offset < end {
                if text.byte(at: offset) & 0xC0 != 0x80 { characters += 1 }
                offset += 1
            }
            return characters
        }
        return replacements.map { replacement in
            let start = passed(to: replacement.range.lowerBound)
            let size = passed(to: replacement.range.upperBound) - start
            // What is put in is ASCII, but for the name of a role.
            let newSize = replacement.bytes.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
            return ExchangedPlace(start: start, size: size, newSize: newSize)
        }
    }

    /// A position in the client's text, for one in the server's; both count from 1.
    static func position(_ position: Int, _ places: [ExchangedPlace]) -> Int {
        var moved = position
        for place in places {
            if moved <= place.start { break }
            if moved <= place.start + place.newSize { return place.start + 1 }
            moved = moved &- place.newSize &+ place.size
        }
        return moved
    }
}
