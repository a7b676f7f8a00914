/// Bytes that wait in one piece: a message that has arrived in part, or a batch that waits for a server.
///
/// Holds memory only while it holds bytes, and is one word while it does not: where they begin and end stands in front
/// of them. Small contents live in the pool's small chunks; what is larger is allocated by pages, since a large chunk
/// for a message of a few kilobytes would be most of what is counted, and the caller bounds how much that may be. Is to
/// be cleared before it is dropped, or the pool's count is off.
@usableFromInline
package struct HeldBytes: ~Copyable {
    /// nil where nothing is held.
    @usableFromInline var chunk: UnsafeMutablePointer<Chunk>?

    @inlinable
    package init() {}

    /// Frees what was not given back. The pool counts it as lent for good: owners that outlive their pool's count
    /// clear first.
    deinit {
        if let chunk { BufferPool.deallocate(chunk) }
    }

    /// Bytes of the pool's memory that this holds.
    @inlinable
    package var lentBytes: Int { chunk?.pointee.size ?? 0 }

    @inline(__always)
    @inlinable
    package var isEmpty: Bool { chunk == nil }

    @inline(__always)
    @inlinable
    package var count: Int {
        guard let chunk else { return 0 }
        return chunk.pointee.end &- chunk.pointee.start
    }

    /// The held bytes; valid until the next mutation.
    @inline(__always)
    @inlinable
    package var bytes: UnsafeRawBufferPointer { chunk?.held ?? UnsafeRawBufferPointer(start: nil, count: 0) }

    @inline(__always)
    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer, from pool: BufferPool) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        let chunk = withRoom(for: bytes.count, from: pool)
        (chunk.bytes + chunk.pointee.end).copyMemory(from: source, byteCount: bytes.count)
        chunk.pointee.end &+= bytes.count
    }

    /// Drops `size` bytes from the front; the memory goes back when nothing is left.
    @inline(__always)
    @inlinable
    package mutating func consume(_ size: Int, to pool: BufferPool) {
        precondition(size <= count)
        guard let chunk else { return }
        chunk.pointee.start &+= size
        if chunk.pointee.start == chunk.pointee.end { clear(to: pool) }
    }

    @inline(__always)
    @inlinable
    package mutating func clear(to pool: BufferPool) {
        guard let chunk else { return }
        Self.giveBack(chunk, to: pool)
        self.chunk = nil
    }

    @inlinable
    static func giveBack(_ chunk: UnsafeMutablePointer<Chunk>, to pool: BufferPool) {
        if chunk.pointee.size == BufferPool.smallChunkSize { return pool.give(chunk) }
        pool.count(-chunk.pointee.size)
        BufferPool.deallocate(chunk)
    }

    /// Memory with room for `size` more bytes behind those that are held.
    @inline(__always)
    @inlinable
    mutating func withRoom(for size: Int, from pool: BufferPool) -> UnsafeMutablePointer<Chunk> {
        if let chunk, chunk.pointee.room >= size { return chunk }
        return makeRoom(for: size, from: pool)
    }

    @inlinable
    mutating func makeRoom(for size: Int, from pool: BufferPool) -> UnsafeMutablePointer<Chunk> {
        let count = count
        let needed = count + size
        if let chunk, needed <= chunk.pointee.capacity, chunk.pointee.start >= count {
            chunk.bytes.copyMemory(from: chunk.bytes + chunk.pointee.start, byteCount: count)
            chunk.pointee.start = 0
            chunk.pointee.end = count
            return chunk
        }
        let larger: UnsafeMutablePointer<Chunk>
        if needed <= BufferPool.smallChunkSize - Chunk.headerSize {
            larger = pool.take(for: needed)
        } else {
            // Never a small chunk's size, by which `giveBack` tells them apart.
            let wanted = Chunk.headerSize + max(needed, (chunk?.pointee.capacity ?? 0) / 2 * 3)
            larger = BufferPool.allocate((wanted + 4_095) & ~4_095)
            pool.count(larger.pointee.size)
        }
        if let chunk {
            larger.bytes.copyMemory(from: chunk.bytes + chunk.pointee.start, byteCount: count)
            larger.pointee.end = count
            Self.giveBack(chunk, to: pool)
        }
        chunk = larger
        return larger
    }
}
