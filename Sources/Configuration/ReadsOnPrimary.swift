/// Whether the primary takes reads that a replica could take.
package enum ReadsOnPrimary: String, CaseIterable, Sendable {
    case fallback
    case never
    case always
}
