/// What came of a `CoordinationRequest`.
package enum CoordinationAnswer: Sendable, Equatable {
    case granted(lease: Int64, seconds: Int)
    case kept(seconds: Int)
    /// Of so many seconds so many are left, by etcd's clock.
    case remaining(seconds: Int, of: Int)
    /// The lease has run out, and its keys are gone.
    case leaseGone
    /// `isMade`: the guards held, and the change was made.
    case state(CoordinationState, isMade: Bool)
    /// No answer that could be understood: the request may have been carried out, or may be yet.
    case failed(String)
}
