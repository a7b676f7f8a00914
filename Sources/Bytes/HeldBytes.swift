/// Bytes that wait in one piece: a message that has arrived in part, or a batch that waits for a server.
///
/// Holds memory only while it holds bytes. Small contents live in the pool's small chunks; what is larger is allocated
/// by pages, since a large chunk for a message of a few kilobytes would be most of what is counted, and the caller
/// bounds how much that may be. Is to be cleared before it is dropped, or the pool's count is off.
@usableFromInline
package struct HeldBytes: ~Copyable {
    @usableFromInline enum Storage {
        case none
        case chunk(UnsafeMutablePointer<Chunk>)
        case allocation(UnsafeMutableRawPointer, capacity: Int)
    }

    @usableFromInline var storage = Storage.none
    @usableFromInline var start = 0
    @usableFromInline var end = 0

    @inlinable
    package init() {}

    /// Frees what was not given back. The pool counts it as lent for good: owners that outlive their pool's count
    /// clear first.
    deinit {
        switch storage {
        case .none: break
        case .chunk(let chunk): BufferPool.deallocate(chunk)
        case .allocation(let memory, _): memory.deallocate()
        }
    }

    /// Bytes of the pool's memory that this holds.
    package var lentBytes: Int {
        switch storage {
        case .none: 0
        case .chunk(let chunk): chunk.pointee.size
        case .allocation(_, let capacity): capacity
        }
    }

    @inline(__always)
    @inlinable
    package var isEmpty: Bool { start == end }

    @inline(__always)
    @inlinable
    package var count: Int { end &- start }

    /// The held bytes; valid until the next mutation.
    @inline(__always)
    @inlinable
    package var bytes: UnsafeRawBufferPointer {
        switch storage {
        case .none: UnsafeRawBufferPointer(start: nil, count: 0)
        case .chunk(let chunk): UnsafeRawBufferPointer(start: chunk.bytes + start, count: end &- start)
        case .allocation(let memory, _): UnsafeRawBufferPointer(start: memory + start, count: end &- start)
        }
    }

    @inline(__always)
    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer, from pool: BufferPool) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        ensureRoom(for: bytes.count, from: pool)
        (base + end).copyMemory(from: source, byteCount: bytes.count)
        end &+= bytes.count
    }

    /// Drops `size` bytes from the front; the memory goes back when nothing is left.
    @inline(__always)
    @inlinable
    package mutating func consume(_ size: Int, to pool: BufferPool) {
        precondition(size <= count)
        start &+= size
        if start == end { clear(to: pool) }
    }

    @inline(__always)
    @inlinable
    package mutating func clear(to pool: BufferPool) {
        switch storage {
        case .none: break
        case .chunk(let chunk): pool.give(chunk)
        case .allocation(let memory, let capacity):
            memory.deallocate()
            pool.count(-capacity)
        }
        storage = .none
        start = 0
        end = 0
    }

    /// Bytes of memory that it holds.
    @inlinable
    package var memory: Int {
        switch storage {
        case .none: 0
        case .chunk(let chunk): chunk.pointee.size
        case .allocation(_, let capacity): capacity
        }
    }

    @inlinable
    var base: UnsafeMutableRawPointer {
        switch storage {
        case .none: preconditionFailure("no memory held")
        case .chunk(let chunk): chunk.bytes
        case .allocation(let memory, _): memory
        }
    }

    @inlinable
    var capacity: Int {
        switch storage {
        case .none: 0
        case .chunk(let chunk): chunk.pointee.capacity
        case .allocation(_, let capacity): capacity
        }
    }

    @inline(__always)
    @inlinable
    mutating func ensureRoom(for size: Int, from pool: BufferPool) {
        if capacity &- end < size { makeRoom(for: size, from: pool) }
    }

    @inlinable
    mutating func makeRoom(for size: Int, from pool: BufferPool) {
        let needed = count + size
        if needed <= capacity, start >= count {
            base.copyMemory(from: base + start, byteCount: count)
            end = count
            start = 0
            return
        }
        var larger = HeldBytes()
        if needed <= BufferPool.smallChunkSize - Chunk.headerSize {
            larger.storage = .chunk(pool.take(for: needed))
        } else {
            let capacity = (max(needed, capacity / 2 * 3) + 4_095) & ~4_095
            larger.storage = .allocation(.allocate(byteCount: capacity, alignment: 16), capacity: capacity)
            pool.count(capacity)
        }
        if count > 0 {
            larger.base.copyMemory(from: base + start, byteCount: count)
            larger.end = count
        }
        clear(to: pool)
        swap(&self, &larger)
    }
}
