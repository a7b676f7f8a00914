/// The type byte and length in front of every message after start-up (PostgreSQL documentation, 55.1).
///
/// Only `Frame` makes one, so whoever holds one knows that its length can be: `size` is `byteCount` at least, and at
/// most what its type allows.
@usableFromInline
package struct MessageHeader: BitwiseCopyable {
    @usableFromInline package let tag: UInt8
    /// Bytes of the whole message, type byte and length field included.
    @usableFromInline package let size: Int

    @inlinable package static var byteCount: Int { 5 }

    @inlinable
    init(tag: UInt8, size: Int) {
        self.tag = tag
        self.size = size
    }
}
