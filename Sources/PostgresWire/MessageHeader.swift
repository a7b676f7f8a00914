import Bytes

/// The type byte and length in front of every message after start-up (PostgreSQL documentation, 55.1).
@usableFromInline
package struct MessageHeader: BitwiseCopyable {
    @usableFromInline package let tag: UInt8
    /// Bytes of the whole message, type byte and length field included.
    @usableFromInline package let size: Int

    @inlinable package static var byteCount: Int { 5 }

    /// Reads the header at `offset`, where at least `byteCount` bytes must be there. A length below 4, which cannot be, gives a size below `byteCount`.
    @inline(__always)
    @inlinable
    package init(_ bytes: RawSpan, at offset: Int) {
        tag = bytes.byte(at: offset)
        size = Int(bytes.int32(at: offset &+ 1)) &+ 1
    }
}
