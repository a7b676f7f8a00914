/// A fast 64-bit hash of bytes under a secret seed, so that nobody outside can prepare texts that collide.
///
/// Folded 64x64→128-bit multiplications over 16-byte strides. For tables in memory only: the value differs from process
/// to process.
@usableFromInline
package struct KeyedHash: Sendable, BitwiseCopyable {
    @usableFromInline let seed: UInt64
    @usableFromInline let secret: UInt64

    @inlinable
    package init(seed: UInt64) {
        self.seed = Self.fold(seed ^ 0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93)
        secret = Self.fold(seed ^ 0xC2B2_AE3D_27D4_EB4F, 0xA076_1D64_78BD_642F) | 1
    }

    @inline(__always)
    @inlinable
    package func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        hash(bytes, from: seed ^ UInt64(truncatingIfNeeded: bytes.count))
    }

    /// The same bytes in two contexts have two hashes.
    @inline(__always)
    @inlinable
    package func hash(_ bytes: UnsafeRawBufferPointer, mixing context: UInt64) -> UInt64 {
        hash(bytes, from: Self.fold(context ^ secret, seed ^ UInt64(truncatingIfNeeded: bytes.count)))
    }

    @inline(__always)
    @inlinable
    func hash(_ bytes: UnsafeRawBufferPointer, from start: UInt64) -> UInt64 {
        var state = start
        var offset = 0
        let count = bytes.count
        while count &- offset >= 16 {
            state = Self.fold(load(bytes, offset) ^ secret, load(bytes, offset &+ 8) ^ state)
            offset &+= 16
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        let rest = count &- offset
        if rest >= 8 {
            low = load(bytes, offset)
            high = load(bytes, count &- 8)
        } else if rest >= 4 {
            low = UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            high = UInt64(bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
        } else if rest > 0 {
            low = UInt64(bytes[offset]) << 16 | UInt64(bytes[offset &+ rest / 2]) << 8 | UInt64(bytes[count &- 1])
        }
        return Self.fold(Self.fold(low ^ secret, high ^ state), secret ^ 0x589A_56C2_7D12_4F11)
    }

    @inline(__always)
    @inlinable
    package func hash(_ bytes: RawSpan) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }

    @inline(__always)
    @inlinable
    func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    @inline(__always)
    @inlinable
    static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
