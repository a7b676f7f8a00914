import Glibc

/// What the normalizer writes: bytes in a buffer of its own, bounded; nothing is allocated after `init`.
struct FoldedText: ~Copyable {
    /// Room for what stands for one token, its space and the closing NUL.
    private static let margin = 16

    private let buffer: UnsafeMutablePointer<UInt8>
    let capacity: Int
    var count = 0

    /// - Parameter capacity: bytes after which the text is too long; what stands for one token more fits in.
    init(capacity: Int) {
        self.capacity = capacity
        buffer = .allocate(capacity: capacity + Self.margin)
    }

    deinit {
        buffer.deallocate()
    }

    @inline(__always)
    var bytes: UnsafePointer<UInt8> { UnsafePointer(buffer) }

    @inline(__always)
    var isFull: Bool { count > capacity }

    @inline(__always)
    func hasRoom(for length: Int) -> Bool { length <= capacity - count }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        (buffer + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    @inline(__always)
    mutating func write(character: UInt8) {
        buffer[count] = character
        buffer[count + 1] = UInt8(ascii: " ")
        count += 2
    }

    /// - Returns: false where there is no room.
    mutating func write(_ source: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        guard hasRoom(for: length) else { return false }
        memcpy(buffer + count, source, length)
        count += length
        buffer[count] = UInt8(ascii: " ")
        count += 1
        return true
    }

    /// Writes a word folded, and tells which keyword it is. There is room for it.
    @inline(__always)
    mutating func write(word source: UnsafePointer<UInt8>, _ length: Int) -> Keyword {
        let target = buffer + count
        var packed: UInt64 = 0
        for index in 0..<length {
            let byte = ByteTable.lowercased[Int(source[index])]
            target[index] = byte
            packed = packed << 8 | UInt64(byte)
        }
        target[length] = UInt8(ascii: " ")
        count += length + 1
        return Keyword(packed: packed, length: length)
    }

    /// Drops semicolons at the end, and puts a NUL there.
    mutating func close() {
        while count >= 2, buffer[count - 2] == UInt8(ascii: ";") { count -= 2 }
        buffer[count] = 0
    }

    /// Whether the same bytes stand in both places.
    func isEqual(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
        first.count == second.count
            && memcmp(buffer + first.lowerBound, buffer + second.lowerBound, first.count) == 0
    }
}
