import ProxyCore

/// Something that a node is told to do, over a connection of its own.
package enum Errand: Sendable, Equatable {
    /// `pg_promote()`, waiting so many seconds.
    case promote(seconds: Int)
    /// Stream from this address.
    case follow(NodeAddress)
    /// Have a physical replication slot of this name.
    case provideSlot(String)
}
