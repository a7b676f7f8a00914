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
    /// What it says that it is, whatever it may be used as: a fenced node may well say `primary`. `unknown` while it does not answer.
    package var saidRole: NodeRole
    /// Of its write-ahead log, 0 while it is not known; how far it has come is told by `NodeFreshness`.
    package var timeline: UInt32
    /// Since when `state` is what it is, but for the words of its reason.
    package var since: Microseconds

    package init(
        index: Int,
        name: String,
        address: NodeAddress,
        weight: Int,
        zone: String = "",
        state: NodeState,
        version: Int = 0,
        saidRole: NodeRole? = nil,
        timeline: UInt32 = 0,
        since: Microseconds = 0
    ) {
        self.index = index
        self.name = name
        self.address = address
        self.weight = weight
        self.zone = zone
        self.state = state
        self.version = version
        self.saidRole = saidRole ?? state.role
        self.timeline = timeline
        self.since = since
    }
}
