import Bytes

/// What the operator has ordered for the whole proxy, and which of the console's clients wait until it is done.
struct OperatorOrders {
    var paused = PausedDatabases()
    /// No new clients come, and those that are here are let go.
    var isDraining = false
    /// Clients of the console whose command is not done yet.
    var waits: [Handle] = []
}
