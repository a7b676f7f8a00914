/// What other threads tell the monitor's thread.
enum MonitorMessage: Sendable {
    /// By node index.
    case checkNow(node: Int)
    /// By place among the monitored nodes.
    case lookedUp(place: Int, Result<[String], ProbeFailure>)
}
