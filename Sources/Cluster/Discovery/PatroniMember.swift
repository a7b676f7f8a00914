import ProxyCore

/// A member of the cluster, as Patroni's `GET /cluster` lists it.
package struct PatroniMember: Sendable, Equatable {
    package var name: String
    /// `leader`, `replica`, `sync_standby` and so on.
    package var role: String
    /// `running`, `streaming`, `stopped`, `start failed` and so on.
    package var state: String
    /// Nil: it has not told yet where its PostgreSQL listens.
    package var address: NodeAddress?
    /// Where its own REST API is.
    package var apiURL: String?
    package var timeline: Int?
    /// Tag `zone`, which is no tag of Patroni's own.
    package var zone: String?
    /// Tag `noloadbalance`.
    package var takesNoReads: Bool
    /// Tag `nofailover`, or `failover_priority: 0`.
    package var isNeverPromoted: Bool

    package init(
        name: String,
        role: String,
        state: String,
        address: NodeAddress? = nil,
        apiURL: String? = nil,
        timeline: Int? = nil,
        zone: String? = nil,
        takesNoReads: Bool = false,
        isNeverPromoted: Bool = false
    ) {
        self.name = name
        self.role = role
        self.state = state
        self.address = address
        self.apiURL = apiURL
        self.timeline = timeline
        self.zone = zone
        self.takesNoReads = takesNoReads
        self.isNeverPromoted = isNeverPromoted
    }

    var isLeader: Bool { role == "leader" || role == "standby_leader" || role == "master" }
}
