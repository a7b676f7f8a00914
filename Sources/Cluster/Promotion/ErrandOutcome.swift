/// How an errand ended.
package enum ErrandOutcome: Sendable, Equatable {
    /// `pg_promote()` has answered.
    case promoted(Bool)
    /// The replica streams from the new primary, through the slot of this name if it has one.
    case follows(slot: String?)
    case slotProvided
    /// Nothing was done: no connection, no right, or nothing that could be done.
    case refused(String)
    /// The connection ended in the middle: it may have been done.
    case unanswered(String)
}
