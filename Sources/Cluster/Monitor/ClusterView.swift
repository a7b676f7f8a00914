import ProxyCore

/// All that the watch knows at one moment.
package struct ClusterView: Sendable, Equatable {
    package var topology: Topology
    /// By node index: the numeric addresses of its host, the one that answered last first. Empty while the name has
    /// none. Nodes with a Unix-domain socket have no entry.
    package var addresses: [Int: [String]]
    /// Whether every node has been asked at least once since the start.
    package var isComplete: Bool
    /// Greater in each view than in those before; what `ClusterMonitor.applied` is told.
    package var serial: UInt64

    package init(topology: Topology, addresses: [Int: [String]], isComplete: Bool, serial: UInt64 = 0) {
        self.topology = topology
        self.addresses = addresses
        self.isComplete = isComplete
        self.serial = serial
    }
}
