/// What other threads tell the monitor's thread.
enum MonitorMessage: Sendable {
    /// By node index.
    case checkNow(node: Int)
    /// Somebody waits for positions, so long at most.
    case sample(within: Duration)
    /// By place among the monitored nodes.
    case lookedUp(place: Int, Result<[String], ProbeFailure>)
}
