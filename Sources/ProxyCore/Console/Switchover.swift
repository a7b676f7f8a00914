/// A change of the primary that the console has been told to make.
struct Switchover {
    enum Stage {
        /// Writes wait; those that run there end.
        case draining
        /// The control plane promotes.
        case promoting
        /// It has: the topology that says so is awaited.
        case following
    }

    let from: Int
    let to: Int
    let began: Microseconds
    var stage = Stage.draining
    /// While it drains: when it is looked at next.
    var nextCheck: Microseconds?
}
