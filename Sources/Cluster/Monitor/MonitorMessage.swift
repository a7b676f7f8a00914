/// What other threads tell the monitor's thread.
enum MonitorMessage: Sendable {
    /// By node index.
    case checkNow(node: Int)
    /// Somebody waits for positions, so long at most.
    case sample(within: Duration)
    /// The workers go by the view of this serial, or a later one.
    case applied(serial: UInt64)
    /// etcd's, to the question that was asked last.
    case coordination(CoordinationAnswer)
    /// A worker has cut off the primary because the lease had run out when it looked.
    case writesLapsed
    /// Workers have no server of a node that has left; by node index.
    case slotVacated(node: Int)
    /// Somebody has listed the nodes that there are.
    case listed([DiscoveredNode])
    /// By place among the monitored nodes; another node may have got the place meanwhile.
    case lookedUp(place: Int, host: String, Result<[String], ProbeFailure>)
}
