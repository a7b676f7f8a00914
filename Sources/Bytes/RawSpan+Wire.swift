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
    @inline(__always)
    @inlinable
    package func firstZero(from offset: Int) -> Int? {
        var position = offset
        while position < byteCount {
            if unsafeLoad(fromByteOffset: position, as: UInt8.self) == 0 { return position }
            position &+= 1
        }
        return nil
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
