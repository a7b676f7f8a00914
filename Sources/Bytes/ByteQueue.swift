/// Bytes on their way out: a chain of lent chunks, appended at the tail and taken at the head.
///
/// An empty queue holds no memory. The queue owns its chunks; the pool that lends them is passed to each call that may
/// lend or give back, so that an idle session's queue is three words. A queue is to be cleared before it is dropped, or
/// the pool's count is off.
@usableFromInline
package struct ByteQueue: ~Copyable {
    @usableFromInline var head: UnsafeMutablePointer<Chunk>?
    @usableFromInline var tail: UnsafeMutablePointer<Chunk>?
    @usableFromInline var storedCount = 0
    @inlinable package var count: Int { storedCount }

    @inlinable
    package init() {}

    /// Frees what was not given back. The pool counts it as lent for good.
    deinit {
        var next = head
        while let chunk = next {
            next = chunk.pointee.next
            BufferPool.deallocate(chunk)
        }
    }

    /// Bytes of the pool's memory that this holds.
    package var lentBytes: Int {
        var bytes = 0
        var next = head
        while let chunk = next {
            bytes += chunk.pointee.size
            next = chunk.pointee.next
        }
        return bytes
    }

    @inline(__always)
    @inlinable
    package var isEmpty: Bool { count == 0 }

    /// The chunk to send first; its bytes are `held`, more may follow at `pointee.next`.
    @inlinable
    package var firstChunk: UnsafeMutablePointer<Chunk>? { head }

    @inline(__always)
    @inlinable
    package mutating func append(_ bytes: UnsafeRawBufferPointer, from pool: BufferPool) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if let tail, tail.pointee.room >= bytes.count {
            (tail.bytes + tail.pointee.end).copyMemory(from: source, byteCount: bytes.count)
            tail.pointee.end &+= bytes.count
            storedCount &+= bytes.count
        } else {
            appendSlowly(bytes, from: pool)
        }
    }

    @inline(__always)
    @inlinable
    package mutating func append(_ bytes: RawSpan, from pool: BufferPool) {
        bytes.withUnsafeBytes { append($0, from: pool) }
    }

    @inlinable
    package mutating func append(_ bytes: [UInt8], from pool: BufferPool) {
        bytes.withUnsafeBytes { append($0, from: pool) }
    }

    @inlinable
    package mutating func append(_ bytes: StaticString, from pool: BufferPool) {
        append(UnsafeRawBufferPointer(start: bytes.utf8Start, count: bytes.utf8CodeUnitCount), from: pool)
    }

    /// Room for exactly `size` bytes in one piece (at most a small chunk's capacity), which the caller fills before
    /// anything else is appended.
    @inline(__always)
    @inlinable
    package mutating func reserve(_ size: Int, from pool: BufferPool) -> UnsafeMutableRawPointer {
        if tail == nil || tail.unsafelyUnwrapped.pointee.room < size { addChunk(for: size, from: pool) }
        let tail = tail.unsafelyUnwrapped
        precondition(tail.pointee.room >= size)
        let place = tail.bytes + tail.pointee.end
        tail.pointee.end &+= size
        storedCount &+= size
        return place
    }

    @inlinable
    mutating func appendSlowly(_ bytes: UnsafeRawBufferPointer, from pool: BufferPool) {
        var rest = bytes
        while !rest.isEmpty {
            if tail == nil || tail.unsafelyUnwrapped.pointee.room == 0 { addChunk(for: rest.count, from: pool) }
            let tail = tail.unsafelyUnwrapped
            let size = Swift.min(rest.count, tail.pointee.room)
            (tail.bytes + tail.pointee.end).copyMemory(from: rest.baseAddress.unsafelyUnwrapped, byteCount: size)
            tail.pointee.end += size
            storedCount += size
            rest = UnsafeRawBufferPointer(rebasing: rest[size...])
        }
    }

    @inlinable
    mutating func addChunk(for size: Int, from pool: BufferPool) {
        let chunk = pool.take(for: size)
        if let tail { tail.pointee.next = chunk } else { head = chunk }
        tail = chunk
    }

    /// Drops `size` bytes from the head (at most `count`), giving emptied chunks back.
    @inlinable
    package mutating func consume(_ size: Int, to pool: BufferPool) {
        precondition(size <= count)
        storedCount -= size
        var rest = size
        while let chunk = head {
            let held = chunk.pointee.end - chunk.pointee.start
            if rest < held {
                chunk.pointee.start += rest
                return
            }
            rest -= held
            head = chunk.pointee.next
            if head == nil { tail = nil }
            pool.give(chunk)
        }
    }

    /// Moves all of `other`'s bytes behind this queue's own without copying; `other` is empty afterwards.
    @inline(__always)
    @inlinable
    package mutating func take(_ other: inout ByteQueue) {
        guard let otherHead = other.head else { return }
        if let tail { tail.pointee.next = otherHead } else { head = otherHead }
        tail = other.tail
        storedCount &+= other.count
        other.head = nil
        other.tail = nil
        other.storedCount = 0
    }

    @inlinable
    package mutating func clear(to pool: BufferPool) {
        while let chunk = head {
            head = chunk.pointee.next
            pool.give(chunk)
        }
        tail = nil
        storedCount = 0
    }

    /// A copy of all bytes, for tests and messages.
    @inlinable
    package func bytes() -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var chunk = head
        while let current = chunk {
            result.append(contentsOf: current.held)
            chunk = current.pointee.next
        }
        return result
    }
}
