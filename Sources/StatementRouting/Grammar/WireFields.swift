/// The fields of one protocol-buffer message in order, read in place from trusted bytes (libpg_query wrote them).
///
/// Still every length is checked: a message that does not hold together ends the fields and sets `isBroken`.
struct WireFields {
    /// A range of bytes that holds a message or a string.
    struct Range {
        var start: UnsafePointer<UInt8>
        var count: Int

        var string: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }

        func equals(_ text: StaticString) -> Bool {
            guard count == text.utf8CodeUnitCount else { return false }
            for index in 0..<count where start[index] != text.utf8Start[index] { return false }
            return true
        }

        func begins(with text: StaticString) -> Bool {
            count >= text.utf8CodeUnitCount
                && Range(start: start, count: text.utf8CodeUnitCount).equals(text)
        }
    }

    enum Value {
        case number(UInt64)
        case bytes(Range)
    }

    struct Field {
        var number: Int
        var value: Value
    }

    private var cursor: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private(set) var isBroken = false

    init(_ range: Range) {
        cursor = range.start
        end = range.start + range.count
    }

    mutating func next() -> Field? {
        guard cursor < end, let key = varint() else { return nil }
        let number = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0:
            guard let value = varint() else { return nil }
            return Field(number: number, value: .number(value))
        case 2:
            guard let length = varint(), length <= UInt64(end - cursor) else { break }
            let range = Range(start: cursor, count: Int(length))
            cursor += range.count
            return Field(number: number, value: .bytes(range))
        default: break
        }
        isBroken = true
        return nil
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while cursor < end, shift < 64 {
            let byte = cursor.pointee
            cursor += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        isBroken = true
        return nil
    }
}

extension WireFields.Range {
    /// The bytes of the first field of this number.
    func bytes(_ number: Int) -> WireFields.Range? {
        var fields = WireFields(self)
        while let field = fields.next() {
            if field.number == number, case .bytes(let range) = field.value { return range }
        }
        return nil
    }

    /// The number in the first field of this number; 0 where it is left out, as proto3 has it.
    func number(_ number: Int) -> UInt64 {
        var fields = WireFields(self)
        while let field = fields.next() {
            if field.number == number, case .number(let value) = field.value { return value }
        }
        return 0
    }

    /// The string in the first field of this number; empty where it is left out.
    func string(_ number: Int) -> String { bytes(number)?.string ?? "" }

    /// All messages in fields of this number.
    func all(_ number: Int) -> [WireFields.Range] {
        var found: [WireFields.Range] = []
        var fields = WireFields(self)
        while let field = fields.next() {
            if field.number == number, case .bytes(let range) = field.value { found.append(range) }
        }
        return found
    }

    /// The number and contents of the message in a `Node`, or nil for an empty one.
    var node: (kind: Int, range: WireFields.Range)? {
        var fields = WireFields(self)
        guard let field = fields.next(), case .bytes(let range) = field.value else { return nil }
        return (field.number, range)
    }
}
