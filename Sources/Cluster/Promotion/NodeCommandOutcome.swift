/// How a command ended.
package enum NodeCommandOutcome: Sendable, Equatable {
    /// `pg_promote()` has answered.
    case promoted(Bool)
    /// The replica has been pointed at the primary, through the slot of this name if it has one. `isHidden`: it
    /// receives from somewhere, and from where the monitoring user may not know.
    case follows(slot: String?, isHidden: Bool = false)
    /// It had been before.
    case followsAlready(slot: String?, isHidden: Bool = false)
    /// It names a node that it was not to be taken away from.
    case leftAlone
    case slotProvided
    /// There was one already.
    case slotThere
    /// Nothing was done: no connection, no right, or nothing that could be done.
    case refused(String)
    /// The connection ended in the middle: it may have been done.
    case unanswered(String)

    /// Whether somebody should look into it.
    var isTrouble: Bool {
        switch self {
        case .refused, .unanswered, .promoted(false): true
        case .promoted(true), .follows, .followsAlready, .leftAlone, .slotProvided, .slotThere: false
        }
    }
}
