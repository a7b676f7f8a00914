/// The header of one lent piece of memory; the bytes follow it.
@usableFromInline
package struct Chunk: BitwiseCopyable {
    @usableFromInline package var next: UnsafeMutablePointer<Chunk>?
    /// Bytes of the whole piece, this header included.
    @usableFromInline package let size: Int
    /// The held bytes are `start..<end`, counted from the end of the header.
    @usableFromInline package var start: Int
    @usableFromInline package var end: Int

    @usableFromInline package static let headerSize = 32

    @inlinable
    init(size: Int) {
        next = nil
        self.size = size
        start = 0
        end = 0
    }

    @inline(__always)
    @inlinable
    package var capacity: Int { size &- Self.headerSize }

    @inline(__always)
    @inlinable
    package var room: Int { capacity &- end }

    @inline(__always)
    @inlinable
    mutating func reset() {
        next = nil
        start = 0
        end = 0
    }
}

extension UnsafeMutablePointer where Pointee == Chunk {
    /// Where the chunk's bytes begin.
    @inline(__always)
    @inlinable
    package var bytes: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) + Chunk.headerSize }

    @inline(__always)
    @inlinable
    package var held: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + pointee.start, count: pointee.end &- pointee.start)
    }
}
