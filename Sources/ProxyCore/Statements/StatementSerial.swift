/// The number under which servers know an interned statement; never given twice in a worker's life, so that a name
/// cannot come to mean another text.
struct StatementSerial: Hashable, BitwiseCopyable {
    let rawValue: UInt64

    static let none = StatementSerial(rawValue: 0)
    /// Of a server's unnamed statement: there may be one, and nobody may meet it.
    static let unknown = StatementSerial(rawValue: .max)

    /// The length of every server-side name, its terminating zero included: `howdah_` and ten hexadecimal digits.
    static let nameSize = 18

    /// Whether a name is of the form that the proxy gives.
    static func isName(_ name: String) -> Bool { name.utf8.count == nameSize - 1 && name.hasPrefix("howdah_") }

    /// Where in a message's body a name of that form stands, from `start` on, and which serial it has.
    static func find(in body: RawSpan, from start: Int = 0) -> (range: Range<Int>, serial: StatementSerial)? {
        let size = nameSize &- 1
        var offset = start
        while offset &+ size <= body.byteCount {
            if body.byte(at: offset) == UInt8(ascii: "h"), let serial = read(body, at: offset) {
                return (offset..<offset &+ size, serial)
            }
            offset &+= 1
        }
        return nil
    }

    static func isNamed(in body: RawSpan) -> Bool { find(in: body) != nil }

    private static func read(_ body: RawSpan, at offset: Int) -> StatementSerial? {
        let prefix: StaticString = "howdah_"
        for index in 0..<7 where body.byte(at: offset &+ index) != prefix.utf8Start[index] { return nil }
        var value: UInt64 = 0
        for index in 7..<17 {
            let character = body.byte(at: offset &+ index)
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(character &- UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt64(character &- UInt8(ascii: "a") &+ 10)
            default: return nil
            }
        }
        return StatementSerial(rawValue: value)
    }

    /// Writes the server-side name and its terminating zero.
    @inline(__always)
    func writeName(to place: UnsafeMutableRawPointer) {
        let prefix: StaticString = "howdah_"
        place.copyMemory(from: prefix.utf8Start, byteCount: 7)
        for digit in 0..<10 {
            let value = UInt8(truncatingIfNeeded: rawValue >> UInt64(36 &- 4 &* digit)) & 15
            let character = value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10
            place.storeBytes(of: character, toByteOffset: 7 &+ digit, as: UInt8.self)
        }
        place.storeBytes(of: 0, toByteOffset: 17, as: UInt8.self)
    }
}
