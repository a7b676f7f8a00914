/// Memory that is lent only while it holds bytes: small and large chunks, kept on free lists, counted against one
/// limit.
///
/// One pool belongs to one worker. `limit` is a mark, not a wall: the engine looks at `bytesInUse` and stops reading
/// from sources, so what is in use stays within the limit plus what was already on its way.
@usableFromInline
package final class BufferPool {
    /// Room for most statements and their replies.
    @usableFromInline package static let smallChunkSize = 4 << 10
    /// Room for one full receive of a large result.
    @usableFromInline package static let largeChunkSize = 64 << 10

    @exclusivity(unchecked) @usableFromInline var smallFree: UnsafeMutablePointer<Chunk>?
    @exclusivity(unchecked) @usableFromInline var largeFree: UnsafeMutablePointer<Chunk>?
    @exclusivity(unchecked) @usableFromInline var freeBytes = 0
    /// Free chunks above this many bytes go back to the allocator.
    @usableFromInline let keptBytes: Int
    @exclusivity(unchecked) @usableFromInline var storedBytesInUse = 0
    @inlinable package var bytesInUse: Int { storedBytesInUse }
    @usableFromInline package let limit: Int

    /// - Parameter limit: bytes that may be lent before sources are paused (`buffer_memory`).
    @inlinable
    package init(limit: Int) {
        self.limit = limit
        keptBytes = min(limit, 16 << 20)
    }

    deinit {
        while let chunk = smallFree {
            smallFree = chunk.pointee.next
            Self.deallocate(chunk)
        }
        while let chunk = largeFree {
            largeFree = chunk.pointee.next
            Self.deallocate(chunk)
        }
    }

    /// Lends a chunk with room for `bytes` if a large chunk has that, else a large chunk. The caller owns it until
    /// `give`.
    @inline(__always)
    @inlinable
    package func take(for bytes: Int) -> UnsafeMutablePointer<Chunk> {
        bytes <= Self.smallChunkSize - Chunk.headerSize
            ? take(from: &smallFree, size: Self.smallChunkSize) : take(from: &largeFree, size: Self.largeChunkSize)
    }

    /// Takes a chunk back. Its memory must not be touched afterwards.
    @inline(__always)
    @inlinable
    package func give(_ chunk: UnsafeMutablePointer<Chunk>) {
        let size = chunk.pointee.size
        storedBytesInUse &-= size
        if freeBytes >= keptBytes {
            Self.deallocate(chunk)
            return
        }
        freeBytes &+= size
        if size == Self.smallChunkSize {
            chunk.pointee.next = smallFree
            smallFree = chunk
        } else {
            chunk.pointee.next = largeFree
            largeFree = chunk
        }
    }

    /// Counts memory that was allocated beside the chunks, or (negative) is freed.
    @inlinable
    package func count(_ bytes: Int) { storedBytesInUse &+= bytes }

    @inline(__always)
    @inlinable
    func take(
        from list: inout UnsafeMutablePointer<Chunk>?,
        size: Int
    ) -> UnsafeMutablePointer<Chunk> {
        storedBytesInUse &+= size
        guard let chunk = list else { return Self.allocate(size) }
        list = chunk.pointee.next
        freeBytes &-= size
        chunk.pointee.reset()
        return chunk
    }

    @inlinable
    static func allocate(_ size: Int) -> UnsafeMutablePointer<Chunk> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        let chunk = memory.bindMemory(to: Chunk.self, capacity: 1)
        chunk.initialize(to: Chunk(size: size))
        return chunk
    }

    @inlinable
    static func deallocate(_ chunk: UnsafeMutablePointer<Chunk>) {
        UnsafeMutableRawPointer(chunk).deallocate()
    }
}
