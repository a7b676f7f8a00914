/// A change of the primary that the console has been told to make.
struct Switchover: Equatable {
    enum Stage: Equatable {
        /// Writes wait; those that run there end. It is looked at again at that time; nil: with the next event.
        case draining(nextCheck: Microseconds?)
        /// The control plane promotes.
        case promoting
        /// It has: the topology that says so is awaited.
        case following
    }

    let from: Int
    let to: Int
    let began: Microseconds
    var stage = Stage.draining(nextCheck: nil)

    /// While it drains: when it is looked at next.
    var nextCheck: Microseconds? {
        guard case .draining(let time) = stage else { return nil }
        return time
    }
}
