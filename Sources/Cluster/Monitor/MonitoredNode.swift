import ProxyCore

/// A node to be watched, and how to log in to it.
package struct MonitoredNode: Sendable, Equatable {
    /// `Node.index`: its slot.
    package let index: Int
    package let name: String
    package let address: NodeAddress
    package let weight: Int
    package let zone: String
    /// Settings `monitor_user`, `monitor_password` and `monitor_database`. Without a password libpq looks in its own
    /// places (PostgreSQL documentation, 34.16 "The Password File").
    package let user: String
    package let password: String?
    package let database: String
    /// More connection parameters by libpq's names, such as `sslmode` (PostgreSQL documentation, 34.1.2); they win over
    /// the monitor's own.
    package let parameters: [String: String]
    package let promotion: PromotionPolicy

    package init(
        index: Int,
        name: String,
        address: NodeAddress,
        weight: Int,
        zone: String = "",
        user: String,
        password: String?,
        database: String,
        parameters: [String: String] = [:],
        promotion: PromotionPolicy = PromotionPolicy()
    ) {
        self.index = index
        self.name = name
        self.address = address
        self.weight = weight
        self.zone = zone
        self.user = user
        self.password = password
        self.database = database
        self.parameters = parameters
        self.promotion = promotion
    }

    func hasSameLogin(as other: MonitoredNode) -> Bool {
        user == other.user && password == other.password && database == other.database
            && parameters == other.parameters
    }

    /// How `pg_rewind` finds it: a libpq connection string, without a password.
    var conninfo: String {
        switch address {
        case .tcp(let host, let port): "host=\(host) port=\(port) user=\(user) dbname=\(database)"
        case .unix(let directory, let port): "host=\(directory) port=\(port) user=\(user) dbname=\(database)"
        }
    }
}
