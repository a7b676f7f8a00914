/// A fast keyed hash for the classifier's caches: 16 bytes a step, each step one 64 × 64 → 128-bit multiplication whose
/// halves are folded together.
///
/// The key keeps a client that does not know it from aiming many texts at one slot. Nothing rests on the hash alone:
/// every cache compares the bytes.
struct KeyedHash {
    private let first: UInt64
    private let second: UInt64

    init(seed: UInt64) {
        // Two keys from one seed, neither of them zero for any seed.
        first = Self.fold(seed ^ 0xD6E8_FEB8_6659_FD93, 0xA076_BC9B_65A5_3F11) | 1
        second = Self.fold(seed &+ 0x9FB2_1C65_1E98_DF25, 0xCA5A_8268_9512_1157) | 1
    }

    func callAsFunction(_ bytes: UnsafePointer<UInt8>, _ count: Int, mixing context: UInt64 = 0) -> UInt64 {
        var state = first ^ Self.fold(context ^ second, UInt64(truncatingIfNeeded: count) ^ 0xE703_7ED1_A0B4_28DB)
        let raw = UnsafeRawPointer(bytes)
        var offset = 0
        while count - offset > 16 {
            let low = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let high = raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            state = Self.fold(low ^ second, high ^ state)
            offset += 16
        }
        let (low, high) = Self.tail(raw + offset, count - offset)
        state = Self.fold(low ^ second, high ^ state)
        return Self.fold(state ^ first, second ^ 0x8EBC_6AF0_9C88_C6E3)
    }

    /// The last 0 to 16 bytes as two words; the length is already in the state.
    private static func tail(_ raw: UnsafeRawPointer, _ count: Int) -> (UInt64, UInt64) {
        if count >= 8 {
            return (
                raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            )
        }
        if count >= 4 {
            return (
                UInt64(raw.loadUnaligned(as: UInt32.self)),
                UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            )
        }
        var word: UInt64 = 0
        for index in 0..<count { word = word << 8 | UInt64(raw.load(fromByteOffset: index, as: UInt8.self)) }
        return (word, 0)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
