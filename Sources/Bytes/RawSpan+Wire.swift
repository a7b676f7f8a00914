import Glibc

/// Loads in network byte order, checked against the span's bounds.
extension RawSpan {
    @inline(__always)
    @inlinable
    package func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    @inlinable
    package func uint16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    @inlinable
    package func uint32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    @inlinable
    package func int32(at offset: Int) -> Int32 {
        Int32(bitPattern: uint32(at: offset))
    }

    /// The offset of the first zero byte at or after `offset`, or nil where there is none.
    package func firstZero(from offset: Int) -> Int? {
        withUnsafeBytes { bytes in
            guard offset < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + offset, 0, bytes.count - offset)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// The bytes as text, with what is not UTF-8 replaced; for messages and logs.
    @inlinable
    package func text(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @inlinable
    package func array(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes { Array($0) }
    }
}

extension RawSpan {
    /// Whether both are the same bytes.
    package func isEqual(to other: RawSpan) -> Bool {
        withUnsafeBytes { bytes in other.withUnsafeBytes { bytes.isSame(as: $0) } }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both are the same bytes.
    package func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard count > 0, let base = baseAddress, let start = other.baseAddress else { return true }
        return memcmp(base, start, count) == 0
    }
}
