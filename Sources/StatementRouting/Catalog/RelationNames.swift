/// Which relations and types a text names, by the last part of each name, as a set that may hold more than was put in.
///
/// A filter of 64 bits with one bit a name: two sets without a common bit have no common name. A plain value, so that
/// a class can carry it.
package struct RelationNames: Sendable, Equatable, BitwiseCopyable {
    private var bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    package static let none = RelationNames(bits: 0)
    /// What a text names is not known, or hangs on its session by more than names.
    package static let everything = RelationNames(bits: .max)

    package var isEmpty: Bool { bits == 0 }
    package var isEverything: Bool { bits == .max }

    /// Whether no name is in both.
    package func isDisjoint(with other: RelationNames) -> Bool { bits & other.bits == 0 }

    @inline(__always)
    package mutating func formUnion(_ other: RelationNames) { bits |= other.bits }

    /// - Parameter name: as the catalog has it: folded, without quotes and schema.
    package mutating func insert(_ name: String) {
        // FNV-1a. Its high bits are the well mixed ones.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
        bits |= 1 << (hash >> 58)
    }
}
