import ProxyCore

/// What `Promotion` wants done. Nodes are named by place.
package enum PromotionAction: Sendable, Equatable {
    /// `Fencing.replace`; then workers are to be told, and `Promotion.Event.workersTold` is due when they have cut off
    /// what runs there.
    case fence(old: Int, candidate: Int)
    /// `Fencing.keep`.
    case unfence(old: Int)
    /// `pg_promote()`; `promotionAnswered` or `promotionRefused` is due.
    case promote(Int)
    /// These are to follow the new primary, as soon as they are there: for `Following`.
    case owe([Int])
    /// For `Coordinator`.
    case intend(Coordinator.Intent)
    /// For `Coordinator`: the workers have cut off the old primary.
    case cutOff
    case log(PromotionNews)
}
