/// The header of one lent piece of memory; the bytes follow it.
package struct Chunk: BitwiseCopyable {
    package var next: UnsafeMutablePointer<Chunk>?
    /// Bytes of the whole piece, this header included.
    package let size: Int
    /// The held bytes are `start..<end`, counted from the end of the header.
    package var start: Int
    package var end: Int

    package static let headerSize = 32

    init(size: Int) {
        next = nil
        self.size = size
        start = 0
        end = 0
    }

    @inline(__always)
    package var capacity: Int { size &- Self.headerSize }

    @inline(__always)
    package var room: Int { capacity &- end }

    @inline(__always)
    mutating func reset() {
        next = nil
        start = 0
        end = 0
    }
}

extension UnsafeMutablePointer where Pointee == Chunk {
    /// Where the chunk's bytes begin.
    @inline(__always)
    package var bytes: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) + Chunk.headerSize }

    @inline(__always)
    package var held: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + pointee.start, count: pointee.end &- pointee.start)
    }
}
