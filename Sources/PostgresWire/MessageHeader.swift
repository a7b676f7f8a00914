import Bytes

/// The type byte and length in front of every message after start-up (PostgreSQL documentation, 55.1).
package struct MessageHeader: BitwiseCopyable {
    package let tag: UInt8
    /// Bytes of the whole message, type byte and length field included.
    package let size: Int

    package static let byteCount = 5

    /// Reads the header at `offset`, where at least `byteCount` bytes must be there. A length below 4, which cannot be, gives a size below `byteCount`.
    @inline(__always)
    package init(_ bytes: RawSpan, at offset: Int) {
        tag = bytes.byte(at: offset)
        size = Int(bytes.int32(at: offset &+ 1)) &+ 1
    }
}
