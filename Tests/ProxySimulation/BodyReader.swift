/// Reads the fields of a message's body from its front; what is missing reads as zero or empty.
package struct BodyReader {
    private let body: [UInt8]
    private var offset = 0

    package init(_ body: [UInt8]) { self.body = body }

    package var isAtEnd: Bool { offset >= body.count }

    package mutating func byte() -> UInt8 {
        guard offset < body.count else { return 0 }
        offset += 1
        return body[offset - 1]
    }

    package mutating func int16() -> Int { Int(Int16(bitPattern: UInt16(byte()) << 8 | UInt16(byte()))) }

    package mutating func int32() -> Int {
        Int(Int32(bitPattern: (0..<4).reduce(UInt32(0)) { value, _ in value << 8 | UInt32(byte()) }))
    }

    package mutating func string() -> String {
        var bytes: [UInt8] = []
        while offset < body.count {
            let next = byte()
            if next == 0 { break }
            bytes.append(next)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package mutating func text(_ count: Int) -> String {
        String(decoding: (0..<max(0, count)).map { _ in byte() }, as: UTF8.self)
    }

    package mutating func rest() -> String { text(body.count - offset) }
}
