import Bytes

/// Writes messages straight into a queue: the data path's side of `MessageBuilder`, without an array in between.
extension ByteQueue {
    /// A whole message that has no body.
    @inline(__always)
    @inlinable
    package mutating func appendEmptyMessage(_ tag: UInt8, from pool: BufferPool) {
        let place = reserve(5, from: pool)
        place.storeBytes(of: tag, as: UInt8.self)
        place.storeBytes(of: UInt32(4).bigEndian, toByteOffset: 1, as: UInt32.self)
    }

    /// A message's type byte and length; `bodySize` bytes must be appended next.
    @inline(__always)
    @inlinable
    package mutating func appendHeader(_ tag: UInt8, bodySize: Int, from pool: BufferPool) {
        let place = reserve(5, from: pool)
        place.storeBytes(of: tag, as: UInt8.self)
        place.storeBytes(of: UInt32(truncatingIfNeeded: bodySize &+ 4).bigEndian, toByteOffset: 1, as: UInt32.self)
    }

    @inline(__always)
    @inlinable
    package mutating func appendByte(_ byte: UInt8, from pool: BufferPool) {
        reserve(1, from: pool).storeBytes(of: byte, as: UInt8.self)
    }

    /// ReadyForQuery (PostgreSQL documentation, 55.7).
    @inline(__always)
    @inlinable
    package mutating func appendReadyForQuery(_ status: TransactionStatus, from pool: BufferPool) {
        appendHeader(BackendTag.readyForQuery, bodySize: 1, from: pool)
        appendByte(status.rawValue, from: pool)
    }
}
