/// Where a pinned session's plain reads run to which what it is pinned for does not matter.
package enum PinnedReads: String, CaseIterable, Sendable {
    /// On its server, like all else.
    case primary
    /// On a replica, where one is free.
    case replica
}
