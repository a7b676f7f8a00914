/// Where a pinned session's plain reads run to which what it is pinned for does not matter.
package enum PinnedReads: String, CaseIterable, Sendable {
    case primary
    case replica
}
