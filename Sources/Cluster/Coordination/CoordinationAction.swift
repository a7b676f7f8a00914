/// What `Coordinator` wants done.
package enum CoordinationAction: Sendable, Equatable {
    /// An answer is due, as `CoordinationAnswer`.
    case ask(CoordinationRequest)
    case promotion(Promotion.Event)
    case log(CoordinationNews)
}
