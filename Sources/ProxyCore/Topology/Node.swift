/// One PostgreSQL instance as the engine sees it.
package struct Node: Sendable, Equatable {
    /// Its place in the configuration: the same in every topology of a process's life.
    package let index: Int
    package let name: String
    package let address: NodeAddress
    /// Its share of the reads, relative to the other nodes'; 0 takes none.
    package let weight: Int
    /// Where it runs; empty: in no zone.
    package let zone: String
    package var state: NodeState
    /// `server_version_num`, 0 while it is not known.
    package var version: Int

    package init(
        index: Int,
        name: String,
        address: NodeAddress,
        weight: Int,
        zone: String = "",
        state: NodeState,
        version: Int = 0
    ) {
        self.index = index
        self.name = name
        self.address = address
        self.weight = weight
        self.zone = zone
        self.state = state
        self.version = version
    }
}
