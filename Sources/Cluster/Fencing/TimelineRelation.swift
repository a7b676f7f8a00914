import ProxyCore

/// What one timeline is to another.
package enum TimelineRelation: Sendable, Equatable {
    case same
    /// It goes on where the other ended.
    case descendant(otherEnded: WALPosition)
    /// The other goes on where it ended.
    case ancestor(ended: WALPosition)
    /// Each has something that the other has not.
    case diverged
    /// The greater number, and its history is not known.
    case untoldNewer
    /// The lesser number, and the other's history is not known.
    case untoldOlder
}
