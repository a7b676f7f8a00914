import Bytes

/// One typed message of the protocol, as tests look at it (PostgreSQL documentation, 55.7).
package struct WireMessage: Equatable, Sendable {
    package let tag: UInt8
    package let body: [UInt8]

    package init(tag: UInt8, body: [UInt8]) {
        self.tag = tag
        self.body = body
    }

    package var letter: Character { Character(Unicode.Scalar(tag)) }

    package var bytes: [UInt8] {
        let size = UInt32(body.count + 4)
        return [tag] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> UInt32($0)) } + body
    }

    /// Takes the message at the front of `bytes`, if all of it is there.
    package static func take(from bytes: inout [UInt8]) -> WireMessage? {
        var offset = 0
        guard let message = next(in: bytes, at: &offset) else { return nil }
        bytes.removeFirst(offset)
        return message
    }

    /// All whole messages in `bytes`; what follows them is left out.
    package static func all(in bytes: [UInt8]) -> [WireMessage] {
        var offset = 0
        var messages: [WireMessage] = []
        while let message = next(in: bytes, at: &offset) { messages.append(message) }
        return messages
    }

    static func next(in bytes: [UInt8], at offset: inout Int) -> WireMessage? {
        guard bytes.count - offset >= 5 else { return nil }
        let length = bytes[offset + 1..<offset + 5].reduce(0) { $0 << 8 | Int($1) }
        guard length >= 4, bytes.count - offset >= length + 1 else { return nil }
        let message = WireMessage(tag: bytes[offset], body: Array(bytes[offset + 5..<offset + 1 + length]))
        offset += length + 1
        return message
    }
}
