/// What can end a wait of a thread of the control plane: a mailbox.
protocol Stopping: AnyObject {
    /// Rings for the stop, and perhaps for more.
    var bell: EventBell { get }
    var isStopped: Bool { get }
}

extension Mailbox: Stopping {}
