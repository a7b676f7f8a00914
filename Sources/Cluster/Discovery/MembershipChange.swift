/// What a list of nodes has changed; by slot.
package enum MembershipChange: Sendable, Equatable {
    case joined(Int)
    /// The node that the slot was of is back.
    case rejoined(Int)
    case left(Int)
    /// Other tags than before.
    case retagged(Int)
    /// Something else is said of its state than before.
    case stirred(Int)
    /// `max_nodes` is reached; told once a name.
    case refused(name: String)
}
