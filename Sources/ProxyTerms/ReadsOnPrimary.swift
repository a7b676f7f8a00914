/// Whether the primary takes reads that a replica could take. Setting `reads_on_primary`.
@usableFromInline
package enum ReadsOnPrimary: String, CaseIterable, Sendable {
    /// Where no replica can take them.
    case fallback
    case never
    /// The primary takes its share like a replica.
    case always

    /// Compares the cases. What the standard library has for enums with a raw value would compare the words.
    @inlinable
    package static func != (left: Self, right: Self) -> Bool { !(left == right) }
}
