/// What other threads tell the monitor's thread.
enum MonitorMessage: Sendable {
    /// By node index.
    case checkNow(node: Int)
    /// Somebody waits for positions, so long at most.
    case sample(within: Duration)
    /// The workers go by the view of this serial, or a later one.
    case applied(serial: UInt64)
    /// By place among the monitored nodes.
    case lookedUp(place: Int, Result<[String], ProbeFailure>)
}
