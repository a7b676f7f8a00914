/// One PostgreSQL instance as the engine sees it.
package struct Node: Sendable, Equatable {
    /// Its slot: its own for as long as it is a member, and another node's only when no server of its own is left.
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
    /// What it says that it is, whatever it may be used as: a fenced node may well say `primary`. `unknown` while it
    /// does not answer.
    package var saidRole: NodeRole
    /// Of its write-ahead log, 0 while it is not known; how far it has come is told by `NodeFreshness`.
    package var timeline: UInt32
    /// Since when `state` is what it is, but for the words of its reason.
    package var since: Microseconds
    /// False: it has left, and its slot is kept until nothing refers to it. Such a node's state is `unknown`.
    package var isMember: Bool
    /// What whoever looks after it should know though it is used, such as that its commits wait; nil: nothing.
    package var note: String?

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
        since: Microseconds = 0,
        isMember: Bool = true,
        note: String? = nil
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
        self.isMember = isMember
        self.note = note
    }

    /// Whether both are one node in two topologies.
    func isSame(as other: Node) -> Bool { name == other.name && address == other.address }
}

/// What a node is, as it says itself (`pg_is_in_recovery()`); never what a configuration says.
package enum NodeRole: UInt8, Sendable, BitwiseCopyable {
    case unknown
    case primary
    case replica
}

/// Where a node listens.
package enum NodeAddress: Sendable, Hashable {
    /// A host name or a numeric address; names are resolved by the control plane before a worker connects.
    case tcp(host: String, port: UInt16)
    /// The directory of the socket and the port that names it, as libpq has it.
    case unix(directory: String, port: UInt16)
}
