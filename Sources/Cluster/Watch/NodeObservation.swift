import ProxyCore

/// What a node said of itself in one check.
package struct NodeObservation: Sendable, Equatable {
    /// From `pg_is_in_recovery()`; never `unknown`.
    package let role: NodeRole
    /// `server_version_num`, for example 150004.
    package let version: Int

    package init(role: NodeRole, version: Int) {
        self.role = role
        self.version = version
    }
}
